// Parsing and rendering of sizes and durations.
#include "base/units.hpp"

#include <array>
#include <cstdio>
#include <utility>

namespace holdfast::base {

namespace {

// Reads digits from the front of `text`; nothing if there are none or they overflow.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  std::size_t length = 0;
  while (length < text.size() && text[length] >= '0' && text[length] <= '9') {
    const auto digit = static_cast<std::uint64_t>(text[length] - '0');
    if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
    ++length;
  }
  if (length == 0) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

std::string_view take_word(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && (text[length] < '0' || text[length] > '9')) ++length;
  const auto word = text.substr(0, length);
  text.remove_prefix(length);
  return word;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 14> units{
      {{"", 1},
       {"B", 1},
       {"KB", 1'000},
       {"kB", 1'000},
       {"MB", 1'000'000},
       {"GB", 1'000'000'000},
       {"TB", 1'000'000'000'000},
       {"KiB", KiB},
       {"MiB", MiB},
       {"GiB", GiB},
       {"TiB", 1024 * GiB},
       {"K", KiB},
       {"M", MiB},
       {"G", GiB}}};
  auto rest = text;
  const auto number = take_number(rest);
  if (number) {
    for (const auto& [name, factor] : units) {
      if (rest == name && *number <= UINT64_MAX / factor) return *number * factor;
    }
  }
  return Error(ErrorCode::invalid_argument, "'" + std::string(text) + "' is not a size")
      .with_hint("write a whole number and a unit, like 500GB or 64MiB");
}

std::string format_size(std::uint64_t bytes) {
  static constexpr std::array<const char*, 7> names{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < names.size()) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  const int digits = unit == 0 ? 0 : value < 10 ? 2 : value < 100 ? 1 : 0;
  std::snprintf(text, sizeof text, "%.*f %s", digits, value, names[unit]);
  return text;
}

Result<Duration> parse_duration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> units{
      {{"ms", 1'000'000},
       {"s", nanoseconds_per_second},
       {"m", 60 * nanoseconds_per_second},
       {"h", 3600 * nanoseconds_per_second},
       {"d", 86400 * nanoseconds_per_second},
       {"w", 7 * 86400 * nanoseconds_per_second}}};
  const auto malformed =
      Error(ErrorCode::invalid_argument, "'" + std::string(text) + "' is not a duration")
          .with_hint("write a number and a unit, like 90s, 5m, 1h30m, 7d or 2w");
  auto rest = text;
  std::int64_t total = 0;
  if (rest.empty()) return malformed;
  while (!rest.empty()) {
    const auto number = take_number(rest);
    if (!number) return malformed;
    const auto word = take_word(rest);
    bool known = false;
    for (const auto& [name, factor] : units) {
      if (word != name) continue;
      std::int64_t part = 0;
      if (__builtin_mul_overflow(static_cast<std::int64_t>(*number), factor, &part) ||
          *number > INT64_MAX || __builtin_add_overflow(total, part, &total)) {
        return malformed;
      }
      known = true;
    }
    if (!known) return malformed;
  }
  return Duration{total};
}

std::string format_duration(Duration duration) {
  const double s = duration.seconds();
  char text[48];
  if (s < 1) {
    std::snprintf(text, sizeof text, "%.0f ms", s * 1000);
  } else if (s < 60) {
    std::snprintf(text, sizeof text, "%.2f s", s);
  } else if (s < 3600) {
    const auto whole = static_cast<long>(s);
    std::snprintf(text, sizeof text, "%ldm %02lds", whole / 60, whole % 60);
  } else if (s < 86400) {
    const auto whole = static_cast<long>(s) / 60;
    std::snprintf(text, sizeof text, "%ldh %02ldm", whole / 60, whole % 60);
  } else {
    const auto whole = static_cast<long>(s) / 3600;
    std::snprintf(text, sizeof text, "%ldd %02ldh", whole / 24, whole % 24);
  }
  return text;
}

}  // namespace holdfast::base
