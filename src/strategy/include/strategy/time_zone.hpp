// TimeZone: from instants to local days and minutes and back, with daylight saving, by the system's
// time zone data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::strategy {

// A calendar day, counted from 1970-01-01, which is day 0.
using DayNumber = std::int64_t;

struct Date {
  int year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;    // 1 to 31
};

[[nodiscard]] Date date_of(DayNumber day) noexcept;
[[nodiscard]] DayNumber day_number(Date date) noexcept;
// 0 is Sunday.
[[nodiscard]] int weekday_of(DayNumber day) noexcept;
[[nodiscard]] int days_in_month(int year, int month) noexcept;

// A local moment, to the second.
struct LocalTime {
  DayNumber day = 0;
  int second_of_day = 0;  // 0 to 86399
  auto operator<=>(const LocalTime&) const = default;
};

// A stretch during which the offset doesn't change: [begin, end).
struct Stretch {
  base::Time begin;
  base::Time end;
  std::int64_t offset_seconds = 0;  // local time minus UTC
};

// Cheap to copy; refers to data that lives as long as the program. Thread-safe.
class TimeZone {
 public:
  // By its name in the tz database ("Europe/Berlin", "UTC").
  static base::Result<TimeZone> find(std::string_view name);
  static TimeZone utc();

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] Stretch stretch(base::Time at) const;
  [[nodiscard]] LocalTime local(base::Time at) const;
  // The instant at which the local time is first reached: of a time that comes twice the first, of
  // one that is skipped the instant of the change.
  [[nodiscard]] base::Time instant(LocalTime local) const;
  // "2026-11-21 03:36 CET".
  [[nodiscard]] std::string format(base::Time at) const;

 private:
  explicit TimeZone(const void* zone) : zone_(zone) {}
  const void* zone_;  // a date::time_zone
};

}  // namespace holdfast::strategy
