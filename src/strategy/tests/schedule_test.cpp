// Schedules at the days that matter: changes of the clock, first starts, outages.
#include "strategy/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace holdfast::strategy {
namespace {

using base::Time;
using testing::ElementsAre;

Time at(const char* text) { return base::parse_utc(text).value(); }

TimeZone berlin() { return TimeZone::find("Europe/Berlin").value(); }

When at_times(std::initializer_list<const char*> texts) {
  When when{.kind = WhenKind::at};
  for (const auto* text : texts) when.at.push_back(parse_at(text).value());
  return when;
}

When every(base::Duration interval) { return {.kind = WhenKind::every, .interval = interval}; }

std::vector<std::string> slots(const When& when, const char* after, const char* until) {
  std::vector<std::string> all;
  for (const auto slot : due_between(when, at(after), at(until), berlin())) {
    all.push_back(berlin().format(slot));
  }
  return all;
}

TEST(Schedule, ATimeThatIsSkippedRunsAtTheChange) {
  EXPECT_THAT(slots(at_times({"02:30"}), "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"),
              ElementsAre("2026-03-29 03:00 CEST", "2026-03-30 02:30 CEST"));
}

TEST(Schedule, ATimeThatComesTwiceRunsOnce) {
  EXPECT_THAT(slots(at_times({"02:30"}), "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"),
              ElementsAre("2026-10-25 02:30 CEST", "2026-10-26 02:30 CET"));
}

TEST(Schedule, IntervalsKeepRunningThroughTheHourThatComesTwice) {
  EXPECT_EQ(slots(every(base::minutes(15)), "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z").size(),
            8U);
  When cron{.kind = WhenKind::cron, .cron = parse_cron("*/15 * * * *").value()};
  EXPECT_EQ(slots(cron, "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z").size(), 8U);
}

TEST(Schedule, ADailyIntervalDoesNotDoubleOnADayOfTwentyFiveHours) {
  EXPECT_THAT(slots(every(base::hours(12)), "2026-10-24T22:00:00Z", "2026-10-26T00:00:00Z"),
              ElementsAre("2026-10-25 11:00 CET", "2026-10-26 00:00 CET"));
}

TEST(Schedule, ListsAndDays) {
  EXPECT_THAT(slots(at_times({"1st,15th 06:00", "last 23:00"}), "2026-02-01T12:00:00Z",
                    "2026-03-02T00:00:00Z"),
              ElementsAre("2026-02-15 06:00 CET", "2026-02-28 23:00 CET", "2026-03-01 06:00 CET"));
}

TEST(Schedule, WhatTheClockDoesNotDecideIsNeverDue) {
  for (const auto* text : {"change", "commit", "continuous", "manual", "event deploy"}) {
    EXPECT_EQ(next_due(parse_when(text).value(), at("2026-01-01T00:00:00Z"), berlin()),
              std::nullopt);
  }
}

TEST(Schedule, ChangesAreSweptForBesides) {
  Plan plan{.when = parse_when("change").value()};
  EXPECT_EQ(next_due(plan, at("2026-01-01T00:10:00Z"), berlin()), std::nullopt);
  plan.sweep = base::hours(1);
  EXPECT_EQ(next_due(plan, at("2026-01-01T00:10:00Z"), berlin()), at("2026-01-01T01:00:00Z"));
  plan.enabled = false;
  EXPECT_EQ(next_due(plan, at("2026-01-01T00:10:00Z"), berlin()), std::nullopt);
}

TEST(Schedule, AFirstStartRunsNothingThatIsNotDue) {
  const auto nightly = at_times({"02:00"});
  const auto seen = at("2026-01-01T12:00:00Z");
  EXPECT_FALSE(due_now(nightly, seen, at("2026-01-01T23:00:00Z"), berlin()).has_value());
  const auto due = due_now(nightly, seen, at("2026-01-02T01:00:00Z"), berlin());
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->slot, at("2026-01-02T01:00:00Z"));
  EXPECT_EQ(due->missed, 0U);
}

TEST(Schedule, MissedRunsAreCaughtUpOnce) {
  const auto last = at("2026-01-01T01:00:00Z");
  const auto due = due_now(at_times({"02:00"}), last, at("2026-01-05T12:00:00Z"), berlin());
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->slot, at("2026-01-05T01:00:00Z"));
  EXPECT_EQ(due->missed, 3U);
  EXPECT_FALSE(due_now(at_times({"02:00"}), due->slot, at("2026-01-05T12:00:00Z"), berlin()));
}

