// CLI11 takes the arguments apart; what they mean is decided here. First the command's words are
// found, then the rest is parsed flat against that command's options, so that no value can be
// mistaken for another command. Values are raw bytes and stay as they are.
#include "parser.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "declarations.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

Error usage(std::string message, std::string hint) {
  return Error(ErrorCode::invalid_argument, std::move(message)).with_hint(std::move(hint));
}

// Edits that turn one word into the other (Levenshtein, two rows).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) before[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> now(b.size() + 1);
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] =
          std::min({before[j] + 1, now[j - 1] + 1, before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
    }
    before = std::move(now);
  }
  return before[b.size()];
}

struct Split {
  std::vector<std::string> words;  // of the command: at most two
  std::vector<std::string> rest;
};

bool is_family(std::string_view word) {
  const auto& families = command_families();
  return std::any_of(families.begin(), families.end(),
                     [&](const auto& each) { return each.name == word; });
}

// The command's words are the first that are no options; only flags of the program may stand before
// them.
Split split(const std::vector<std::string>& arguments) {
  Split found;
  std::size_t wanted = 1;
  for (const auto& argument : arguments) {
    if (found.words.size() < wanted && !argument.starts_with('-')) {
      found.words.push_back(argument);
      if (found.words.size() == 1 && is_family(argument)) wanted = 2;
    } else {
      if (argument == "--") wanted = 0;
      found.rest.push_back(argument);
    }
  }
  return found;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const auto* command : commands()) {
    if (command->visibility == Visibility::shown) names.push_back(command->name);
  }
  for (const auto& family : command_families()) names.push_back(family.name);
  return names;
}

Error unknown_command(const Split& split) {
  const auto& first = split.words.front();
  if (is_family(first)) {
    std::string known;
    for (const auto* command : commands()) {
      if (command->name.starts_with(first + " ")) {
        known += (known.empty() ? "" : ", ") + command->name.substr(first.size() + 1);
      }
    }
    const auto hint = fmt::format("{} has these: {}", first, known);
    if (split.words.size() == 1) return usage(fmt::format("{} needs a second word", first), hint);
    return usage(fmt::format("unknown command '{} {}'", first, split.words[1]), hint);
  }
  const auto near = closest(first, command_names());
  return usage(fmt::format("unknown command '{}'", first),
               near.empty() ? "holdfast --help lists the commands"
                            : fmt::format("did you mean '{}'?", near));
}

Error unknown_option(const Command& command, std::string_view given) {
  const auto name = given.substr(0, given.find('='));
  std::vector<std::string> names;
  for (const auto* option : all_options(command)) {
    names.push_back("--" + option->name);
    if (!option->synonym.empty()) names.push_back("--" + option->synonym);
  }
  const auto near = closest(name, names);
  return usage(fmt::format("{} has no option {}", command.name, name),
               near.empty() ? fmt::format("holdfast {} --help lists the options", command.name)
                            : fmt::format("did you mean {}?", near));
}

Result<void> check_option(const Command& command, const Option& option,
                          const std::vector<std::string>& values) {
  if (option.is_flag()) {
    // CLI11 takes --flag=false for an answer; nobody who reads the command line would.
    const bool plain = std::all_of(values.begin(), values.end(),
                                   [](const auto& value) { return value == "true"; });
    if (plain) return {};
    return usage(fmt::format("--{} takes no value", option.name),
                 fmt::format("write --{}, or leave it out", option.name));
  }
  if (values.size() > 1 && option.repeat == Repeat::no) {
    return usage(
        fmt::format("--{} is given more than once", option.name),
        fmt::format("holdfast {} --help says which options may be repeated", command.name));
  }
  for (const auto& value : values) {
    const auto& choices = option.choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
      return usage(fmt::format("--{}: '{}' is none of the choices", option.name, value),
                   fmt::format("choose one of {}", fmt::join(choices, ", ")));
    }
  }
  return {};
}

