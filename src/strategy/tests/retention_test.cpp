// Retention at the cases that the rules are about.
#include "strategy/retention.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

using base::Time;
using testing::ElementsAre;
using testing::IsEmpty;

Time at(const std::string& text) { return base::parse_utc(text).value(); }

// One snapshot a day at 02:00, the last on the day of `now`, which is at noon.
class Days {
 public:
  Days(const char* last_day, int count) {
    const auto last = at(std::string(last_day) + "T02:00:00Z");
    request.now = last + base::hours(10);
    for (int i = count - 1; i >= 0; --i) {
      const auto when = last - base::days(i);
      request.snapshots.push_back({.id = base::format_utc(when).substr(0, 10),
                                   .plans = {"p"},
                                   .captured = when,
                                   .finished = when + base::minutes(10),
                                   .stored = when + base::minutes(10)});
    }
  }
  void rule(Keep keep, Level demand = Level::none) {
    request.rules.push_back({"p", std::move(keep), demand, false});
  }
  [[nodiscard]] StoredSnapshot& day(const std::string& id) {
    for (auto& each : request.snapshots) {
      if (each.id == id) return each;
    }
    return request.snapshots.front();
  }
  [[nodiscard]] std::vector<std::string> kept() const {
    std::vector<std::string> ids;
    for (const auto& verdict : decide().verdicts) {
      if (verdict.is_kept()) ids.push_back(verdict.id);
    }
    return ids;
  }
  [[nodiscard]] RetentionDecision decide() const {
    return decide_retention(request, TimeZone::find("Europe/Berlin").value());
  }

  RetentionRequest request;
};

Keep bucket(Period period, std::uint32_t count, Pick pick = {}) {
  Keep keep;
  keep.buckets[static_cast<std::size_t>(period)] = Bucket{count, pick};
  return keep;
}

TEST(Retention, ABareDurationCountsBack) {
  Days days("2026-03-10", 30);
  days.rule({.age = base::days(2)});
  EXPECT_THAT(days.kept(), ElementsAre("2026-03-09", "2026-03-10"));
}

TEST(Retention, AgesGoByStorageTime) {
  Days days("2026-03-10", 5);
  days.day("2026-03-06").stored = at("2026-03-10T02:00:00Z");
  days.rule({.age = base::days(1)});
  EXPECT_THAT(days.kept(), ElementsAre("2026-03-06", "2026-03-10"));
}

TEST(Retention, AClockThatIsAheadKeepsNothingForEver) {
  Days days("2026-03-10", 4);
  days.day("2026-03-07").captured = at("2036-01-01T00:00:00Z");
  days.rule({.last = 2});
  EXPECT_THAT(days.kept(), ElementsAre("2026-03-09", "2026-03-10"));
}

TEST(Retention, WeeklyPicksTheDayAndTheNextWhenItIsMissed) {
  Days days("2026-03-10", 24);  // 8 March is a Sunday
  std::erase_if(days.request.snapshots, [](const auto& each) { return each.id == "2026-03-01"; });
  days.rule(bucket(Period::weekly, 3, {PickKind::weekday, 0}));
  EXPECT_THAT(days.kept(), ElementsAre("2026-02-22", "2026-03-02", "2026-03-08", "2026-03-10"));
}

TEST(Retention, MonthlyPicksTheFirst) {
  Days days("2026-03-10", 70);
  days.rule(bucket(Period::monthly, 12, {PickKind::month_day, 1}));
  EXPECT_THAT(days.kept(),
              ElementsAre("2025-12-31", "2026-01-01", "2026-02-01", "2026-03-01", "2026-03-10"));
}

TEST(Retention, WithoutAPickTheLastOfAPeriodStands) {
  Days days("2026-03-10", 70);
  days.rule(bucket(Period::monthly, 2));
  EXPECT_THAT(days.kept(), ElementsAre("2026-02-28", "2026-03-10"));
}

TEST(Retention, VersionsAreDistinctContents) {
  Days days("2026-03-10", 6);
  const std::vector<std::string> contents{"a", "b", "b", "a", "c", "c"};
  for (std::size_t i = 0; i < 6; ++i) {
    days.request.snapshots[i].contents = {{"/.env", contents[i]}};
  }
  days.rule({.versions = 2});
  EXPECT_THAT(days.kept(), ElementsAre("2026-03-08", "2026-03-10"));
}

