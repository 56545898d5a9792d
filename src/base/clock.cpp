// The operating system's clocks, and UTC text.
#include "base/clock.hpp"

#include <time.h>

#include <chrono>
#include <cstdio>

namespace holdfast::base {

namespace {

std::int64_t read_clock(clockid_t id) {
  timespec t{};
  ::clock_gettime(id, &t);
  return t.tv_sec * nanoseconds_per_second + t.tv_nsec;
}

}  // namespace

Time SystemClock::now() const { return {read_clock(CLOCK_REALTIME)}; }
Duration SystemClock::monotonic() const { return {read_clock(CLOCK_MONOTONIC)}; }

std::string format_utc(Time t, TimePrecision precision) {
  std::int64_t whole = t.nanoseconds / nanoseconds_per_second;
  std::int64_t rest = t.nanoseconds % nanoseconds_per_second;
  if (rest < 0) {
    rest += nanoseconds_per_second;
    --whole;
  }
  const time_t when = whole;
  tm parts{};
  ::gmtime_r(&when, &parts);
  char text[64];
  if (precision == TimePrecision::nanoseconds && rest != 0) {
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                  static_cast<long>(rest));
  } else {
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  }
  return text;
}

Result<Time> parse_utc(std::string_view text) {
  const Error malformed(ErrorCode::invalid_argument,
                        "'" + std::string(text) + "' is not a time like 2026-01-31T12:00:00Z");
  if (text.size() < 20 || text.back() != 'Z') return malformed;
  const auto number = [&](std::size_t at, std::size_t length) -> int {
    int value = 0;
    for (std::size_t i = at; i < at + length; ++i) {
      if (text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    return malformed;
  }
  tm parts{};
  parts.tm_year = number(0, 4) - 1900;
  parts.tm_mon = number(5, 2) - 1;
  parts.tm_mday = number(8, 2);
  parts.tm_hour = number(11, 2);
  parts.tm_min = number(14, 2);
  parts.tm_sec = number(17, 2);
  const std::chrono::year_month_day day(std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2))));
  if (parts.tm_year < 0 || !day.ok() || parts.tm_hour < 0 || parts.tm_hour > 23 ||
      parts.tm_min < 0 || parts.tm_min > 59 || parts.tm_sec < 0 || parts.tm_sec > 60) {
    return malformed;
  }
  constexpr int last_year = 2261;  // nanoseconds in 64 bits end in 2262
  if (parts.tm_year > last_year - 1900) {
    return Error(ErrorCode::invalid_argument, "'" + std::string(text) + "' is too far ahead")
        .with_hint("times go to the year 2261");
  }
  std::int64_t fraction = 0;
  if (text.size() > 20) {
    const std::size_t digits = text.size() - 21;
    if (text[19] != '.' || digits < 1 || digits > 9) return malformed;
    fraction = number(20, digits);
    if (fraction < 0) return malformed;
    for (std::size_t i = digits; i < 9; ++i) fraction *= 10;
  }
  return Time{static_cast<std::int64_t>(::timegm(&parts)) * nanoseconds_per_second + fraction};
}

}  // namespace holdfast::base
