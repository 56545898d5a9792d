// Schedules against a model that looks at every minute of two years, in zones with different
// habits: none is missed, none doubles.
#include "strategy/schedule.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/random.hpp"

namespace holdfast::strategy {
namespace {

using base::Time;

constexpr std::int64_t minute = 60 * base::nanoseconds_per_second;
constexpr int years = 2;
constexpr int cases = 40;

// Every minute of the time that is tried, with its local minute counted from 1970-01-01.
struct Minutes {
  TimeZone zone;
  Time start;
  std::vector<std::int64_t> local;

  explicit Minutes(const char* name) : zone(TimeZone::find(name).value()) {
    start = {day_number({2023, 1, 1}) * 1440 * minute};
    for (std::int64_t i = 0; i < years * 366 * 1440; ++i) {
      const auto at = zone.local(when(i));
      local.push_back(at.day * 1440 + at.second_of_day / 60);
    }
  }
  [[nodiscard]] Time when(std::int64_t index) const { return {start.nanoseconds + index * minute}; }
  [[nodiscard]] Time end() const { return when(std::ssize(local) - 1); }
};

const std::vector<Minutes>& worlds() {
  static const std::vector<Minutes> all = [] {
    std::vector<Minutes> made;
    for (const auto* name :
         {"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"}) {
      made.emplace_back(name);
    }
    return made;
  }();
  return all;
}

using Matches = std::function<bool(std::int64_t local_minute)>;

// Fixed times: each local minute counts when it is first reached or passed.
std::vector<Time> naive_fixed(const Minutes& world, const Matches& matches) {
  std::vector<Time> due;
  auto reached = world.local.front();
  for (std::int64_t i = 1; i < std::ssize(world.local); ++i) {
    const auto now = world.local[static_cast<std::size_t>(i)];
    bool hit = false;
    for (auto each = reached + 1; each <= now; ++each) hit = hit || matches(each);
    if (hit) due.push_back(world.when(i));
    reached = std::max(reached, now);
  }
  return due;
}

std::vector<Time> naive_running(const Minutes& world, const Matches& matches) {
  std::vector<Time> due;
  for (std::int64_t i = 1; i < std::ssize(world.local); ++i) {
    if (matches(world.local[static_cast<std::size_t>(i)])) due.push_back(world.when(i));
  }
  return due;
}

// Intervals that divide the day: from each local midnight on; near the next one left out.
std::vector<Time> naive_interval(const Minutes& world, std::int64_t every) {
  std::vector<std::int64_t> midnights;
  auto day = world.local.front() / 1440;
  for (std::int64_t i = 1; i < std::ssize(world.local); ++i) {
    const auto today = world.local[static_cast<std::size_t>(i)] / 1440;
    if (today > day) midnights.push_back(i);
    day = std::max(day, today);
  }
  std::vector<Time> due;
  for (std::size_t m = 0; m + 1 < midnights.size(); ++m) {
    for (auto at = midnights[m]; at < midnights[m + 1]; at += every) {
      const bool crowds = at != midnights[m] && 2 * (midnights[m + 1] - at) < every;
      if (!crowds) due.push_back(world.when(at));
    }
  }
  return due;
}

void expect_same(const Minutes& world, const When& when, std::vector<Time> expected,
                 const std::string& what) {
  // The model knows what a midnight is only after the first one.
  const auto first = world.when(2 * 1440);
  const auto last = world.when(std::ssize(world.local) - 3 * 1440);
  std::erase_if(expected, [&](Time at) { return at <= first || at > last; });
  const auto found = due_between(when, first, last, world.zone, 10'000'000);
  ASSERT_EQ(found.size(), expected.size()) << what << " in " << world.zone.name();
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i], expected[i]) << what << ": " << world.zone.format(found[i])
                                     << " instead of " << world.zone.format(expected[i]);
  }
}

