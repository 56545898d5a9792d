// Putting the files of a strategy together, choosing the environment, and handing the tree on: to
// the tables of keys, to the builder, to the checks of facts.
#include "strategy/parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "builder.hpp"
#include "facts.hpp"
#include "keys.hpp"
#include "node.hpp"
#include "overlay.hpp"
#include "shape_check.hpp"
#include "variables.hpp"
#include "words.hpp"

namespace holdfast::strategy {

namespace {

constexpr std::size_t files_max = 100;

std::string joined_path(const std::string& folder, const std::string& path) {
  const auto joined = std::filesystem::path(folder) / path;
  return joined.lexically_normal().string();
}

// Reads the file and those that it includes.
class Assembly {
 public:
  Assembly(const Source& source, Diagnostics& diagnostics)
      : source_(source), diagnostics_(diagnostics) {}

  Node assemble() {
    open_.push_back(joined_path(source_.folder, std::filesystem::path(source_.name).filename()));
    seen_.insert(open_.back());
    return file(source_.text, source_.name, source_.folder);
  }

  [[nodiscard]] std::vector<std::string> take_files() { return std::move(files_); }

 private:
  Node file(const std::string& text, const std::string& name, const std::string& folder) {
    files_.push_back(name);
    const auto number = static_cast<std::uint32_t>(files_.size() - 1);
    auto node = parse_yaml(text, number, diagnostics_);
    if (node.is_null()) return node;
    if (!node.is_map()) {
      diagnostics_.error(node.position, "a strategy is a map of keys",
                         "begin with a line like strategy: shop");
      return {};
    }
    const auto* includes = node.find("include");
    if (includes == nullptr) return node;
    const auto wanted = *includes;
    node.erase("include");
    for (const auto& each : wanted.is_list() ? wanted.items : std::vector<Node>{wanted}) {
      if (each.is_scalar()) {
        included(each, folder, node);
      } else {
        diagnostics_.error(each.position, "include names a file, or a list of files");
      }
    }
    return node;
  }

  void included(const Node& name, const std::string& folder, Node& into) {
    const auto path = joined_path(folder, name.text);
    if (std::find(open_.begin(), open_.end(), path) != open_.end()) {
      diagnostics_.error(
          name.position, "a file includes itself",
          fmt::format("remove this include; the way to it is {}", fmt::join(open_, " -> ")),
          name.text);
      return;
    }
    if (!seen_.insert(path).second) return;
    if (files_.size() >= files_max) {
      diagnostics_.error(name.position, fmt::format("more than {} files", files_max));
      return;
    }
    if (!source_.read) {
      diagnostics_.error(name.position, "files can't be included here", {}, name.text);
      return;
    }
    const auto text = source_.read(path);
    if (!text.ok()) {
      diagnostics_.error(name.position, fmt::format("can't include: {}", text.error().to_string()),
                         text.error().hint(), name.text);
      return;
    }
    open_.push_back(path);
    auto other = file(text.value(), path, std::filesystem::path(path).parent_path().string());
    open_.pop_back();
    unite(into, std::move(other), files_, diagnostics_);
  }

  const Source& source_;
  Diagnostics& diagnostics_;
  std::vector<std::string> files_;
  std::vector<std::string> open_;
  std::set<std::string> seen_;
};

// The environment's name, and the names of those that the file knows.
struct Choice {
  std::string environment = "production";
  std::vector<std::string> known;
};

Choice choose_environment(const Node& root, const Source& source, const VariableLookup& lookup,
                          Diagnostics& diagnostics) {
  Choice choice;
  if (const auto* all = root.find("environments")) {
    for (const auto& member : all->members) choice.known.push_back(member.key);
  }
  const auto* declared = root.find("environment");
  const bool says = declared != nullptr && declared->is_scalar();
  if (says) {
    // A fault in its variables is told when the whole tree is checked.
    const auto expanded = expand(declared->text, lookup);
    if (expanded.ok()) choice.environment = expanded.value();
  }
  if (!source.environment) return choice;
  auto names = choice.known;
  names.push_back(choice.environment);
  if (std::find(names.begin(), names.end(), *source.environment) == names.end()) {
    diagnostics.error(says ? declared->position : root.position,
                      fmt::format("there is no environment '{}'", *source.environment),
                      advice_on_name(*source.environment, names), *source.environment);
  }
  choice.environment = *source.environment;
  return choice;
}

// Takes `environments` out of the tree, checks them, and lays the chosen one over the rest.
void apply_environment(Node& root, const Choice& choice, const VariableLookup& lookup,
                       Diagnostics& diagnostics) {
  auto* all = root.find("environments");
  if (all == nullptr) return;
  auto environments = *all;
  root.erase("environments");
  check_shape(environments, strategy_record().find("environments")->shape, Completeness::part,
              lookup, diagnostics);
  if (const auto* chosen = environments.find(choice.environment)) {
    lay_over(root, *chosen, record_of(strategy_record));
  }
}

}  // namespace

Parsed parse(const Source& source) {
  Parsed parsed;
  auto& diagnostics = parsed.diagnostics;
  Assembly assembly(source, diagnostics);
  auto root = assembly.assemble();
  parsed.strategy.files = assembly.take_files();
  parsed.strategy.folder = source.folder;
  if (!root.is_map()) {
    if (!diagnostics.has_errors()) {
      diagnostics.error({0, 1, 1}, "the file is empty", "begin with a line like strategy: shop");
    }
    diagnostics.settle();
    return parsed;
  }
  std::string environment;
  const VariableLookup lookup = [&](const std::string& name) -> std::optional<std::string> {
    if (name == "HOLDFAST_ENVIRONMENT") return environment;
    return source.variable ? source.variable(name) : std::nullopt;
  };
  auto choice = choose_environment(root, source, lookup, diagnostics);
  environment = choice.environment;
  apply_environment(root, choice, lookup, diagnostics);
  check_shape(root, record_of(strategy_record), Completeness::whole, lookup, diagnostics);
  parsed.strategy.environment = choice.environment;
  parsed.strategy.environments = std::move(choice.known);
  build(root, parsed.strategy, diagnostics);
  check_facts(parsed.strategy, diagnostics);
  diagnostics.settle();
  return parsed;
}

}  // namespace holdfast::strategy
