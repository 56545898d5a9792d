// Time zones through Howard Hinnant's date library, which reads the system's data. The only file
// that sees it.
#include "strategy/time_zone.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/check.hpp"

namespace holdfast::strategy {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Time;

namespace {

constexpr std::int64_t seconds_per_day = 86'400;
// Years 1677 to 2262, less a little: what nanoseconds can say.
constexpr std::int64_t seconds_max = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;

const date::time_zone& zone_of(const void* zone) {
  return *static_cast<const date::time_zone*>(zone);
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

std::int64_t seconds_of(Time at) { return floor_div(at.nanoseconds, base::nanoseconds_per_second); }

Time time_of(std::int64_t seconds) {
  return {std::clamp(seconds, -seconds_max, seconds_max) * base::nanoseconds_per_second};
}

date::sys_seconds sys(std::int64_t seconds) {
  return date::sys_seconds(std::chrono::seconds(seconds));
}

}  // namespace

Date date_of(DayNumber day) noexcept {
  const date::year_month_day ymd{date::sys_days{date::days{day}}};
  return {int(ymd.year()), static_cast<int>(unsigned(ymd.month())),
          static_cast<int>(unsigned(ymd.day()))};
}

DayNumber day_number(Date date) noexcept {
  const date::year_month_day ymd{date::year{date.year},
                                 date::month{static_cast<unsigned>(date.month)},
                                 date::day{static_cast<unsigned>(date.day)}};
  return date::sys_days{ymd}.time_since_epoch().count();
}

int weekday_of(DayNumber day) noexcept {
  return static_cast<int>(date::weekday{date::sys_days{date::days{day}}}.c_encoding());
}

int days_in_month(int year, int month) noexcept {
  const auto last = date::year_month_day_last{
      date::year{year}, date::month_day_last{date::month{static_cast<unsigned>(month)}}};
  return static_cast<int>(unsigned(last.day()));
}

Result<TimeZone> TimeZone::find(std::string_view name) {
  // A name is a path below the system's data: nothing that leads out of there.
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '/' || c == '-' || c == '+';
  });
  try {
    if (plain && !name.empty()) return TimeZone(date::locate_zone(std::string(name)));
  } catch (const std::exception&) {  // told below
  }
  return Error(ErrorCode::invalid_argument, fmt::format("there is no time zone '{}'", name))
      .with_hint("names are like Europe/Berlin, America/New_York or UTC; is tzdata installed?");
}

TimeZone TimeZone::utc() {
  auto found = find("UTC");
  if (!found.ok()) found = find("Etc/UTC");
  CHECK(found.ok(), "the system has no time zone data");
  return found.value();
}

const std::string& TimeZone::name() const { return zone_of(zone_).name(); }

Stretch TimeZone::stretch(Time at) const {
  const auto info = zone_of(zone_).get_info(sys(seconds_of(at)));
  return {time_of(info.begin.time_since_epoch().count()),
          time_of(info.end.time_since_epoch().count()), info.offset.count()};
}

LocalTime TimeZone::local(Time at) const {
  const auto seconds = seconds_of(at) + stretch(at).offset_seconds;
  const auto day = floor_div(seconds, seconds_per_day);
  return {day, static_cast<int>(seconds - day * seconds_per_day)};
}

Time TimeZone::instant(LocalTime local) const {
  const auto seconds = local.day * seconds_per_day + local.second_of_day;
  const auto info = zone_of(zone_).get_info(date::local_seconds(std::chrono::seconds(seconds)));
  if (info.result == date::local_info::nonexistent) {
    return time_of(info.second.begin.time_since_epoch().count());
  }
  return time_of(seconds - info.first.offset.count());
}

std::string TimeZone::format(Time at) const {
  const auto when = local(at);
  const auto day = date_of(when.day);
  const auto info = zone_of(zone_).get_info(sys(seconds_of(at)));
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} {}", day.year, day.month, day.day,
                     when.second_of_day / 3600, when.second_of_day / 60 % 60, info.abbrev);
}

}  // namespace holdfast::strategy
