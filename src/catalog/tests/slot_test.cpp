// Slots: first seen once, served as told.
#include "catalog/slot.hpp"

#include <gtest/gtest.h>

#include "catalog_fixture.hpp"

namespace holdfast::catalog {

namespace {

TEST(Slots, AreSeenForTheFirstTimeOnce) {
  TestCatalog test;
  auto& slots = test->slots();
  auto seen = slots.see("files", "daily", test.now, 3).value();
  EXPECT_EQ(seen.first_seen, test.now);
  EXPECT_FALSE(seen.served.has_value());
  EXPECT_EQ(seen.happening, 3);
  seen = slots.see("files", "daily", test.now + base::seconds(60), 9).value();
  EXPECT_EQ(seen.first_seen, test.now);
  EXPECT_EQ(seen.happening, 3);
  seen.served = test.now + base::seconds(30);
  seen.failures = 2;
  seen.retry_at = test.now + base::seconds(90);
  ASSERT_TRUE(slots.put("files", "daily", seen).ok());
  test.reopen();
  seen = test->slots().see("files", "daily", test.now, 0).value();
  EXPECT_EQ(seen.served, test.now + base::seconds(30));
  EXPECT_EQ(seen.failures, 2U);
  EXPECT_EQ(seen.retry_at, test.now + base::seconds(90));
}

}  // namespace

}  // namespace holdfast::catalog
