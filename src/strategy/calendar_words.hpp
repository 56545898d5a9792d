// Names of weekdays and months, and ordinals, as people write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::strategy {

// "sun", "Sunday": 0.
[[nodiscard]] std::optional<int> parse_weekday(std::string_view text);
// "jan", "January": 1.
[[nodiscard]] std::optional<int> parse_month(std::string_view text);
// "1st", "2nd", "31st": the number, 1 to 31.
[[nodiscard]] std::optional<int> parse_ordinal(std::string_view text);

[[nodiscard]] std::string_view weekday_name(int weekday) noexcept;
[[nodiscard]] std::string ordinal(int day);

}  // namespace holdfast::strategy