TEST(Schedule, ALongOutageOfAShortIntervalIsOneRun) {
  const auto due = due_now(every(base::seconds(5)), at("2025-01-01T00:00:00Z"),
                           at("2026-01-01T00:00:03Z"), berlin());
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->slot, at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(due->missed, 1000U);
}

TEST(Schedule, JitterIsSteadyAndSpread) {
  const auto slot = at("2026-01-01T00:00:00Z");
  std::set<std::int64_t> seen;
  for (int i = 0; i < 100; ++i) {
    const auto name = "plan " + std::to_string(i);
    const auto jitter = jitter_of(name, slot, base::minutes(10));
    EXPECT_EQ(jitter, jitter_of(name, slot, base::minutes(10)));
    EXPECT_GE(jitter, base::Duration{});
    EXPECT_LT(jitter, base::minutes(10));
    seen.insert(jitter.nanoseconds);
  }
  EXPECT_GT(seen.size(), 90U);
  EXPECT_EQ(jitter_of("plan", slot, {}), base::Duration{});
}

TEST(Schedule, ABlackoutWithoutEndIsTold) {
  const std::vector<Window> all{parse_window("00:00-12:00").value(),
                                parse_window("12:00-24:00").value()};
  EXPECT_EQ(after_blackout(all, at("2026-01-01T00:00:00Z"), berlin()), std::nullopt);
}

TEST(Schedule, TheLongestGap) {
  EXPECT_EQ(longest_gap(every(base::minutes(5))), base::minutes(5));
  EXPECT_EQ(longest_gap(at_times({"02:00"})), base::days(1));
  EXPECT_EQ(longest_gap(at_times({"Mon-Fri 22:00"})), base::days(3));
  EXPECT_EQ(longest_gap(at_times({"1st 06:00"})), base::days(31));
  EXPECT_EQ(longest_gap({.kind = WhenKind::cron, .cron = parse_cron("0 0 1 */3 *").value()}),
            base::days(92));
  EXPECT_EQ(longest_gap(parse_when("manual").value()), std::nullopt);
  const auto cron = [](const char* text) {
    return longest_gap({.kind = WhenKind::cron, .cron = parse_cron(text).value()});
  };
  EXPECT_EQ(cron("* * * 1 *"), base::minutes((365 - 31) * 1440 + 1440 + 1));  // into a leap year
  EXPECT_EQ(cron("* * * * *"), base::minutes(1));
  EXPECT_EQ(cron("*/5 8-17 * * mon-fri"), base::minutes(3 * 1440 - 9 * 60 - 55));
  EXPECT_EQ(cron("0 0 29 2 *"), base::days(4 * 365 + 1));
}

TEST(Schedule, TheLongestGapWithWhatDelays) {
  const std::vector<Window> office{parse_window("Mon-Fri 08:00-18:00").value()};
  EXPECT_EQ(longest_gap(every(base::hours(1)), {.windows = office}), base::hours(11));
  EXPECT_EQ(longest_gap(every(base::seconds(1)), {.windows = office}),
            base::hours(10) + base::seconds(1));
  EXPECT_EQ(longest_gap(every(base::minutes(5)), {.jitter = base::minutes(2)}), base::minutes(7));
  // Jitter may carry a run into the window.
  EXPECT_EQ(longest_gap(at_times({"07:59"}), {base::minutes(2), office}),
            base::minutes(24 * 60 + 10 * 60 + 1));
  EXPECT_EQ(longest_window(office), base::hours(10));
  EXPECT_EQ(longest_window({}), base::Duration{});
  EXPECT_EQ(
      longest_window({parse_window("00:00-12:00").value(), parse_window("12:00-24:00").value()}),
      std::nullopt);
}

TEST(Schedule, TheNewest) {
  const auto nightly = at_times({"02:00"});
  EXPECT_EQ(newest_due(nightly, at("2026-01-05T12:00:00Z"), berlin()), at("2026-01-05T01:00:00Z"));
  EXPECT_EQ(newest_due(nightly, at("2026-01-05T01:00:00Z"), berlin()), at("2026-01-05T01:00:00Z"));
  EXPECT_EQ(newest_due(nightly, at("2026-01-05T00:59:59Z"), berlin()), at("2026-01-04T01:00:00Z"));
  const auto early = [](Time slot) { return slot < at("2026-01-02T12:00:00Z"); };
  EXPECT_EQ(newest_due(nightly, at("2026-01-05T12:00:00Z"), berlin(), early),
            at("2026-01-02T01:00:00Z"));
  EXPECT_EQ(newest_due(parse_when("manual").value(), at("2026-01-05T12:00:00Z"), berlin()),
            std::nullopt);
}

}  // namespace
}  // namespace holdfast::strategy