TEST(Retention, UntilAnEventAndThen) {
  Days days("2026-03-10", 20);
  days.rule({.until_event = "verified", .then = base::days(3)});
  days.request.happenings = {{"verified", at("2026-02-25T12:00:00Z"), ""},
                             {"verified", at("2026-03-08T12:00:00Z"), ""}};
  const auto decision = days.decide();
  EXPECT_THAT(decision.overdue, IsEmpty());
  EXPECT_EQ(days.kept().front(), "2026-02-26");
  days.request.happenings.clear();
  EXPECT_EQ(days.kept().size(), 20U);
  EXPECT_EQ(days.decide().overdue.size(), 6U);
}

TEST(Retention, EventsOfAnotherIdMeanOthers) {
  Days days("2026-03-10", 2);
  days.rule({.until_event = "verified"});
  days.day("2026-03-09").event_id = "release-1";
  days.request.happenings = {{"verified", at("2026-03-09T12:00:00Z"), "release-2"}};
  EXPECT_THAT(days.kept(), ElementsAre("2026-03-09", "2026-03-10"));
  days.request.happenings.front().id = "release-1";
  EXPECT_THAT(days.kept(), ElementsAre("2026-03-10"));
}

TEST(Retention, NothingGoesBeforeOneIsGood) {
  Days days("2026-03-10", 5);
  days.rule({.last = 1}, Level::sound);
  EXPECT_EQ(days.kept().size(), 5U);
  days.day("2026-03-07").proved = Level::sound;
  EXPECT_THAT(days.kept(), ElementsAre("2026-03-07", "2026-03-10"));
}

TEST(Retention, RulesCountForEachTag) {
  Days days("2026-03-10", 6);
  for (std::size_t i = 0; i < 6; ++i) {
    days.request.snapshots[i].tags["model"] = i % 3 == 0 ? "a" : "b";
  }
  days.rule({.last = 1, .per_tag = "model"});
  EXPECT_THAT(days.kept(), ElementsAre("2026-03-08", "2026-03-10"));
}

TEST(Retention, ASnapshotGoesOnlyWhenNoPlanWantsIt) {
  Days days("2026-03-10", 3);
  days.rule({.last = 1});
  days.request.rules.push_back({"q", {.forever = true}, Level::none, false});
  days.day("2026-03-08").plans.emplace_back("q");
  EXPECT_THAT(days.kept(), ElementsAre("2026-03-08", "2026-03-10"));
}

TEST(Retention, HoldsFreezesCopiesAndForgottenPlansKeep) {
  Days days("2026-03-10", 5);
  days.rule({.last = 1});
  days.day("2026-03-06").hold = "legal";
  days.day("2026-03-07").awaited_by = {"cloud"};
  days.day("2026-03-08").plans = {"a plan of old"};
  EXPECT_THAT(days.kept(), ElementsAre("2026-03-06", "2026-03-07", "2026-03-08", "2026-03-10"));
  days.request.frozen = "half as large as usual";
  EXPECT_EQ(days.kept().size(), 5U);
}

TEST(Retention, ALogKeepsTheBaseBeforeItsWindow) {
  Days days("2026-03-20", 20);
  days.rule({.age = base::days(1)});
  for (auto& each : days.request.snapshots) each.is_base = true;
  days.request.rules.push_back({"wal", {.age = base::days(7)}, Level::none, true});
  const auto decision = days.decide();
  // The window begins on the 13th at noon; the base of that morning, and one a week from there.
  EXPECT_THAT(days.kept(), ElementsAre("2026-03-13", "2026-03-20"));
  EXPECT_EQ(decision.log_from, at("2026-03-13T02:00:00Z"));
}

// A base that is kept for a day only, under a log of a week, through two months.
TEST(Retention, ALogNeverGrowsBeyondTwiceItsWindow) {
  Days days("2026-03-01", 1);
  days.rule({.age = base::days(1)});
  days.request.rules.push_back({"wal", {.age = base::days(7)}, Level::none, true});
  days.request.snapshots.front().is_base = true;
  const auto start = days.request.snapshots.front().captured;
  for (int day = 1; day < 60; ++day) {
    const auto when = start + base::days(day);
    days.request.snapshots.push_back({.id = base::format_utc(when),
                                      .plans = {"p"},
                                      .captured = when,
                                      .finished = when,
                                      .stored = when,
                                      .is_base = true});
    days.request.now = when + base::minutes(1);
    const auto decision = days.decide();
    ASSERT_TRUE(decision.log_from.has_value());
    const auto window = days.request.now - base::days(7);
    // Every instant of the window is covered as far as there ever was a base.
    ASSERT_LE(*decision.log_from, std::max(window, start));
    ASSERT_GE(*decision.log_from, window - base::days(7));
    std::vector<StoredSnapshot> left;
    for (std::size_t i = 0; i < days.request.snapshots.size(); ++i) {
      if (decision.verdicts[i].is_kept()) left.push_back(days.request.snapshots[i]);
    }
    days.request.snapshots = left;
    ASSERT_LE(left.size(), 5U);
  }
}