TEST(ScheduleProperty, FixedTimesComeOnceADay) {
  base::SeededRandom random(1);
  for (int i = 0; i < cases; ++i) {
    const auto& world = worlds()[static_cast<std::size_t>(i) % worlds().size()];
    // Half of the times lie in the hours in which clocks are changed.
    const auto time = static_cast<std::int64_t>(random.below(2) == 0 ? random.below(1440)
                                                                     : 60 + random.below(180));
    const auto kind = random.below(4);
    const auto weekday = static_cast<std::int64_t>(random.below(7));
    const auto other = static_cast<std::int64_t>(random.below(7));
    const auto date = static_cast<int>(1 + random.below(31));
    static constexpr std::array<const char*, 7> names{"sun",      "Mon", "tue", "wed",
                                                      "Thursday", "fri", "sat"};
    static constexpr std::array<const char*, 4> endings{"th", "st", "nd", "rd"};
    const auto ending = date / 10 == 1 || date % 10 > 3 ? 0 : date % 10;
    const auto clock = fmt::format("{:02}:{:02}", time / 60, time % 60);
    const std::string text =
        kind == 0   ? clock
        : kind == 1 ? fmt::format("{},{} {}", names[static_cast<std::size_t>(weekday)],
                                  names[static_cast<std::size_t>(other)], clock)
        : kind == 2 ? fmt::format("{}{} {}", date, endings[static_cast<std::size_t>(ending)], clock)
                    : "last " + clock;
    const auto matches = [&](std::int64_t local) {
      if (local % 1440 != time) return false;
      const auto day = local / 1440;
      const auto of_week = (day + 4) % 7;
      const auto of_month = date_of(day).day;
      if (kind == 1) return of_week == weekday || of_week == other;
      if (kind == 2) return of_month == date;
      return kind == 0 || date_of(day + 1).day == 1;
    };
    When when{.kind = WhenKind::at, .at = {parse_at(text).value()}};
    expect_same(world, when, naive_fixed(world, matches), text);
  }
}

std::string field(const std::set<int>& values) { return fmt::format("{}", fmt::join(values, ",")); }

std::set<int> some(base::SeededRandom& random, int low, int high, int most) {
  std::set<int> values;
  const auto count = 1 + random.below(static_cast<std::uint64_t>(most));
  for (std::uint64_t i = 0; i < count; ++i) {
    values.insert(low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1))));
  }
  return values;
}

TEST(ScheduleProperty, CronRunsAtItsMinutes) {
  base::SeededRandom random(2);
  for (int i = 0; i < cases; ++i) {
    const auto& world = worlds()[static_cast<std::size_t>(i) % worlds().size()];
    const auto minutes = some(random, 0, 59, 4);
    const auto hours = random.below(2) == 0 ? some(random, 0, 5, 4) : some(random, 0, 23, 8);
    const bool every_hour = random.below(3) == 0;
    const bool any_date = random.below(2) == 0;
    const bool any_weekday = random.below(2) == 0;
    const auto dates = some(random, 1, 31, 6);
    const auto months = some(random, 1, 12, 6);
    const bool any_month = random.below(2) == 0;
    const auto weekdays = some(random, 0, 6, 3);
    const auto text = fmt::format("{} {} {} {} {}", field(minutes), every_hour ? "*" : field(hours),
                                  any_date ? "*" : field(dates), any_month ? "*" : field(months),
                                  any_weekday ? "*" : field(weekdays));
    const auto cron = parse_cron(text);
    if (!cron.ok()) continue;  // such as 31 February
    const auto matches = [&](std::int64_t local) {
      if (!minutes.contains(static_cast<int>(local % 60))) return false;
      if (!every_hour && !hours.contains(static_cast<int>(local / 60 % 24))) return false;
      const auto day = local / 1440;
      const auto date = date_of(day);
      if (!any_month && !months.contains(date.month)) return false;
      const bool by_date = dates.contains(date.day);
      const bool by_weekday = weekdays.contains(static_cast<int>((day + 4) % 7));
      if (any_date && any_weekday) return true;
      if (any_date) return by_weekday;
      return any_weekday ? by_date : by_date || by_weekday;
    };
    When when{.kind = WhenKind::cron, .cron = cron.value()};
    const bool running = every_hour || hours.size() == 24;
    expect_same(world, when, running ? naive_running(world, matches) : naive_fixed(world, matches),
                text);
  }
}

