// The text format: HELP, TYPE, then one line a sample.
#include "exposition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/bytes.hpp"
#include "base/check.hpp"

namespace holdfast::report {

namespace {

const MetricDeclaration& declaration_of(std::string_view name) {
  const auto& all = metric_declarations();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  CHECK(found != all.end(), name);
  return *found;
}

// A line of its own: a backslash or a line feed in it would end it.
std::string escape_help(std::string_view help) {
  std::string text;
  for (const char c : help) {
    if (c == '\\') text += '\\';
    text += c == '\n' ? ' ' : c;
  }
  return text;
}

}  // namespace

std::string escape_label(std::string_view value) {
  std::string text;
  for (std::size_t at = 0; at <= value.size();) {
    const auto end = std::min(value.find('\n', at), value.size());
    for (const char c : base::printable(value.substr(at, end - at))) {
      if (c == '\\' || c == '"') text += '\\';
      text += c;
    }
    if (end < value.size()) text += "\\n";
    at = end + 1;
  }
  return text;
}

void Exposition::put(std::string_view name, const Labels& labels, const std::string& value) {
  const auto& declaration = declaration_of(name);
  CHECK(labels.size() == declaration.labels.size(), name);
  std::string text;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    text += fmt::format("{}{}=\"{}\"", i == 0 ? "" : ",", declaration.labels[i],
                        escape_label(labels[i]));
  }
  samples_[declaration.name].try_emplace(std::move(text), value);
}

void Exposition::count(std::string_view name, const Labels& labels, std::uint64_t value) {
  put(name, labels, std::to_string(value));
}

void Exposition::measure(std::string_view name, const Labels& labels, double value) {
  if (std::isfinite(value)) put(name, labels, fmt::format("{}", value));
}

std::string Exposition::text() const {
  std::string text;
  for (const auto& declaration : metric_declarations()) {
    const auto found = samples_.find(declaration.name);
    if (found == samples_.end()) continue;
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", declaration.name,
                        escape_help(declaration.help), declaration.name,
                        declaration.type == MetricType::counter ? "counter" : "gauge");
    for (const auto& [labels, value] : found->second) {
      text += labels.empty() ? fmt::format("{} {}\n", declaration.name, value)
                             : fmt::format("{}{{{}}} {}\n", declaration.name, labels, value);
    }
  }
  return text;
}

}  // namespace holdfast::report