TEST(Retention, ABaseEndedWhenTheStorageSaysSo) {
  Days days("2026-03-20", 20);
  days.rule({.age = base::days(1)});
  for (auto& each : days.request.snapshots) {
    each.is_base = true;
    each.captured = each.captured - base::days(1);  // a clock that is a day behind
    each.finished = each.finished - base::days(1);
  }
  days.request.rules.push_back({"wal", {.age = base::days(7)}, Level::none, true});
  EXPECT_EQ(days.kept().front(), "2026-03-13");
  EXPECT_EQ(days.decide().log_from, at("2026-03-12T02:00:00Z"));
}

TEST(Retention, AClockThatIsAheadHoldsALogForAWindowAtMost) {
  Days days("2026-03-20", 20);
  days.rule({.age = base::days(1)});
  for (auto& each : days.request.snapshots) {
    each.is_base = true;
    each.captured = each.captured + base::days(3650);
    each.finished = each.finished + base::days(3650);
  }
  days.request.rules.push_back({"wal", {.age = base::days(7)}, Level::none, true});
  EXPECT_EQ(days.kept().front(), "2026-03-06");
  EXPECT_EQ(days.decide().log_from, at("2026-03-06T02:00:00Z"));
}

TEST(Retention, ALogStartsFromABaseThatIsProved) {
  Days days("2026-03-20", 20);
  days.rule({.age = base::days(1)}, Level::sound);
  for (auto& each : days.request.snapshots) each.is_base = true;
  days.request.rules.push_back({"wal", {.age = base::days(7)}, Level::none, true});
  EXPECT_EQ(days.kept().size(), 20U);
  EXPECT_EQ(days.decide().log_from, std::nullopt);
  days.day("2026-03-18").proved = Level::sound;  // one in the window doesn't reach back before it
  EXPECT_EQ(days.decide().log_from, std::nullopt);
  days.day("2026-03-10").proved = Level::sound;
  days.day("2026-03-08").proved = Level::sound;
  EXPECT_EQ(days.decide().log_from, at("2026-03-10T02:00:00Z"));
  // In steps of a week from there, and the next one that is good.
  EXPECT_THAT(days.kept(), ElementsAre("2026-03-10", "2026-03-17", "2026-03-18", "2026-03-20"));
}

TEST(Retention, WhatALogDemandsItselfCountsForItsBases) {
  Days days("2026-03-20", 20);
  days.rule({.age = base::days(1)});
  for (auto& each : days.request.snapshots) each.is_base = true;
  days.request.rules.push_back({"wal", {.age = base::days(7)}, Level::sound, true});
  EXPECT_EQ(days.decide().log_from, std::nullopt);
  days.day("2026-03-09").proved = Level::sound;
  EXPECT_EQ(days.decide().log_from, at("2026-03-09T02:00:00Z"));
}

TEST(Retention, WithoutABaseAllLogStays) {
  Days days("2026-03-10", 2);
  days.rule({.last = 1});
  days.request.rules.push_back({"wal", {.age = base::days(7)}, Level::none, true});
  EXPECT_EQ(days.decide().log_from, std::nullopt);
}

TEST(Retention, RulesComeFromPlans) {
  const auto strategy = parse_text(file_text("examples/shop.yaml")).strategy;
  const auto& database = *strategy.component("database");
  std::vector<std::string> plans;
  for (const auto& rule : rules_at(database, "cloud")) {
    plans.push_back(rule.plan);
    EXPECT_EQ(rule.is_log, rule.plan == "wal");
    EXPECT_EQ(rule.demand, rule.plan == "dump" ? Level::sound : Level::none);
  }
  EXPECT_THAT(plans, ElementsAre("wal", "weekly", "dump", "deploy"));
  EXPECT_THAT(rules_at(*strategy.component("media"), "dr"), IsEmpty());
  EXPECT_TRUE(makes_bases(database, *database.plan("weekly")));
  EXPECT_FALSE(makes_bases(database, *database.plan("dump")));
}

TEST(Retention, ReasonsAreWords) {
  Days days("2026-03-10", 3);
  Keep keep = bucket(Period::daily, 2);
  keep.age = base::days(1);
  days.rule(keep);
  const auto decision = days.decide();
  EXPECT_THAT(decision.verdicts[2].because,
              ElementsAre("p: the newest", "p: not older than 1 day", "p: daily 1 of 2"));
  EXPECT_THAT(decision.verdicts[1].because, ElementsAre("p: daily 2 of 2"));
  EXPECT_THAT(decision.verdicts[0].because, IsEmpty());
}

}  // namespace
}  // namespace holdfast::strategy
