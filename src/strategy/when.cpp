// Reading `at`, `when` and windows, and saying in words when something is due. Cron is in cron.cpp.
#include "strategy/when.hpp"

#include <fmt/format.h>

#include <array>

#include "base/bytes.hpp"
#include "calendar_words.hpp"
#include "values.hpp"

namespace holdfast::strategy {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// "02:00": 120; "24:00" is allowed where a window ends.
std::optional<int> parse_minute(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 2 || text.size() != colon + 3) {
    return std::nullopt;
  }
  const auto hour = parse_integer(text.substr(0, colon));
  const auto minute = parse_integer(text.substr(colon + 1));
  if (!hour.ok() || !minute.ok() || minute.value() > 59 || hour.value() > 24) return std::nullopt;
  const auto total = static_cast<int>(hour.value() * 60 + minute.value());
  return total <= 1440 ? std::optional(total) : std::nullopt;
}

// "Mon-Fri", "Sat": set in `days`. False if it is neither.
bool add_weekdays(std::string_view text, std::bitset<7>& days) {
  const auto dash = text.find('-');
  const auto first = parse_weekday(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_weekday(text.substr(dash + 1));
  if (!first || !last) return false;
  for (int day = *first;; day = (day + 1) % 7) {
    days.set(static_cast<std::size_t>(day));
    if (day == *last) return true;
  }
}

bool add_days(std::string_view text, AtTime& time) {
  for (const auto part : split(text, ',')) {
    if (add_weekdays(part, time.weekdays)) continue;
    if (const auto day = parse_ordinal(part)) {
      time.month_days.set(static_cast<std::size_t>(*day));
    } else if (part == "last") {
      time.last_of_month = true;
    } else {
      return false;
    }
  }
  // A time on Sundays that are the 1st is more likely a slip than a wish.
  return time.weekdays.none() || (time.month_days.none() && !time.last_of_month);
}

std::string plural(std::int64_t count, std::string_view unit) {
  return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
}

std::string days_of(const AtTime& time) {
  std::vector<std::string> names;
  for (std::size_t day = 0; day < 7; ++day) {
    if (time.weekdays.test(day)) names.emplace_back(weekday_name(static_cast<int>(day)));
  }
  for (std::size_t day = 1; day <= 31; ++day) {
    if (time.month_days.test(day)) names.push_back("the " + ordinal(static_cast<int>(day)));
  }
  if (time.last_of_month) names.emplace_back("the last day of the month");
  return names.empty() ? std::string("every day") : fmt::format("on {}", fmt::join(names, ", "));
}

std::string describe(const AtTime& time) {
  return fmt::format("{} at {:02}:{:02}", days_of(time), time.minute_of_day / 60,
                     time.minute_of_day % 60);
}

}  // namespace

Result<AtTime> parse_at(std::string_view text) {
  const auto error = Error(ErrorCode::invalid_argument,
                           fmt::format("'{}' is no time of day", base::printable(text)))
                         .with_hint(
                             "write \"02:00\", \"Sun 05:00\", \"Mon-Fri 22:00\", "
                             "\"1st 06:00\" or \"last 23:00\"");
  const auto words = split_words(text);
  if (words.empty() || words.size() > 2) return error;
  const auto minute = parse_minute(words.back());
  if (!minute || *minute == 1440) return error;
  AtTime time{.minute_of_day = *minute};
  if (words.size() == 2 && !add_days(words.front(), time)) return error;
  return time;
}

Result<When> parse_when(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, WhenKind>, 4> kinds{
      {{"change", WhenKind::change},
       {"commit", WhenKind::commit},
       {"continuous", WhenKind::continuous},
       {"manual", WhenKind::manual}}};
  When when;
  when.written = std::string(text);
  for (const auto& [name, kind] : kinds) {
    if (name != text) continue;
    when.kind = kind;
    return when;
  }
  const auto words = split_words(text);
  if (words.size() == 2 && words[0] == "event") {
    when.kind = WhenKind::event;
    when.event = std::string(words[1]);
    return when;
  }
  std::string hint = "write change, commit, continuous, manual or event NAME";
  if (parse_at(text).ok()) hint = fmt::format("a time is said by at: \"{}\"", text);
  if (parse_span(text).ok()) hint = fmt::format("an interval is said by every: {}", text);
  if (words.size() == 1 && words[0] == "event") hint = "write the event's name too: event NAME";
  return Error(ErrorCode::invalid_argument,
               fmt::format("'{}' is no occasion", base::printable(text)))
      .with_hint(hint);
}

Result<Window> parse_window(std::string_view text) {
  const auto error =
      Error(ErrorCode::invalid_argument, fmt::format("'{}' is no window", base::printable(text)))
          .with_hint("write \"08:00-18:00\" or \"Mon-Fri 08:00-18:00\"");
  const auto words = split_words(text);
  if (words.empty() || words.size() > 2) return error;
  Window window;
  if (words.size() == 2) {
    for (const auto part : split(words.front(), ',')) {
      if (!add_weekdays(part, window.weekdays)) return error;
    }
  }
  const auto ends = split(words.back(), '-');
  if (ends.size() != 2) return error;
  const auto from = parse_minute(ends[0]);
  const auto to = parse_minute(ends[1]);
  if (!from || !to || *from == 1440 || *from == *to) return error;
  window.from_minute = *from;
  window.to_minute = *to;
  return window;
}

std::string describe(base::Duration duration) {
  const auto total = duration.nanoseconds / base::nanoseconds_per_second;
  if (total == 0) {
    return duration.nanoseconds == 0 ? "no time"
                                     : plural(duration.nanoseconds / 1'000'000, "millisecond");
  }
  static constexpr std::array<std::pair<std::int64_t, std::string_view>, 4> units{
      {{86'400, "day"}, {3'600, "hour"}, {60, "minute"}, {1, "second"}}};
  std::string text;
  auto rest = total;
  int parts = 0;
  for (const auto& [seconds, name] : units) {
    if (rest < seconds || parts == 2) continue;
    text += (text.empty() ? "" : " ") + plural(rest / seconds, name);
    rest %= seconds;
    ++parts;
  }
  return text;
}

std::string describe(const When& when) {
  switch (when.kind) {
    case WhenKind::every: {
      const auto text = describe(when.interval);
      return "every " +
             (text.starts_with("1 ") && split_words(text).size() == 2 ? text.substr(2) : text);
    }
    case WhenKind::at: {
      std::string text;
      for (const auto& time : when.at) text += (text.empty() ? "" : " and ") + describe(time);
      return text;
    }
    case WhenKind::cron: return fmt::format("at the times of cron '{}'", when.written);
    case WhenKind::change: return "when something changes";
    case WhenKind::commit: return "at each commit";
    case WhenKind::continuous: return "continuously";
    case WhenKind::manual: return "when somebody asks for it";
    case WhenKind::event: return fmt::format("at each event {}", when.event);
    case WhenKind::each: return "after each snapshot";
  }
  return {};
}

}  // namespace holdfast::strategy
