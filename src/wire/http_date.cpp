// Both forms become the one that base reads.
#include "http_date.hpp"

#include <array>
#include <string>

namespace holdfast::wire {

std::optional<base::Time> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") {
    return std::nullopt;
  }
  if (text.substr(12, 4) > "2200") return std::nullopt;  // more than our times can hold
  for (std::size_t month = 0; month < months.size(); ++month) {
    if (text.substr(8, 3) != months[month]) continue;
    std::string utc(text.substr(12, 4));
    utc += month < 9 ? "-0" : "-";
    utc += std::to_string(month + 1) + "-";
    utc += std::string(text.substr(5, 2)) + "T" + std::string(text.substr(17, 8)) + "Z";
    const auto time = base::parse_utc(utc);
    if (time.ok()) return time.value();
  }
  return std::nullopt;
}

std::optional<base::Time> parse_iso_date(std::string_view text) {
  if (text.size() < 20 || text.size() > 30 || text.back() != 'Z') return std::nullopt;
  if (text.substr(0, 4) > "2200") return std::nullopt;  // more than our times can hold
  const auto whole = base::parse_utc(std::string(text.substr(0, 19)) + "Z");
  if (!whole.ok()) return std::nullopt;
  if (text.size() == 20) return whole.value();
  if (text[19] != '.') return std::nullopt;
  std::int64_t nanoseconds = 0;
  std::int64_t unit = base::nanoseconds_per_second;
  for (const char c : text.substr(20, text.size() - 21)) {
    if (c < '0' || c > '9') return std::nullopt;
    unit /= 10;
    nanoseconds += unit * (c - '0');
  }
  return whole.value() + base::Duration{nanoseconds};
}

}  // namespace holdfast::wire
