// Time as an interface, so that a simulation can be a year in a minute. Wall time is for records
// and comparisons between machines; monotonic time is for durations. Production uses SystemClock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::base {

// A point on the wall clock: nanoseconds since 1970-01-01T00:00:00Z, leap seconds ignored.
struct Time {
  std::int64_t nanoseconds = 0;
  auto operator<=>(const Time&) const = default;
};

// A span of time in nanoseconds; may be negative.
struct Duration {
  std::int64_t nanoseconds = 0;
  auto operator<=>(const Duration&) const = default;
  [[nodiscard]] double seconds() const noexcept { return static_cast<double>(nanoseconds) / 1e9; }
};

constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;
[[nodiscard]] constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000'000}; }
[[nodiscard]] constexpr Duration seconds(std::int64_t n) { return {n * nanoseconds_per_second}; }
[[nodiscard]] constexpr Duration minutes(std::int64_t n) { return seconds(60 * n); }
[[nodiscard]] constexpr Duration hours(std::int64_t n) { return minutes(60 * n); }
[[nodiscard]] constexpr Duration days(std::int64_t n) { return hours(24 * n); }
[[nodiscard]] constexpr Time operator+(Time t, Duration d) {
  return {t.nanoseconds + d.nanoseconds};
}
[[nodiscard]] constexpr Time operator-(Time t, Duration d) {
  return {t.nanoseconds - d.nanoseconds};
}
[[nodiscard]] constexpr Duration operator-(Time a, Time b) {
  return {a.nanoseconds - b.nanoseconds};
}
[[nodiscard]] constexpr Duration operator+(Duration a, Duration b) {
  return {a.nanoseconds + b.nanoseconds};
}
[[nodiscard]] constexpr Duration operator-(Duration a, Duration b) {
  return {a.nanoseconds - b.nanoseconds};
}

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;  // wall clock; may jump
  [[nodiscard]] virtual Duration monotonic()
      const = 0;  // since an arbitrary start; never goes back
};

// The operating system's clocks. Stateless and thread-safe.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override;
  [[nodiscard]] Duration monotonic() const override;
};

// "2026-11-21T03:36:00Z"; with sub-second digits where `t` has any and `precision` asks for them.
enum class TimePrecision { seconds, nanoseconds };
[[nodiscard]] std::string format_utc(Time t, TimePrecision precision = TimePrecision::seconds);
// Reads what format_utc writes.
[[nodiscard]] Result<Time> parse_utc(std::string_view text);

}  // namespace holdfast::base
