// Runs: beginning, ending, finding them again.
#include "catalog/run.hpp"

#include <gtest/gtest.h>

#include "catalog_fixture.hpp"

namespace holdfast::catalog {

namespace {

using base::ErrorCode;
using base::seconds;

RunStart start_of(TestCatalog& test, const std::string& plan) {
  return {.kind = RunKind::backup,
          .component = "files",
          .plan = plan,
          .reason = RunReason::catch_up,
          .slot = test.now - seconds(5),
          .started = test.now};
}

TEST(Runs, ComeBackAsTheyWere) {
  TestCatalog test;
  auto& runs = test->runs();
  const auto id = runs.begin(start_of(test, "daily"), test.random).value();
  EXPECT_EQ(id.substr(0, 16), "20270115-080000-");
  auto run = runs.get(id).value();
  EXPECT_EQ(run.end.state, RunState::running);
  EXPECT_EQ(run.start.reason, RunReason::catch_up);
  EXPECT_EQ(run.start.slot, test.now - seconds(5));
  ASSERT_TRUE(runs.end(id, {.state = RunState::warnings,
                            .ended = test.now + seconds(3),
                            .message = "one file; 'quoted'",
                            .snapshot = "ab",
                            .bytes_read = 1,
                            .bytes_new = 2,
                            .bytes_stored = 1ULL << 40,
                            .size = 4,
                            .warning_count = 5})
                  .ok());
  run = runs.get(id).value();
  EXPECT_EQ(run.end.state, RunState::warnings);
  EXPECT_EQ(run.end.ended, test.now + seconds(3));
  EXPECT_EQ(run.end.message, "one file; 'quoted'");
  EXPECT_EQ(run.end.snapshot, "ab");
  EXPECT_EQ(run.end.bytes_stored, 1ULL << 40);
  EXPECT_EQ(run.end.warning_count, 5U);
}

TEST(Runs, AreFoundByBeginningsOfTheirIds) {
  TestCatalog test;
  auto& runs = test->runs();
  const auto first = runs.begin(start_of(test, "a"), test.random).value();
  const auto second = runs.begin(start_of(test, "b"), test.random).value();
  EXPECT_NE(first, second);
  EXPECT_EQ(runs.get(first).value().start.plan, "a");
  EXPECT_EQ(runs.get("2027").error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(runs.get("1999").error().code(), ErrorCode::not_found);
  EXPECT_EQ(runs.get("latest").value().id, std::max(first, second));
}

TEST(Runs, AreListedNewestFirst) {
  TestCatalog test;
  auto& runs = test->runs();
  for (int i = 0; i < 5; ++i) {
    test.now = test.now + seconds(60);
    ASSERT_TRUE(runs.begin(start_of(test, i % 2 == 0 ? "even" : "odd"), test.random).ok());
  }
  const auto even =
      runs.list({.component = "files", .plan = "even", .kind = {}, .state = {}}).value();
  ASSERT_EQ(even.size(), 3U);
  EXPECT_GT(even[0].start.started.nanoseconds, even[1].start.started.nanoseconds);
  EXPECT_EQ(
      runs.list({.component = {}, .plan = {}, .kind = {}, .state = {}, .limit = 2}).value().size(),
      2U);
  EXPECT_TRUE(runs.list({.component = {}, .plan = {}, .kind = RunKind::drill, .state = {}})
                  .value()
                  .empty());
}

TEST(Runs, ThatWereRunningAreInterrupted) {
  TestCatalog test;
  auto& runs = test->runs();
  const auto ended = runs.begin(start_of(test, "a"), test.random).value();
  ASSERT_TRUE(runs.end(ended, {.state = RunState::succeeded, .ended = test.now}).ok());
  const auto running = runs.begin(start_of(test, "b"), test.random).value();
  test.reopen();
  const auto found = test->runs().interrupt_running(test.now + seconds(9)).value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, running);
  EXPECT_EQ(test->runs().get(running).value().end.state, RunState::interrupted);
  EXPECT_EQ(test->runs().get(ended).value().end.state, RunState::succeeded);
}

TEST(Runs, CanBeAskedToStop) {
  TestCatalog test;
  auto& runs = test->runs();
  const auto id = runs.begin(start_of(test, "a"), test.random).value();
  EXPECT_FALSE(runs.is_cancel_requested(id).value());
  ASSERT_TRUE(runs.request_cancel(id).ok());
  EXPECT_TRUE(runs.is_cancel_requested(id).value());
  ASSERT_TRUE(runs.end(id, {.state = RunState::cancelled, .ended = test.now}).ok());
  EXPECT_EQ(runs.request_cancel(id).error().code(), ErrorCode::conflict);
}

TEST(Runs, KeepTheirLog) {
  TestCatalog test;
  auto& runs = test->runs();
  const auto id = runs.begin(start_of(test, "a"), test.random).value();
  ASSERT_TRUE(runs.log(id, test.now, "first").ok());
  ASSERT_TRUE(runs.log(id, test.now + seconds(1), "second").ok());
  const auto lines = runs.lines(id).value();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1].text, "second");
  EXPECT_EQ(lines[1].at, test.now + seconds(1));
}

