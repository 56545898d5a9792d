// Weekdays, months and ordinals.
#include "calendar_words.hpp"

#include <fmt/format.h>

#include <array>

#include "values.hpp"

namespace holdfast::strategy {

namespace {

constexpr std::array<std::string_view, 7> weekdays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};

template <std::size_t N>
std::optional<int> index_of(const std::array<std::string_view, N>& names, std::string_view text) {
  if (text.size() < 3) return std::nullopt;
  const auto written = lower(text);
  for (std::size_t i = 0; i < N; ++i) {
    const auto name = lower(names[i]);
    if (written == name || written == name.substr(0, 3)) return static_cast<int>(i);
  }
  return std::nullopt;
}

std::string_view suffix(int day) {
  if (day >= 11 && day <= 13) return "th";
  switch (day % 10) {
    case 1: return "st";
    case 2: return "nd";
    case 3: return "rd";
    default: return "th";
  }
}

}  // namespace

std::optional<int> parse_weekday(std::string_view text) { return index_of(weekdays, text); }

std::optional<int> parse_month(std::string_view text) {
  const auto index = index_of(months, text);
  if (!index) return std::nullopt;
  return *index + 1;
}

std::optional<int> parse_ordinal(std::string_view text) {
  for (int day = 1; day <= 31; ++day) {
    if (lower(text) == ordinal(day)) return day;
  }
  return std::nullopt;
}

std::string_view weekday_name(int weekday) noexcept {
  return weekdays[static_cast<std::size_t>(weekday) % weekdays.size()];
}

std::string ordinal(int day) { return fmt::format("{}{}", day, suffix(day)); }

}  // namespace holdfast::strategy
