// Joining the strategy's plans with the catalog's totals.
#include "report/backup_facts.hpp"

#include <gtest/gtest.h>

namespace holdfast::report {

namespace {

using base::Time;

// files: daily to ssd and nas, mirrored to a git remote; weekly to nas.
strategy::Strategy two_plans() {
  strategy::Strategy made;
  for (const auto* name : {"ssd", "nas", "mirror"}) {
    strategy::Location location;
    location.name = name;
    made.locations.push_back(location);
  }
  made.locations.back().kind = strategy::LocationKind::mirror;
  strategy::Component files;
  files.name = "files";
  strategy::Plan daily;
  daily.name = "daily";
  daily.to.resize(3);
  daily.to[0].location = "ssd";
  daily.to[1].location = "nas";
  daily.to[2].location = "mirror";
  strategy::Plan weekly;
  weekly.name = "weekly";
  weekly.to.resize(1);
  weekly.to[0].location = "nas";
  files.plans = {daily, weekly};
  made.components = {files};
  return made;
}

catalog::RunTotals runs_of(const std::string& plan) {
  catalog::RunTotals totals;
  totals.component = "files";
  totals.plan = plan;
  return totals;
}

catalog::CopyTotals copies_of(const std::string& plan, const std::string& location) {
  catalog::CopyTotals totals;
  totals.component = "files";
  totals.plan = plan;
  totals.location = location;
  return totals;
}

TEST(BackupFacts, PlansThatNeverRanHaveZeros) {
  const auto facts = backup_facts(two_plans(), {}, {});
  ASSERT_EQ(facts.size(), 3U);
  EXPECT_EQ(facts[0].location, "ssd");
  EXPECT_EQ(facts[1].location, "nas");
  EXPECT_EQ(facts[2].plan, "weekly");
  EXPECT_EQ(facts[2].attempts, 0U);
  EXPECT_FALSE(facts[2].newest.has_value());
}

TEST(BackupFacts, ARunThatCapturedNothingFailedForEveryLocation) {
  auto runs = runs_of("daily");
  runs.ended = 5;
  runs.succeeded = 3;
  runs.failed = 1;
  runs.newest = {.started = Time{10}, .ended = Time{17}, .size = 99};
  auto ssd = copies_of("daily", "ssd");
  ssd.runs = 3;
  ssd.attempts = 3;
  ssd.stored = 3;
  ssd.newest = Time{10};
  auto nas = copies_of("daily", "nas");
  nas.runs = 3;
  nas.attempts = 7;
  nas.stored = 1;
  nas.newest = Time{3};
  const auto facts = backup_facts(two_plans(), {runs}, {nas, ssd});
  EXPECT_EQ(facts[0].attempts, 5U);  // 3 stored, 1 failed, 1 cancelled
  EXPECT_EQ(facts[0].successes, 3U);
  EXPECT_EQ(facts[0].failures, 1U);
  EXPECT_EQ(facts[0].duration, base::Duration{7});
  EXPECT_EQ(facts[0].size, 99U);
  EXPECT_EQ(facts[0].newest, Time{10});
  EXPECT_EQ(facts[1].attempts, 9U);
  EXPECT_EQ(facts[1].successes, 1U);
  EXPECT_EQ(facts[1].failures, 7U);
  EXPECT_EQ(facts[1].newest, Time{3});
}

TEST(BackupFacts, ARunThatFailedAfterItsCopyWasStoredIsNotCountedTwice) {
  auto runs = runs_of("weekly");
  runs.ended = 1;
  runs.failed = 1;
  auto nas = copies_of("weekly", "nas");
  nas.runs = 1;
  nas.runs_failed = 1;
  nas.attempts = 1;
  nas.stored = 1;
  const auto facts = backup_facts(two_plans(), {runs}, {nas});
  EXPECT_EQ(facts[2].attempts, 1U);
  EXPECT_EQ(facts[2].successes, 1U);
  EXPECT_EQ(facts[2].failures, 0U);
}

TEST(BackupFacts, ACopyThatIsCaughtUpTakesNoFailureBack) {
  auto runs = runs_of("weekly");
  runs.ended = 1;
  runs.succeeded = 1;
  auto nas = copies_of("weekly", "nas");
  nas.runs = 1;
  nas.attempts = 1;
  const auto waiting = backup_facts(two_plans(), {runs}, {nas})[2];
  nas.attempts = 2;
  nas.stored = 1;
  const auto stored = backup_facts(two_plans(), {runs}, {nas})[2];
  EXPECT_EQ(waiting.failures, 1U);
  EXPECT_EQ(stored.failures, 1U);
  EXPECT_EQ(stored.successes, 1U);
  EXPECT_EQ(stored.attempts, 2U);
}

TEST(BackupFacts, WhatTheStrategyNoLongerHasIsLeftOut) {
  auto runs = runs_of("gone");
  runs.ended = 4;
  EXPECT_EQ(backup_facts(two_plans(), {runs}, {copies_of("daily", "gone")}).size(), 3U);
}

}  // namespace

}  // namespace holdfast::report
