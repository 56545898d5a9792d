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

}  // namespace

}  // namespace holdfast::catalog
