// Verifications: each outcome as it was.
#include "catalog/verification.hpp"

#include <gtest/gtest.h>

#include "catalog_fixture.hpp"
#include "database.hpp"

namespace holdfast::catalog {

namespace {

TEST(Verifications, AreListedNewestFirst) {
  TestCatalog test;
  auto& verifications = test->verifications();
  for (const auto outcome :
       {VerificationOutcome::passed, VerificationOutcome::failed, VerificationOutcome::unknown}) {
    ASSERT_TRUE(verifications
                    .add({.component = "files",
                          .location = "ssd",
                          .snapshot = "ab",
                          .level = "sound",
                          .outcome = outcome,
                          .at = test.now,
                          .run = "1",
                          .message = "m",
                          .bytes = 5,
                          .duration = base::seconds(2)})
                    .ok());
  }
  const auto found = verifications.list("files", "ssd").value();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].outcome, VerificationOutcome::unknown);
  EXPECT_EQ(found[2].outcome, VerificationOutcome::passed);
  EXPECT_EQ(found[0].duration, base::seconds(2));
  EXPECT_TRUE(verifications.list("files", "hdd").value().empty());
  EXPECT_EQ(verifications.list("", "ssd").value().size(), 3U);
}

TEST(Verifications, WhatCannotBeReadIsNeverPassed) {
  TestCatalog test;
  ASSERT_TRUE(test->verifications().add({.location = "ssd"}).ok());
  auto database = Database::open(test.directory / "state/catalog.sqlite").value();
  ASSERT_TRUE(database->execute("UPDATE verifications SET outcome = 'pass'").ok());
  EXPECT_EQ(test->verifications().list("", "ssd").value()[0].outcome, VerificationOutcome::unknown);
}

}  // namespace

}  // namespace holdfast::catalog
