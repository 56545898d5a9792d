// When: at which moments a plan, a verification or a drill is due, as the strategy says it. What
// follows from it (the next instant) is in schedule.hpp.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::strategy {

// One entry of `at`: a time of day on some days. Days are those of the strategy's time zone.
struct AtTime {
  int minute_of_day = 0;       // 0 to 1439
  std::bitset<7> weekdays;     // 0 is Sunday; none set: any
  std::bitset<32> month_days;  // 1 to 31; none set: any
  bool last_of_month = false;  // "last 23:00"
  bool operator==(const AtTime&) const = default;
};

// The five fields of cron. Day of month and day of week are joined by "or" when both are limited,
// as cron does.
struct Cron {
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> month_days;  // 1 to 31
  std::bitset<13> months;      // 1 to 12
  std::bitset<7> weekdays;     // 0 is Sunday
  bool any_month_day = false;  // the field began with *
  bool any_weekday = false;
  bool operator==(const Cron&) const = default;
};

enum class WhenKind {
  every,
  at,
  cron,
  change,      // when files change
  commit,      // when something is committed
  continuous,  // always
  manual,      // when asked
  event,       // when `holdfast event NAME` says so
  each,        // after each snapshot (verification)
};

struct When {
  WhenKind kind = WhenKind::manual;
  base::Duration interval;  // of every; positive
  std::vector<AtTime> at;
  Cron cron;
  std::string event;
  std::string written;  // as it stands in the strategy

  // Whether the clock alone decides.
  [[nodiscard]] bool is_timed() const noexcept {
    return kind == WhenKind::every || kind == WhenKind::at || kind == WhenKind::cron;
  }
};

// "02:00", "Sun 05:00", "Mon-Fri 22:00", "1st 06:00", "1st,15th 06:00", "last 23:00".
base::Result<AtTime> parse_at(std::string_view text);

// "0 2 * * *", with names of months and days, steps, and @hourly, @daily, @weekly, @monthly,
// @yearly.
base::Result<Cron> parse_cron(std::string_view text);

// "change", "commit", "continuous", "manual", "event NAME".
base::Result<When> parse_when(std::string_view text);

// A part of the week in which nothing starts: "08:00-18:00", "Mon-Fri 08:00-18:00",
// "Sat,Sun 22:00-04:00" (over midnight, it belongs to the day on which it begins).
struct Window {
  std::bitset<7> weekdays;  // none set: any
  int from_minute = 0;
  int to_minute = 0;  // of the same day, or of the next if not after from_minute
  bool operator==(const Window&) const = default;
};

base::Result<Window> parse_window(std::string_view text);

// In words: "every 5 minutes", "at 02:00 on Sunday", "when files change".
[[nodiscard]] std::string describe(const When& when);
// "5 minutes", "1 hour 30 minutes".
[[nodiscard]] std::string describe(base::Duration duration);

}  // namespace holdfast::strategy