TEST(Runs, AreTotalledByPlan) {
  TestCatalog test;
  auto& runs = test->runs();
  const auto ran = [&](const std::string& plan, RunState state, std::uint64_t size) {
    test.now = test.now + seconds(60);
    const auto id = runs.begin(start_of(test, plan), test.random).value();
    if (state == RunState::running) return;
    ASSERT_TRUE(runs.end(id, {.state = state, .ended = test.now + seconds(7), .size = size}).ok());
  };
  EXPECT_TRUE(runs.totals().value().empty());
  ran("daily", RunState::succeeded, 10);
  ran("daily, weekly", RunState::warnings, 20);
  const auto newest = test.now;
  ran("daily", RunState::failed, 30);
  ran("daily", RunState::interrupted, 40);
  ran("daily", RunState::cancelled, 50);
  ran("daily", RunState::running, 60);
  ran("hourly", RunState::failed, 70);
  auto other = start_of(test, "daily");
  other.kind = RunKind::verify;
  ASSERT_TRUE(runs.begin(other, test.random).ok());
  const auto totals = runs.totals().value();
  ASSERT_EQ(totals.size(), 3U);
  EXPECT_EQ(totals[0].plan, "daily");
  EXPECT_EQ(totals[0].ended, 5U);
  EXPECT_EQ(totals[0].succeeded, 2U);
  EXPECT_EQ(totals[0].failed, 2U);
  ASSERT_TRUE(totals[0].newest.has_value());
  EXPECT_EQ(totals[0].newest->started, newest);
  EXPECT_EQ(totals[0].newest->ended, newest + seconds(7));
  EXPECT_EQ(totals[0].newest->size, 20U);
  EXPECT_EQ(totals[1].plan, "hourly");
  EXPECT_EQ(totals[1].failed, 1U);
  EXPECT_FALSE(totals[1].newest.has_value());
  EXPECT_EQ(totals[2].plan, "weekly");
  EXPECT_EQ(totals[2].ended, 1U);
  EXPECT_EQ(totals[2].newest->size, 20U);
}

TEST(Runs, PlansAreSplitWhereTheyWereJoined) {
  EXPECT_TRUE(split_plans("").empty());
  EXPECT_EQ(split_plans("a"), std::vector<std::string>{"a"});
  EXPECT_EQ(split_plans("a, b"), (std::vector<std::string>{"a", "b"}));
}

TEST(Runs, KindsHaveNames) {
  for (const auto kind : {RunKind::backup, RunKind::copy, RunKind::verify, RunKind::drill,
                          RunKind::expire, RunKind::restore}) {
    EXPECT_EQ(parse_run_kind(run_kind_name(kind)), kind);
  }
  EXPECT_FALSE(parse_run_kind("walk").has_value());
}

