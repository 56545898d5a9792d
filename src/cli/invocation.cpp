// Looking up what was given, and what stands in for it.
#include "invocation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "environment.hpp"

namespace holdfast::cli {

namespace {
const std::vector<std::string> none;
}  // namespace

const Option& Invocation::declared(std::string_view name) const {
  for (const auto* option : all_options(command_)) {
    if (option->name == name) return *option;
  }
  CHECK(false, fmt::format("{} declares no --{}", command_.name, name));
}

const std::vector<std::string>& Invocation::given(std::string_view name) const {
  const auto& option = declared(name);
  const auto found = values_.options.find(option.name);
  return found == values_.options.end() ? none : found->second;
}

std::optional<std::string> Invocation::option(std::string_view name) const {
  const auto& option = declared(name);
  if (const auto& values = given(name); !values.empty()) return values.back();
  if (!option.variable.empty()) {
    if (auto value = environment_variable(option.variable); value && !value->empty()) return value;
  }
  if (!option.fallback.empty()) return option.fallback;
  return std::nullopt;
}

base::Result<std::string> Invocation::required(std::string_view name) const {
  if (auto value = option(name); value && !value->empty()) return *std::move(value);
  const auto& missing = declared(name);
  auto hint = fmt::format("give --{} {}", missing.name, missing.value);
  if (!missing.variable.empty()) hint += fmt::format(", or set {}", missing.variable);
  return base::Error(base::ErrorCode::invalid_argument,
                     fmt::format("{} needs --{}", command_.name, missing.name))
      .with_hint(std::move(hint));
}

const std::vector<std::string>& Invocation::arguments(std::string_view name) const {
  const auto is_it = [&](const Argument& argument) { return argument.name == name; };
  CHECK(std::any_of(command_.arguments.begin(), command_.arguments.end(), is_it),
        fmt::format("{} declares no argument {}", command_.name, name));
  const auto found = values_.arguments.find(name);
  return found == values_.arguments.end() ? none : found->second;
}

const std::string& Invocation::argument(std::string_view name) const {
  const auto& values = arguments(name);
  CHECK(values.size() == 1, fmt::format("argument {} has not exactly one value", name));
  return values.front();
}

}  // namespace holdfast::cli
