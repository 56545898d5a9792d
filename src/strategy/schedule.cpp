// When plans are due.
#include "strategy/schedule.hpp"

#include <algorithm>

namespace holdfast::strategy {

using base::Duration;
using base::Time;

namespace {

constexpr std::int64_t second = base::nanoseconds_per_second;
constexpr std::int64_t day_length = 86'400 * second;
constexpr DayNumber first_monday = 4;  // 1970-01-05
// 29 February comes back after eight years at the latest (1896, 1904; 2096, 2104).
constexpr DayNumber days_searched_max = 366 * 8 + 2;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

Time midnight(DayNumber day, const TimeZone& zone) { return zone.instant({day, 0}); }

Time at_minute(DayNumber day, int minute, const TimeZone& zone) {
  return zone.instant({day, minute * 60});
}

Time next_of_interval(std::int64_t interval, Time after, const TimeZone& zone) {
  if (interval % day_length == 0) {
    const auto every = interval / day_length;
    const auto today = zone.local(after).day;
    auto day = first_monday + floor_div(today - first_monday, every) * every;
    while (midnight(day, zone) <= after) day += every;
    return midnight(day, zone);
  }
  if (day_length % interval != 0) {
    const auto anchor = first_monday * day_length;
    return {anchor + (floor_div(after.nanoseconds - anchor, interval) + 1) * interval};
  }
  const auto today = zone.local(after).day;
  const auto start = midnight(today, zone).nanoseconds;
  const auto end = midnight(today + 1, zone).nanoseconds;
  const auto steps = floor_div(after.nanoseconds - start, interval) + 1;
  const auto candidate = start + steps * interval;
  const bool crowds_midnight = 2 * (end - candidate) < interval;
  return {candidate < end && !crowds_midnight ? candidate : end};
}

bool is_on(const AtTime& time, DayNumber day) {
  const bool any = time.weekdays.none() && time.month_days.none() && !time.last_of_month;
  if (any || time.weekdays.test(static_cast<std::size_t>(weekday_of(day)))) return true;
  const auto date = date_of(day);
  if (time.month_days.test(static_cast<std::size_t>(date.day))) return true;
  return time.last_of_month && date.day == days_in_month(date.year, date.month);
}

std::optional<Time> next_of_times(const std::vector<AtTime>& times, Time after,
                                  const TimeZone& zone) {
  const auto today = zone.local(after).day;
  for (DayNumber day = today; day < today + days_searched_max; ++day) {
    std::optional<Time> first;
    for (const auto& time : times) {
      if (!is_on(time, day)) continue;
      const auto instant = at_minute(day, time.minute_of_day, zone);
      if (instant > after && (!first || instant < *first)) first = instant;
    }
    if (first) return first;
  }
  return std::nullopt;
}

bool is_on(const Cron& cron, DayNumber day) {
  const auto date = date_of(day);
  if (!cron.months.test(static_cast<std::size_t>(date.month))) return false;
  const bool by_date = cron.month_days.test(static_cast<std::size_t>(date.day));
  const bool by_weekday = cron.weekdays.test(static_cast<std::size_t>(weekday_of(day)));
  // Cron's rule: two limits widen each other, a * leaves the other alone.
  return cron.any_month_day || cron.any_weekday ? by_date && by_weekday : by_date || by_weekday;
}

// The first minute of the day, from `from` on, that the fields name; -1 if there is none.
int next_minute(const Cron& cron, int from) {
  for (int minute = from; minute < 1440; ++minute) {
    if (!cron.hours.test(static_cast<std::size_t>(minute / 60))) {
      minute = minute / 60 * 60 + 59;
    } else if (cron.minutes.test(static_cast<std::size_t>(minute % 60))) {
      return minute;
    }
  }
  return -1;
}

// Limited hours: wall-clock times.
std::optional<Time> next_of_fixed_cron(const Cron& cron, Time after, const TimeZone& zone) {
  const auto now = zone.local(after);
  for (DayNumber day = now.day; day < now.day + days_searched_max; ++day) {
    if (!is_on(cron, day)) continue;
    int minute = day == now.day ? now.second_of_day / 60 : 0;
    while ((minute = next_minute(cron, minute)) >= 0) {
      const auto instant = at_minute(day, minute, zone);
      if (instant > after) return instant;
      ++minute;
    }
  }
  return std::nullopt;
}

// Every hour: the minutes as they pass, whatever the offset is meanwhile.
std::optional<Time> next_of_running_cron(const Cron& cron, Time after, const TimeZone& zone) {
  Time from{after.nanoseconds + 1};
  for (int stretches = 0; stretches < 64; ++stretches) {
    const auto stretch = zone.stretch(from);
    const auto offset = stretch.offset_seconds * second;
    const auto local = from.nanoseconds + offset;
    const auto minutes = -floor_div(-local, 60 * second);  // rounded up
    const auto first_day = floor_div(minutes, 1440);
    std::optional<Time> found;
    for (DayNumber day = first_day; day < first_day + days_searched_max && !found; ++day) {
      const Time start{day * day_length - offset};
      if (start >= stretch.end) break;
      if (!is_on(cron, day)) continue;
      const int minute =
          next_minute(cron, day == first_day ? static_cast<int>(minutes - day * 1440) : 0);
      if (minute >= 0) found = Time{(day * 1440 + minute) * 60 * second - offset};
    }
    if (found && *found < stretch.end) return found;
    from = stretch.end;
  }
  return std::nullopt;
}

bool contains(const Window& window, const LocalTime& local) {
  const auto matches = [&](DayNumber day) {
    return window.weekdays.none() ||
           window.weekdays.test(static_cast<std::size_t>(weekday_of(day)));
  };
  const int minute = local.second_of_day / 60;
  if (window.from_minute < window.to_minute) {
    return matches(local.day) && minute >= window.from_minute && minute < window.to_minute;
  }
  return (matches(local.day) && minute >= window.from_minute) ||
         (matches(local.day - 1) && minute < window.to_minute);
}

// The end of a window that contains `local`.
Time end_of(const Window& window, const LocalTime& local, const TimeZone& zone) {
  const int minute = local.second_of_day / 60;
  const bool ends_tomorrow = window.from_minute >= window.to_minute && minute >= window.from_minute;
  const auto day = local.day + (ends_tomorrow ? 1 : 0);
  if (window.to_minute == 1440) return midnight(day + 1, zone);
  return at_minute(day, window.to_minute, zone);
}

}  // namespace

std::optional<Time> next_due(const When& when, Time after, const TimeZone& zone) {
  switch (when.kind) {
    case WhenKind::every:
      if (when.interval.nanoseconds < second) return std::nullopt;
      return next_of_interval(when.interval.nanoseconds, after, zone);
    case WhenKind::at: return next_of_times(when.at, after, zone);
    case WhenKind::cron:
      return when.cron.hours.all() ? next_of_running_cron(when.cron, after, zone)
                                   : next_of_fixed_cron(when.cron, after, zone);
    default: return std::nullopt;
  }
}

When timing_of(const Plan& plan) {
  if (!plan.enabled) return {};
  if (plan.when.kind != WhenKind::change) return plan.when;
  if (plan.sweep.nanoseconds <= 0) return plan.when;
  return {.kind = WhenKind::every, .interval = plan.sweep};
}

std::optional<Time> next_due(const Plan& plan, Time after, const TimeZone& zone) {
  return next_due(timing_of(plan), after, zone);
}

std::vector<Time> due_between(const When& when, Time after, Time until, const TimeZone& zone,
                              std::size_t limit) {
  std::vector<Time> all;
  auto next = next_due(when, after, zone);
  while (next && *next <= until && all.size() < limit) {
    all.push_back(*next);
    next = next_due(when, *next, zone);
  }
  return all;
}

std::optional<Due> due_now(const When& when, Time since, Time now, const TimeZone& zone) {
  constexpr std::size_t missed_max = 1000;
  const auto first = due_between(when, since, now, zone, missed_max + 1);
  if (first.empty()) return std::nullopt;
  if (first.size() <= missed_max) return Due{first.back(), first.size() - 1};
  return Due{newest_due(when, now, zone).value_or(first.back()), missed_max};
}

std::optional<Time> newest_due(const When& when, Time until, const TimeZone& zone) {
  return newest_due(when, until, zone, [](Time) { return true; });
}

std::optional<Time> newest_due(const When& when, Time until, const TimeZone& zone,
                               const std::function<bool(Time)>& condition) {
  const auto holds_after = [&](Time at) {
    const auto slot = next_due(when, at, zone);
    return slot && *slot <= until && condition(*slot);
  };
  // Back, further and further, until one is met; then halfway between, again and again.
  Duration back = base::seconds(1);
  while (!holds_after(until - back)) {
    if (back > base::days(days_searched_max)) return std::nullopt;
    back.nanoseconds *= 4;
  }
  auto from = until - back;
  for (auto beyond = until; beyond - from > base::seconds(1);) {
    const Time middle{from.nanoseconds + (beyond - from).nanoseconds / 2};
    (holds_after(middle) ? from : beyond) = middle;
  }
  return next_due(when, from, zone);
}

Duration jitter_of(std::string_view name, Time slot, Duration jitter) {
  if (jitter.nanoseconds <= 0) return {};
  std::uint64_t hash = 1469598103934665603ULL;  // FNV-1a
  const auto add = [&](std::uint8_t byte) { hash = (hash ^ byte) * 1099511628211ULL; };
  for (const char c : name) add(static_cast<std::uint8_t>(c));
  for (int shift = 0; shift < 64; shift += 8) {
    add(static_cast<std::uint8_t>(static_cast<std::uint64_t>(slot.nanoseconds) >> shift));
  }
  hash ^= hash >> 32;
  return {static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(jitter.nanoseconds))};
}

std::optional<Time> after_blackout(const std::vector<Window>& windows, Time at,
                                   const TimeZone& zone) {
  if (windows.empty()) return at;
  const auto give_up = at + base::days(32);
  while (at < give_up) {
    const auto local = zone.local(at);
    const auto inside = std::find_if(windows.begin(), windows.end(),
                                     [&](const Window& window) { return contains(window, local); });
    if (inside == windows.end()) return at;
    const auto end = end_of(*inside, local, zone);
    // Where the clock is set back into a window, its end by the wall clock comes twice.
    at = end > at ? end : at + base::minutes(1);
  }
  return std::nullopt;
}

}  // namespace holdfast::strategy
