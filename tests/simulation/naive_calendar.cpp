// Minute by minute.
#include "naive_calendar.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <optional>

#include "base/check.hpp"

namespace holdfast::simulation {

using base::Time;
using strategy::When;
using strategy::WhenKind;

namespace {

constexpr std::int64_t minute_length = 60 * base::nanoseconds_per_second;
constexpr std::int64_t day_minutes = 1440;

bool is_last_of_month(std::int64_t day) { return naive_date(day + 1).day == 1; }

bool is_on(const strategy::AtTime& at, std::int64_t local) {
  if (local % day_minutes != at.minute_of_day) return false;
  const auto day = local / day_minutes;
  if (at.weekdays.none() && at.month_days.none() && !at.last_of_month) return true;
  return at.weekdays[static_cast<std::size_t>(naive_weekday(day))] ||
         at.month_days[static_cast<std::size_t>(naive_date(day).day)] ||
         (at.last_of_month && is_last_of_month(day));
}

bool is_on(const strategy::Cron& cron, std::int64_t local) {
  const auto minute = static_cast<std::size_t>(local % day_minutes);
  if (!cron.minutes[minute % 60] || !cron.hours[minute / 60]) return false;
  const auto day = local / day_minutes;
  const auto date = naive_date(day);
  if (!cron.months[static_cast<std::size_t>(date.month)]) return false;
  const bool by_date = cron.month_days[static_cast<std::size_t>(date.day)];
  const bool by_weekday = cron.weekdays[static_cast<std::size_t>(naive_weekday(day))];
  if (cron.any_month_day) return by_date && by_weekday;
  return cron.any_weekday ? by_date && by_weekday : by_date || by_weekday;
}

}  // namespace

NaiveDate naive_date(std::int64_t day) {
  const std::time_t seconds = day * 86'400;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return {parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday};
}

int naive_weekday(std::int64_t day) { return static_cast<int>((day + 4) % 7); }

NaiveCalendar::NaiveCalendar(const std::string& zone, Time start, int days) : start_(start) {
  CHECK(start.nanoseconds % minute_length == 0, "a calendar begins with a minute");
  const auto* known = std::getenv("TZ");
  const auto before = known != nullptr ? std::optional<std::string>(known) : std::nullopt;
  ::setenv("TZ", zone.c_str(), 1);
  ::tzset();
  const auto count = days * day_minutes;
  const auto first = start.nanoseconds / minute_length;
  std::int64_t offset = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    // Clocks are changed at quarters of hours.
    if (i == 0 || (first + i) % 15 == 0) {
      const std::time_t seconds = (first + i) * 60;
      std::tm parts{};
      ::localtime_r(&seconds, &parts);
      const auto last = offset;
      offset = parts.tm_gmtoff / 60;
      if (i > 0 && offset != last) ++changes_;
    }
    local_.push_back(first + i + offset);
  }
  before ? ::setenv("TZ", before->c_str(), 1) : ::unsetenv("TZ");
  ::tzset();
}

Time NaiveCalendar::when(std::size_t index) const {
  return {start_.nanoseconds + static_cast<std::int64_t>(index) * minute_length};
}

NaiveCalendar::Local NaiveCalendar::local(Time at) const {
  const auto index = (at - start_).nanoseconds / minute_length;
  CHECK(index >= 0 && index < std::ssize(local_), "outside of the calendar");
  const auto minute = local_[static_cast<std::size_t>(index)];
  return {minute / day_minutes, static_cast<int>(minute % day_minutes / 60)};
}

// A time by the wall clock is due when the clock first shows it, or first shows a later one.
template <typename Condition>
std::vector<Time> NaiveCalendar::first_reached(Condition condition) const {
  std::vector<Time> found;
  auto shown = local_.front() - 1;
  for (std::size_t i = 0; i < local_.size(); ++i) {
    bool is_due = false;
    for (; shown < local_[i]; ++shown) is_due = is_due || condition(shown + 1);
    if (is_due) found.push_back(when(i));
  }
  return found;
}

std::vector<Time> NaiveCalendar::every(std::int64_t minutes) const {
  if (minutes % day_minutes == 0) {
    const auto days = minutes / day_minutes;
    return first_reached([&](std::int64_t local) {
      return local % day_minutes == 0 && (local / day_minutes - 4) % days == 0;
    });
  }
  std::vector<Time> found;
  if (day_minutes % minutes != 0) {
    const auto monday = 4 * day_minutes;
    const auto first = start_.nanoseconds / minute_length;
    for (std::size_t i = 0; i < local_.size(); ++i) {
      if ((first + static_cast<std::int64_t>(i) - monday) % minutes == 0) found.push_back(when(i));
    }
    return found;
  }
  auto midnights = first_reached([](std::int64_t local) { return local % day_minutes == 0; });
  for (std::size_t i = 0; i + 1 < midnights.size(); ++i) {
    const auto end = midnights[i + 1];
    for (auto at = midnights[i]; at < end; at = at + base::minutes(minutes)) {
      if (2 * (end - at).nanoseconds >= minutes * minute_length) found.push_back(at);
    }
  }
  return found;
}

std::vector<Time> NaiveCalendar::slots(const When& when_due) const {
  switch (when_due.kind) {
    case WhenKind::every: return every(when_due.interval.nanoseconds / minute_length);
    case WhenKind::at:
      return first_reached([&](std::int64_t local) {
        return std::any_of(when_due.at.begin(), when_due.at.end(),
                           [&](const auto& at) { return is_on(at, local); });
      });
    case WhenKind::cron: {
      if (!when_due.cron.hours.all()) {
        return first_reached([&](std::int64_t local) { return is_on(when_due.cron, local); });
      }
      std::vector<Time> found;
      for (std::size_t i = 0; i < local_.size(); ++i) {
        if (is_on(when_due.cron, local_[i])) found.push_back(when(i));
      }
      return found;
    }
    default: return {};
  }
}

}  // namespace holdfast::simulation
