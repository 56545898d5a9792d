// From bits to fields. An interval that divides the day is a set of times of day; one that doesn't
// starts at another time each day, which no calendar expression says.
#include "render_calendar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "calendar_words.hpp"

namespace holdfast::strategy {

namespace {

constexpr std::int64_t second = base::nanoseconds_per_second;
constexpr std::int64_t day_seconds = 86'400;

// The values of a field that are meant, as a list of numbers and ranges.
std::string list_of(const std::vector<int>& values, std::string_view number = "{}",
                    std::string_view range = "-") {
  std::string text;
  for (std::size_t i = 0; i < values.size();) {
    std::size_t end = i;
    while (end + 1 < values.size() && values[end + 1] == values[end] + 1) ++end;
    if (!text.empty()) text += ',';
    text += fmt::format(fmt::runtime(number), values[i]);
    if (end > i + 1) {
      text += range;
      text += fmt::format(fmt::runtime(number), values[end]);
    } else if (end == i + 1) {
      text += ',' + fmt::format(fmt::runtime(number), values[end]);
    }
    i = end + 1;
  }
  return text;
}

template <std::size_t N>
std::vector<int> values_of(const std::bitset<N>& bits, int low, int high) {
  std::vector<int> values;
  for (int value = low; value <= high; ++value) {
    if (bits.test(static_cast<std::size_t>(value))) values.push_back(value);
  }
  return values;
}

// The step of a field that means every so many from `low` on; 1: all.
std::optional<int> step_of(const std::vector<int>& values, int low, int high) {
  if (values.empty() || values[0] != low) return std::nullopt;
  const int step = values.size() > 1 ? values[1] - values[0] : high - low + 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != low + static_cast<int>(i) * step) return std::nullopt;
  }
  if (values.back() + step <= high) return std::nullopt;
  return step;
}

enum class Stars { allowed, only_all };

std::string cron_field(const std::vector<int>& values, int low, int high, Stars stars) {
  const auto step = step_of(values, low, high);
  if (step && *step == 1) return "*";
  if (step && stars == Stars::allowed && values.size() > 1) return fmt::format("*/{}", *step);
  return list_of(values);
}

CalendarText cron_of_times(const std::vector<AtTime>& times) {
  CalendarText made;
  for (const auto& time : times) {
    const auto clock = fmt::format("{} {}", time.minute_of_day % 60, time.minute_of_day / 60);
    if (time.weekdays.any()) {
      made.expressions.push_back(
          fmt::format("{} * * {}", clock, list_of(values_of(time.weekdays, 0, 6))));
    } else if (time.month_days.any()) {
      made.expressions.push_back(
          fmt::format("{} {} * *", clock, list_of(values_of(time.month_days, 1, 31))));
    } else if (!time.last_of_month) {
      made.expressions.push_back(clock + " * * *");
    }
    if (time.last_of_month) {
      made.unsaid.push_back(fmt::format("{:02}:{:02} on the last day of the month",
                                        time.minute_of_day / 60, time.minute_of_day % 60));
    }
  }
  return made;
}

// Two fields without a star widen each other: one that names all its days is as good as no limit.
bool is_every_day(const Cron& cron) {
  const bool all_days = values_of(cron.month_days, 1, 31).size() == 31;
  if (cron.any_month_day || cron.any_weekday) return all_days && cron.weekdays.all();
  return all_days || cron.weekdays.all();
}

CalendarText cron_of_cron(const Cron& cron, CronDialect dialect) {
  auto days = values_of(cron.month_days, 1, 31);
  auto weekdays = values_of(cron.weekdays, 0, 6);
  if (is_every_day(cron)) {
    days = values_of(std::bitset<32>().set(), 1, 31);
    weekdays = values_of(std::bitset<7>().set(), 0, 6);
  }
  const bool both = days.size() < 31 && weekdays.size() < 7;
  // Two limits that must both hold: one of them has to begin with a star.
  const bool joined_by_and = both && (cron.any_month_day || cron.any_weekday);
  CalendarText made;
  if (joined_by_and && dialect == CronDialect::kubernetes) {
    made.unsaid.emplace_back("days of the month and of the week that must both fit");
    return made;
  }
  const auto day_field =
      cron_field(days, 1, 31, cron.any_month_day ? Stars::allowed : Stars::only_all);
  const auto weekday_field =
      cron_field(weekdays, 0, 6, cron.any_weekday ? Stars::allowed : Stars::only_all);
  if (joined_by_and && !day_field.starts_with('*') && !weekday_field.starts_with('*')) {
    made.unsaid.emplace_back("days of the month and of the week that must both fit");
    return made;
  }
  made.expressions.push_back(fmt::format(
      "{} {} {} {} {}", cron_field(values_of(cron.minutes, 0, 59), 0, 59, Stars::allowed),
      cron_field(values_of(cron.hours, 0, 23), 0, 23, Stars::allowed), day_field,
      cron_field(values_of(cron.months, 1, 12), 1, 12, Stars::allowed), weekday_field));
  return made;
}

// The times of day of an interval that divides the day: by second and minute of the hour, the
// hours.
using TimesOfDay = std::map<std::pair<int, int>, std::vector<int>>;

std::optional<TimesOfDay> times_of_day(std::int64_t interval_seconds) {
  if (interval_seconds <= 0 || day_seconds % interval_seconds != 0) return std::nullopt;
  if (interval_seconds < 60 && 60 % interval_seconds != 0) return std::nullopt;
  TimesOfDay times;
  for (std::int64_t at = 0; at < day_seconds; at += std::max<std::int64_t>(interval_seconds, 60)) {
    const auto minute_second = std::pair(static_cast<int>(at % 60), static_cast<int>(at / 60 % 60));
    times[minute_second].push_back(static_cast<int>(at / 3600));
  }
  return times;
}

