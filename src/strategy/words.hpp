// Suggestions: what somebody probably meant who wrote a word that isn't known here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shape.hpp"

namespace holdfast::strategy {

// The candidate that `word` is probably a slip of; empty if none is near.
[[nodiscard]] std::string closest(std::string_view word,
                                  const std::vector<std::string>& candidates);

// What to do about an unknown key: a slip, a word of another tool, a key of another place.
[[nodiscard]] std::string advice_on_key(std::string_view key, const Record& record);

// "did you mean 'x'?", or "there are: a, b, c", or "there is none".
[[nodiscard]] std::string advice_on_name(std::string_view name,
                                         const std::vector<std::string>& known);

}  // namespace holdfast::strategy
