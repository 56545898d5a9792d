// Fixture: parsing texts.
#include "strategy_text.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "base/check.hpp"

namespace holdfast::strategy {

Parsed parse_text(const std::string& text, const World& world) {
  Source source{.text = text, .name = "holdfast.yaml", .folder = "/etc/holdfast"};
  if (!world.environment.empty()) source.environment = world.environment;
  source.variable = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = world.variables.find(name);
    if (found == world.variables.end()) return std::nullopt;
    return found->second;
  };
  source.read = [&](const std::string& path) -> base::Result<std::string> {
    const auto found = world.files.find(path);
    if (found == world.files.end()) return base::Error(base::ErrorCode::not_found, path);
    return found->second;
  };
  return parse(source);
}

namespace {

std::string line_of(const Diagnostic& each) {
  auto line = fmt::format("{} {}:{} {}", severity_name(each.severity), each.position.line,
                          each.position.column, each.message);
  if (!each.hint.empty()) line += " | " + each.hint;
  return line;
}

}  // namespace

std::vector<std::string> lines_of(const Parsed& parsed) {
  std::vector<std::string> lines;
  for (const auto& each : parsed.diagnostics.all()) lines.push_back(line_of(each));
  return lines;
}

std::vector<std::string> lines_of(const Parsed& parsed, Severity severity) {
  std::vector<std::string> lines;
  for (const auto& each : parsed.diagnostics.all()) {
    if (each.severity == severity) lines.push_back(line_of(each));
  }
  return lines;
}

std::string text_at(const std::string& path) {
  std::ifstream file(path);
  CHECK(file.good(), path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string small_strategy(const std::string& plan, const std::string& more) {
  return "strategy: small\n"
         "locations:\n"
         "  disk: { url: /backups }\n"
         "components:\n"
         "  home:\n"
         "    files: { paths: [/home] }\n"
         "    plans:\n"
         "      daily: " +
         plan + "\n" + more;
}

}  // namespace holdfast::strategy