TEST(ScheduleProperty, IntervalsCountElapsedTimeFromMidnight) {
  for (const auto& world : worlds()) {
    for (const int every : {1, 5, 15, 30, 60, 90, 120, 180, 240, 360, 480, 720}) {
      When when{.kind = WhenKind::every, .interval = base::minutes(every)};
      expect_same(world, when, naive_interval(world, every), fmt::format("every {} min", every));
    }
  }
}

TEST(ScheduleProperty, IntervalsOfDaysComeAtMidnight) {
  for (const auto& world : worlds()) {
    for (const std::int64_t days : {1, 2, 7, 14}) {
      const auto matches = [&](std::int64_t local) {
        return local % 1440 == 0 && (local / 1440 - 4) % days == 0;
      };
      When when{.kind = WhenKind::every, .interval = base::days(days)};
      expect_same(world, when, naive_fixed(world, matches), fmt::format("every {} d", days));
    }
  }
}

TEST(ScheduleProperty, OtherIntervalsAreStrict) {
  base::SeededRandom random(3);
  for (int i = 0; i < 200; ++i) {
    const When when{.kind = WhenKind::every,
                    .interval = base::minutes(static_cast<std::int64_t>(7 + random.below(5000)))};
    if (base::days(1).nanoseconds % when.interval.nanoseconds == 0 ||
        when.interval.nanoseconds % base::days(1).nanoseconds == 0) {
      continue;
    }
    const auto& world = worlds()[random.below(worlds().size())];
    const Time after = world.when(static_cast<std::int64_t>(random.below(world.local.size())));
    const auto first = next_due(when, after, world.zone).value();
    const auto second = next_due(when, first, world.zone).value();
    EXPECT_GT(first, after);
    EXPECT_LE(first - after, when.interval);
    EXPECT_EQ(second - first, when.interval);
  }
}

// From wherever one looks, the next instant is the same as counted from the start.
TEST(ScheduleProperty, NextIsTheFirstAfter) {
  base::SeededRandom random(4);
  const std::vector<When> all{
      {.kind = WhenKind::at, .at = {parse_at("02:30").value(), parse_at("Sun 01:30").value()}},
      {.kind = WhenKind::cron, .cron = parse_cron("*/20 * * * *").value()},
      {.kind = WhenKind::cron, .cron = parse_cron("15 1-3 * * *").value()},
      {.kind = WhenKind::every, .interval = base::hours(2)},
  };
  for (const auto& world : worlds()) {
    for (const auto& when : all) {
      const auto slots = due_between(when, world.start, world.end(), world.zone, 10'000'000);
      for (int i = 0; i < 3000; ++i) {
        const Time after{world.start.nanoseconds +
                         static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(
                             (slots.back() - world.start).nanoseconds)))};
        const auto expected = std::upper_bound(slots.begin(), slots.end(), after);
        ASSERT_NE(expected, slots.end());
        ASSERT_EQ(next_due(when, after, world.zone), *expected) << world.zone.format(after);
      }
    }
  }
}