// Deals the positional words out to the declared arguments, in order.
Result<void> deal(const Command& command, const std::vector<std::string>& words, Values& values) {
  std::size_t at = 0;
  for (const auto& argument : command.arguments) {
    auto& mine = values.arguments[argument.name];
    const bool many = argument.count == Count::at_least_one || argument.count == Count::any;
    while (at < words.size() && (many || mine.empty())) mine.push_back(words[at++]);
    if (mine.empty() && (argument.count == Count::one || argument.count == Count::at_least_one)) {
      return usage(fmt::format("{} needs {}", command.name, argument.name),
                   fmt::format("holdfast {} --help shows an example", command.name));
    }
    for (const auto& value : mine) {
      const auto& choices = argument.choices;
      if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
        return usage(fmt::format("{}: '{}' is none of the choices", argument.name, value),
                     fmt::format("choose one of {}", fmt::join(choices, ", ")));
      }
    }
  }
  if (at < words.size()) {
    return usage(fmt::format("{} does not expect '{}'", command.name, words[at]),
                 fmt::format("holdfast {} --help shows what it takes", command.name));
  }
  return {};
}

// What CLI11 makes of the arguments after the command's words.
Result<Values> parse_values(const Command& command, const std::vector<std::string>& rest) {
  Values values;
  try {
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    std::vector<std::pair<const Option*, CLI::Option*>> declared;
    for (const auto* option : all_options(command)) {
      auto names = "--" + option->name;
      if (!option->synonym.empty()) names += ",--" + option->synonym;
      if (option->name == "help") names += ",-h";
      auto* added = option->is_flag()
                        ? app.add_flag(names)
                        : app.add_option(names)->expected(1)->allow_extra_args(false)->take_all();
      declared.emplace_back(option, added);
    }
    const auto end = std::find(rest.begin(), rest.end(), "--");
    const std::vector<std::string> after(end == rest.end() ? end : end + 1, rest.end());
    // CLI11 wants them from the last to the first.
    app.parse(std::vector<std::string>(std::make_reverse_iterator(end), rest.rend()));
    // What is no option of the command: its arguments, or slips.
    auto words = app.remaining();
    for (const auto& word : words) {
      if (word.starts_with('-') && word != "-") return unknown_option(command, word);
    }
    words.insert(words.end(), after.begin(), after.end());
    for (const auto& [option, parsed] : declared) {
      if (parsed->count() == 0) continue;
      auto given = parsed->results();
      TRY(check_option(command, *option, given));
      values.options.emplace(option->name, std::move(given));
    }
    const bool only_help = values.options.contains("help") || values.options.contains("version");
    if (!only_help) TRY(deal(command, words, values));
  } catch (const CLI::ParseError& error) {
    return usage(error.what(), fmt::format("holdfast {} --help shows what it takes", command.name));
  }
  return values;
}

// Arguments without a command: only help and version make sense.
Result<Parsed> without_command(const Split& split) {
  const auto has = [&](std::string_view name) {
    return std::find(split.rest.begin(), split.rest.end(), name) != split.rest.end();
  };
  if (has("--version")) return Parsed{.request = Parsed::Request::version};
  const bool help = has("--help") || has("-h");
  if (split.words.empty() && help) return Parsed{.request = Parsed::Request::help};
  if (split.words.size() == 1 && is_family(split.words[0]) && help) {
    return Parsed{.request = Parsed::Request::help, .topic = split.words[0]};
  }
  if (split.words.empty())
    return usage("a command is needed", "holdfast --help lists the commands");
  return unknown_command(split);
}

}  // namespace

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = 3;
  for (const auto& candidate : candidates) {
    const auto edits = distance(word, candidate);
    if (edits < least && edits < candidate.size() / 2 + 1) {
      least = edits;
      best = candidate;
    }
  }
  return best;
}

bool asks_for_json(const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  return std::find(arguments.begin(), end, "--json") != end;
}

Result<Parsed> parse(const std::vector<std::string>& arguments) {
  const auto found = split(arguments);
  const auto topic = fmt::format("{}", fmt::join(found.words, " "));
  const auto* command = find_command(topic);
  if (command == nullptr) return without_command(found);
  Parsed parsed{.command = command, .topic = topic};
  parsed.values = TRY(parse_values(*command, found.rest));
  if (parsed.values.options.contains("help")) parsed.request = Parsed::Request::help;
  if (parsed.values.options.contains("version")) parsed.request = Parsed::Request::version;
  return parsed;
}

}  // namespace holdfast::cli
