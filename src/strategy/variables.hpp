// Variables in scalars: ${NAME}, ${NAME:-default}, ${NAME:+value}, ${NAME:?message}; $$ is a
// dollar.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::strategy {

using VariableLookup = std::function<std::optional<std::string>(const std::string&)>;

// Defaults and values may hold variables themselves. The error never shows a variable's value.
base::Result<std::string> expand(std::string_view text, const VariableLookup& lookup);

// Whether `expand` would do anything.
[[nodiscard]] bool has_variables(std::string_view text) noexcept;

}  // namespace holdfast::strategy
