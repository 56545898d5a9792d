// Evidence: a chain in which every change shows.
#include "catalog/evidence.hpp"

#include <gtest/gtest.h>

#include "catalog_fixture.hpp"
#include "database.hpp"

namespace holdfast::catalog {

namespace {

class EvidenceTest : public testing::Test {
 protected:
  EvidenceTest() {
    for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(test->evidence().append(test.now, "run", R"({"n":1})").ok());
    }
  }
  base::Result<void> after(const std::string& sql) {
    auto database = Database::open(test.directory / "state/catalog.sqlite").value();
    EXPECT_TRUE(database->execute(sql).ok()) << sql;
    return test->evidence().check();
  }
  TestCatalog test;
};

TEST_F(EvidenceTest, Chains) {
  const auto records = test->evidence().list(0, 10).value();
  ASSERT_EQ(records.size(), 5U);
  EXPECT_EQ(records[0].previous, std::string(64, '0'));
  EXPECT_EQ(records[1].previous, records[0].hash);
  EXPECT_EQ(records[4].number, 5);
  EXPECT_TRUE(test->evidence().check().ok());
  test.reopen();
  ASSERT_TRUE(test->evidence().append(test.now, "deletion", "{}").ok());
  EXPECT_TRUE(test->evidence().check().ok());
}

TEST_F(EvidenceTest, TellsTheNewestOfAKind) {
  ASSERT_TRUE(test->evidence().append(test.now, "drill", "{\"n\":6}").ok());
  ASSERT_TRUE(test->evidence().append(test.now, "run", "{}").ok());
  ASSERT_TRUE(test->evidence().append(test.now, "drill", "{\"n\":8}").ok());
  const auto records = test->evidence().newest("drill", 10).value();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].number, 8);
  EXPECT_EQ(records[1].body, "{\"n\":6}");
  EXPECT_EQ(test->evidence().newest("drill", 1).value().size(), 1U);
  EXPECT_TRUE(test->evidence().newest("no such kind", 10).value().empty());
}

TEST_F(EvidenceTest, AChangeShows) {
  EXPECT_FALSE(after("UPDATE evidence SET body = '{\"n\":2}' WHERE number = 3").ok());
}
TEST_F(EvidenceTest, ARemovalShows) {
  EXPECT_FALSE(after("DELETE FROM evidence WHERE number = 2").ok());
}
TEST_F(EvidenceTest, AnotherTimeShows) {
  EXPECT_FALSE(after("UPDATE evidence SET at = at + 1 WHERE number = 5").ok());
}
TEST_F(EvidenceTest, AnInsertionShows) {
  EXPECT_FALSE(after("INSERT INTO evidence SELECT 6, at, kind, body, previous, hash FROM evidence "
                     "WHERE number = 5")
                   .ok());
}

}  // namespace

}  // namespace holdfast::catalog
