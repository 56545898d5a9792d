// Expansion of variables.
#include "variables.hpp"

#include <fmt/format.h>

#include "base/bytes.hpp"

namespace holdfast::strategy {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr int depth_max = 8;
constexpr std::size_t result_size_max = 65'536;

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const char c : text) {
    const bool fits =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!fits) return false;
  }
  return true;
}

// The place of the } that ends what begins before `text`; npos if there is none.
std::size_t closing(std::string_view text) {
  int depth = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '}' && --depth == 0) return i;
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') ++depth;
  }
  return std::string_view::npos;
}

Result<std::string> expand_at(std::string_view text, const VariableLookup& lookup, int depth);

Result<std::string> value_of(std::string_view inside, const VariableLookup& lookup, int depth) {
  const auto colon = inside.find(':');
  const auto name = inside.substr(0, colon);
  if (!is_name(name)) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("'${{{}}}' names no variable", base::printable(inside)))
        .with_hint("write ${NAME}, ${NAME:-default} or ${NAME:+value}; $$ is a dollar");
  }
  const auto value = lookup(std::string(name));
  if (colon == std::string_view::npos) {
    if (value) return *value;
    return Error(ErrorCode::invalid_argument, fmt::format("the variable {} is not set", name))
        .with_hint(fmt::format("set it, or write ${{{}:-default}}", name));
  }
  const auto way = inside.substr(colon, 2);
  const auto rest = inside.size() > colon + 1 ? inside.substr(colon + 2) : std::string_view();
  const bool filled = value.has_value() && !value->empty();
  if (way == ":-") return filled ? Result<std::string>(*value) : expand_at(rest, lookup, depth + 1);
  if (way == ":+") return filled ? expand_at(rest, lookup, depth + 1) : std::string();
  if (way == ":?" && filled) return *value;
  if (way == ":?") {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("the variable {} is not set: {}", name, base::printable(rest)))
        .with_hint("set it");
  }
  return Error(ErrorCode::invalid_argument,
               fmt::format("after the name of {} stands neither :- nor :+", name))
      .with_hint("write ${NAME:-default} or ${NAME:+value}");
}

Result<std::string> expand_at(std::string_view text, const VariableLookup& lookup, int depth) {
  if (depth > depth_max) {
    return Error(ErrorCode::invalid_argument, "variables are nested too deeply");
  }
  std::string result;
  while (!text.empty()) {
    const auto dollar = text.find('$');
    result += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      result += '$';
      text.remove_prefix(1);
    } else if (text.starts_with('{')) {
      text.remove_prefix(1);
      const auto end = closing(text);
      if (end == std::string_view::npos) {
        return Error(ErrorCode::invalid_argument, "a ${ without its }")
            .with_hint("write ${NAME}; $$ is a dollar");
      }
      result += TRY(value_of(text.substr(0, end), lookup, depth));
      text.remove_prefix(end + 1);
    } else {
      result += '$';
    }
    if (result.size() > result_size_max) {
      return Error(ErrorCode::invalid_argument, "too long once its variables are filled in");
    }
  }
  return result;
}

}  // namespace

bool has_variables(std::string_view text) noexcept {
  return text.find("${") != std::string_view::npos || text.find("$$") != std::string_view::npos;
}

Result<std::string> expand(std::string_view text, const VariableLookup& lookup) {
  return expand_at(text, lookup, 0);
}

}  // namespace holdfast::strategy