TEST(ScheduleProperty, BlackoutsEndWhereTheyEnd) {
  base::SeededRandom random(5);
  const std::vector<Window> windows{parse_window("Mon-Fri 08:00-18:00").value(),
                                    parse_window("Sat 22:00-04:00").value(),
                                    parse_window("01:30-02:15").value()};
  const auto inside = [](std::int64_t local) {
    const auto time = local % 1440;
    const auto weekday = (local / 1440 + 4) % 7;
    if (weekday >= 1 && weekday <= 5 && time >= 480 && time < 1080) return true;
    if ((weekday == 6 && time >= 1320) || (weekday == 0 && time < 240)) return true;
    return time >= 90 && time < 135;
  };
  for (const auto& world : worlds()) {
    for (int i = 0; i < 3000; ++i) {
      const auto index = random.below(world.local.size() - 10'000);
      auto expected = index;
      while (inside(world.local[expected])) ++expected;
      const auto found =
          after_blackout(windows, world.when(static_cast<std::int64_t>(index)), world.zone);
      ASSERT_TRUE(found.has_value());
      ASSERT_EQ(*found, world.when(static_cast<std::int64_t>(expected)))
          << world.zone.format(world.when(static_cast<std::int64_t>(index)));
    }
  }
}

// Start by start through two years.
std::optional<base::Duration> naive_gap(const When& when, const Delays& delays) {
  const auto zone = TimeZone::utc();
  const Time begin{day_number({2023, 1, 2}) * 1440 * minute};
  std::optional<base::Duration> longest;
  std::optional<Time> held;
  for (const auto slot : due_between(when, begin, begin + base::days(731), zone, 10'000'000)) {
    const auto latest = after_blackout(delays.windows, slot + delays.jitter, zone).value();
    if (held && (!longest || latest - *held > *longest)) longest = latest - *held;
    held = after_blackout(delays.windows, slot, zone);
  }
  return longest;
}

TEST(ScheduleProperty, TheLongestGapIsTheLongest) {
  base::SeededRandom random(6);
  for (int i = 0; i < 60; ++i) {
    When when;
    std::string text;
    switch (random.below(3)) {
      case 0: {
        const auto interval = static_cast<std::int64_t>(10 + random.below(3000));
        text = fmt::format("every {}m", interval);
        when = {.kind = WhenKind::every, .interval = base::minutes(interval)};
        break;
      }
      case 1: {
        text = fmt::format("{} {:02}:{:02}", random.below(2) == 0 ? "Mon,Tue,Fri" : "1st,15th,last",
                           random.below(24), random.below(60));
        when = {.kind = WhenKind::at, .at = {parse_at(text).value()}};
        break;
      }
      default: {
        text = fmt::format("{} {} * {} {}", field(some(random, 0, 59, 3)),
                           field(some(random, 0, 23, 6)),
                           random.below(2) == 0 ? "*" : field(some(random, 1, 12, 6)),
                           random.below(2) == 0 ? "*" : field(some(random, 0, 6, 4)));
        when = {.kind = WhenKind::cron, .cron = parse_cron(text).value()};
      }
    }
    Delays delays;
    if (random.below(2) == 0) {
      delays.jitter = base::minutes(static_cast<std::int64_t>(random.below(90)));
    }
    for (auto windows = random.below(3); windows > 0; --windows) {
      const auto from = random.below(1440);
      const auto window =
          fmt::format("{}{:02}:{:02}-{:02}:{:02}", random.below(2) == 0 ? "" : "Sat-Mon ",
                      from / 60, from % 60, random.below(24), random.below(60));
      if (const auto parsed = parse_window(window); parsed.ok()) {
        delays.windows.push_back(parsed.value());
        text += ", not " + window;
      }
    }
    if (!after_blackout(delays.windows, worlds()[0].start, TimeZone::utc())) continue;
    const auto found = longest_gap(when, delays);
    const auto naive = naive_gap(when, delays);
    const auto told = fmt::format("{}, jitter {} s", text, delays.jitter.seconds());
    // Those of months differ from year to year: more years are looked at than here.
    if (naive > base::days(30)) {
      ASSERT_GE(found, naive) << told;
    } else {
      ASSERT_EQ(found, naive) << told;
    }
  }
}

}  // namespace
}  // namespace holdfast::strategy
