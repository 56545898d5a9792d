// Copies: waiting, stored, dropped.
#include "catalog/copy.hpp"

#include <gtest/gtest.h>

#include "catalog_fixture.hpp"

namespace holdfast::catalog {

namespace {

TEST(Copies, WaitUntilTheyAreStored) {
  TestCatalog test;
  auto& copies = test->copies();
  CopyRecord record{.run = "1",
                    .component = "files",
                    .plan = "daily",
                    .location = "hdd",
                    .state = CopyState::waiting,
                    .original = "ab",
                    .original_location = "ssd",
                    .snapshot = {},
                    .slot = test.now,
                    .changed = test.now,
                    .next_attempt = test.now,
                    .attempts = 1,
                    .message = "unmounted"};
  ASSERT_TRUE(copies.put(record).ok());
  auto waiting = copies.waiting().value();
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].original_location, "ssd");
  EXPECT_EQ(waiting[0].message, "unmounted");
  EXPECT_EQ(waiting[0].slot, test.now);
  EXPECT_FALSE(copies.newest("files", "hdd").value().has_value());
  record.state = CopyState::stored;
  record.snapshot = "cd";
  ASSERT_TRUE(copies.put(record).ok());
  EXPECT_TRUE(copies.waiting().value().empty());
  EXPECT_EQ(copies.newest("files", "hdd").value()->snapshot, "cd");
  EXPECT_EQ(copies.of_run("1").value().size(), 1U);
}

TEST(Copies, TheNewestIsThatOfTheNewestRun) {
  TestCatalog test;
  for (const char* run : {"20260101-000000-aaaa", "20260103-000000-aaaa", "20260102-000000-aaaa"}) {
    CopyRecord record;
    record.run = run;
    record.component = "files";
    record.location = "ssd";
    record.state = CopyState::stored;
    record.snapshot = run;
    ASSERT_TRUE(test->copies().put(record).ok());
  }
  EXPECT_EQ(test->copies().newest("files", "ssd").value()->snapshot, "20260103-000000-aaaa");
  EXPECT_EQ(copy_state_name(CopyState::dropped), "dropped");
}

TEST(Copies, AreTotalledByPlanAndLocation) {
  TestCatalog test;
  const auto ran = [&](const std::string& plan, RunState state) {
    test.now = test.now + base::seconds(60);
    const auto id = test->runs()
                        .begin({.kind = RunKind::backup,
                                .component = "files",
                                .plan = plan,
                                .reason = RunReason::schedule,
                                .slot = {},
                                .started = test.now},
                               test.random)
                        .value();
    if (state != RunState::running) {
      EXPECT_TRUE(test->runs().end(id, {.state = state, .ended = test.now}).ok());
    }
    return id;
  };
  const auto put = [&](const std::string& run, const std::string& location, CopyState state,
                       std::uint64_t attempts) {
    CopyRecord record;
    record.run = run;
    record.component = "files";
    record.location = location;
    record.state = state;
    record.attempts = attempts;
    ASSERT_TRUE(test->copies().put(record).ok());
  };
  EXPECT_TRUE(test->copies().totals().value().empty());
  const auto first = ran("daily, weekly", RunState::succeeded);
  const auto first_start = test.now;
  put(first, "ssd", CopyState::stored, 1);
  put(first, "hdd", CopyState::waiting, 4);
  const auto second = ran("daily", RunState::failed);
  put(second, "ssd", CopyState::stored, 1);
  put(second, "hdd", CopyState::dropped, 2);
  const auto second_start = test.now;
  put(ran("daily", RunState::running), "ssd", CopyState::stored, 1);
  const auto totals = test->copies().totals().value();
  ASSERT_EQ(totals.size(), 4U);
  EXPECT_EQ(totals[0].plan, "daily");
  EXPECT_EQ(totals[0].location, "hdd");
  EXPECT_EQ(totals[0].runs, 2U);
  EXPECT_EQ(totals[0].runs_failed, 1U);
  EXPECT_EQ(totals[0].attempts, 6U);
  EXPECT_EQ(totals[0].stored, 0U);
  EXPECT_FALSE(totals[0].newest.has_value());
  EXPECT_EQ(totals[1].location, "ssd");
  EXPECT_EQ(totals[1].stored, 2U);
  EXPECT_EQ(totals[1].newest, second_start);
  EXPECT_EQ(totals[3].plan, "weekly");
  EXPECT_EQ(totals[3].runs, 1U);
  EXPECT_EQ(totals[3].newest, first_start);
}

}  // namespace

}  // namespace holdfast::catalog