TEST(Runs, StatesHaveNames) {
  for (const auto state : {RunState::running, RunState::succeeded, RunState::warnings,
                           RunState::failed, RunState::cancelled, RunState::interrupted}) {
    EXPECT_EQ(parse_run_state(run_state_name(state)), state);
  }
  EXPECT_FALSE(parse_run_state("lost").has_value());
}

TEST(Runs, SayWhenTheNewestBackupEndedWell) {
  TestCatalog test;
  auto& runs = test->runs();
  const auto far = test.now + base::days(9);
  EXPECT_EQ(runs.newest_success("files", far).value(), std::nullopt);
  const auto end = [&](RunKind kind, RunState state, base::Time ended) {
    auto start = start_of(test, "p");
    start.kind = kind;
    const auto id = runs.begin(start, test.random).value();
    EXPECT_TRUE(runs.end(id, {.state = state, .ended = ended}).ok());
  };
  end(RunKind::backup, RunState::warnings, test.now + seconds(9));
  end(RunKind::backup, RunState::succeeded, test.now + seconds(5));
  end(RunKind::backup, RunState::failed, test.now + seconds(20));
  end(RunKind::verify, RunState::succeeded, test.now + seconds(30));
  EXPECT_EQ(runs.newest_success("files", far).value(), test.now + seconds(9));
  EXPECT_EQ(runs.newest_success("other", far).value(), std::nullopt);
  // What a wrong clock said doesn't count.
  end(RunKind::backup, RunState::succeeded, test.now + base::days(3));
  EXPECT_EQ(runs.newest_success("files", test.now + base::days(1)).value(), test.now + seconds(9));
}

TEST(Runs, TellThePlansThatACaptureWasSharedBy) {
  TestCatalog test;
  auto& runs = test->runs();
  EXPECT_TRUE(runs.plans_of("files").value().empty());
  for (const auto* plan : {"b", "a, b", "a", "b", "a"}) {
    EXPECT_TRUE(runs.begin(start_of(test, plan), test.random).ok());
  }
  EXPECT_EQ(runs.plans_of("files").value(), (std::vector<std::string>{"a", "a, b", "b"}));
}

// A statement that is kept ready is bound anew each time, nothing in place of something included.
TEST(Runs, TakeOtherValuesInTheSameStatement) {
  TestCatalog test;
  auto& runs = test->runs();
  auto start = start_of(test, "p");
  const auto first = runs.begin(start, test.random).value();
  start.slot.reset();
  const auto second = runs.begin(start, test.random).value();
  const auto third = runs.begin(start_of(test, "q"), test.random).value();
  EXPECT_EQ(runs.get(first).value().start.slot, test.now - seconds(5));
  EXPECT_EQ(runs.get(second).value().start.slot, std::nullopt);
  EXPECT_EQ(runs.get(third).value().start.slot, test.now - seconds(5));
  EXPECT_EQ(runs.get(third).value().start.plan, "q");
}

TEST(Runs, AreTakenOverOnce) {
  TestCatalog test;
  RunRecord record;
  record.id = "20270115-080000-abcd";
  record.start = start_of(test, "daily");
  record.end = {.state = RunState::warnings,
                .ended = test.now,
                .message = {},
                .snapshot = "ab",
                .size = 7,
                .warning_count = 1};
  EXPECT_TRUE(test->runs().take_over(record).value());
  record.end.snapshot = "cd";
  EXPECT_FALSE(test->runs().take_over(record).value());
  const auto run = test->runs().get(record.id).value();
  EXPECT_EQ(run.end.snapshot, "ab");
  EXPECT_EQ(run.end.state, RunState::warnings);
  EXPECT_EQ(run.start.slot, record.start.slot);
  EXPECT_EQ(run.end.size, 7U);
  EXPECT_FALSE(run.is_cancel_requested);
}

}  // namespace

}  // namespace holdfast::catalog