// Those of whole minutes, with minutes that have the same hours in one.
std::map<std::vector<int>, std::vector<int>> minutes_by_hours(const TimesOfDay& times) {
  std::map<std::vector<int>, std::vector<int>> minutes;
  for (const auto& [at, hours] : times) minutes[hours].push_back(at.second);
  return minutes;
}

CalendarText cron_of_interval(const When& when) {
  const auto seconds = when.interval.nanoseconds / second;
  const auto unsaid = [&] { return CalendarText{{}, {describe(when)}}; };
  if (when.interval.nanoseconds % second != 0) return unsaid();
  if (seconds == day_seconds) return {{"0 0 * * *"}, {}};
  if (seconds == 7 * day_seconds) return {{"0 0 * * 1"}, {}};
  const auto times = seconds % 60 == 0 ? times_of_day(seconds) : std::nullopt;
  if (!times) return unsaid();
  CalendarText made;
  for (const auto& [hours, minutes] : minutes_by_hours(*times)) {
    made.expressions.push_back(fmt::format("{} {} * * *",
                                           cron_field(minutes, 0, 59, Stars::allowed),
                                           cron_field(hours, 0, 23, Stars::allowed)));
  }
  return made;
}

std::string systemd_weekdays(const std::bitset<7>& days) {
  constexpr std::array<int, 7> order{1, 2, 3, 4, 5, 6, 0};  // systemd's week begins on Monday
  std::string text;
  for (const int day : order) {
    if (!days.test(static_cast<std::size_t>(day))) continue;
    text += (text.empty() ? "" : ",") + std::string(weekday_name(day).substr(0, 3));
  }
  return text;
}

std::string systemd_field(const std::vector<int>& values, int low, int high) {
  const auto step = step_of(values, low, high);
  return step && *step == 1 ? "*" : list_of(values, "{:02}", "..");
}

CalendarText systemd_of_times(const std::vector<AtTime>& times) {
  CalendarText made;
  for (const auto& time : times) {
    const auto clock =
        fmt::format("{:02}:{:02}:00", time.minute_of_day / 60, time.minute_of_day % 60);
    if (time.weekdays.any()) {
      made.expressions.push_back(
          fmt::format("{} *-*-* {}", systemd_weekdays(time.weekdays), clock));
    } else if (time.month_days.any()) {
      made.expressions.push_back(fmt::format(
          "*-*-{} {}", list_of(values_of(time.month_days, 1, 31), "{:02}", ".."), clock));
    } else if (!time.last_of_month) {
      made.expressions.push_back("*-*-* " + clock);
    }
    if (time.last_of_month) made.expressions.push_back("*-*~01 " + clock);
  }
  return made;
}

CalendarText systemd_of_cron(const Cron& cron) {
  const auto days = values_of(cron.month_days, 1, 31);
  const auto months = systemd_field(values_of(cron.months, 1, 12), 1, 12);
  const auto clock = fmt::format("{}:{}:00", systemd_field(values_of(cron.hours, 0, 23), 0, 23),
                                 systemd_field(values_of(cron.minutes, 0, 59), 0, 59));
  const auto by_date = fmt::format("*-{}-{} {}", months, systemd_field(days, 1, 31), clock);
  if (is_every_day(cron)) return {{fmt::format("*-{}-* {}", months, clock)}, {}};
  if (cron.weekdays.all()) return {{by_date}, {}};
  const auto weekdays = systemd_weekdays(cron.weekdays);
  if (cron.any_month_day || cron.any_weekday) return {{weekdays + " " + by_date}, {}};
  // Two limits widen each other.
  const auto by_weekday = fmt::format("{} *-{}-* {}", weekdays, months, clock);
  return {{by_date, by_weekday}, {}};
}

CalendarText systemd_of_interval(const When& when) {
  const auto seconds = when.interval.nanoseconds / second;
  if (seconds == day_seconds) return {{"*-*-* 00:00:00"}, {}};
  if (seconds == 7 * day_seconds) return {{"Mon *-*-* 00:00:00"}, {}};
  const bool whole = when.interval.nanoseconds % second == 0;
  const auto times = whole ? times_of_day(seconds) : std::nullopt;
  if (!times) return {{}, {describe(when)}};
  CalendarText made;
  if (seconds < 60) return {{fmt::format("*-*-* *:*:00/{}", seconds)}, {}};
  if (seconds % 60 != 0) {
    for (const auto& [at, hours] : *times) {
      made.expressions.push_back(
          fmt::format("*-*-* {}:{:02}:{:02}", systemd_field(hours, 0, 23), at.second, at.first));
    }
    return made;
  }
  for (const auto& [hours, minutes] : minutes_by_hours(*times)) {
    made.expressions.push_back(
        fmt::format("*-*-* {}:{}:00", systemd_field(hours, 0, 23), systemd_field(minutes, 0, 59)));
  }
  return made;
}

}  // namespace

CalendarText cron_times(const When& when, CronDialect dialect) {
  switch (when.kind) {
    case WhenKind::at: return cron_of_times(when.at);
    case WhenKind::cron: return cron_of_cron(when.cron, dialect);
    case WhenKind::every: return cron_of_interval(when);
    default: return {{}, {describe(when)}};
  }
}

CalendarText systemd_times(const When& when, const std::string& timezone) {
  CalendarText made;
  switch (when.kind) {
    case WhenKind::at: made = systemd_of_times(when.at); break;
    case WhenKind::cron: made = systemd_of_cron(when.cron); break;
    case WhenKind::every: made = systemd_of_interval(when); break;
    default: made.unsaid.push_back(describe(when));
  }
  for (auto& expression : made.expressions) expression += " " + timezone;
  return made;
}

}  // namespace holdfast::strategy
