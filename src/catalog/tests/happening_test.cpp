// Happenings: in order, with their tags.
#include "catalog/happening.hpp"

#include <gtest/gtest.h>

#include "catalog_fixture.hpp"

namespace holdfast::catalog {

namespace {

TEST(Happenings, ComeInOrder) {
  TestCatalog test;
  auto& happenings = test->happenings();
  EXPECT_EQ(happenings.newest().value(), 0);
  const auto first =
      happenings.add({.event = "epoch", .id = "7", .tags = {{"model", "a\"b"}}, .at = test.now});
  ASSERT_TRUE(first.ok());
  const auto second = happenings.add({.event = "deploy", .id = {}, .tags = {}, .at = test.now});
  ASSERT_TRUE(second.ok());
  EXPECT_LT(first.value(), second.value());
  EXPECT_EQ(happenings.newest().value(), second.value());
  const auto epochs = happenings.list("epoch", 0).value();
  ASSERT_EQ(epochs.size(), 1U);
  EXPECT_EQ(epochs[0].tags.at("model"), "a\"b");
  EXPECT_EQ(epochs[0].id, "7");
  EXPECT_TRUE(happenings.list("epoch", first.value()).value().empty());
  EXPECT_EQ(happenings.list("", 0).value().size(), 2U);
  ASSERT_TRUE(happenings.add({.event = "epoch", .id = "8", .tags = {}, .at = test.now}).ok());
  EXPECT_EQ(happenings.count("epoch").value(), 2U);
  EXPECT_EQ(happenings.count("epoch", second.value()).value(), 1U);
  EXPECT_EQ(happenings.count("nothing").value(), 0U);
}

}  // namespace

}  // namespace holdfast::catalog
