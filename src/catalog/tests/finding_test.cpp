// Findings: opened once, closed when mended, new when they come back.
#include "catalog/finding.hpp"

#include <gtest/gtest.h>

#include "catalog_fixture.hpp"

namespace holdfast::catalog {

namespace {

TEST(Findings, OpenOnceAndClose) {
  TestCatalog test;
  auto& findings = test->findings();
  FindingRecord record{.kind = "failed",
                       .component = "files",
                       .plan = "daily",
                       .location = {},
                       .severity = "high",
                       .message = "first",
                       .advice = "look",
                       .opened = test.now};
  EXPECT_EQ(findings.open(record).value(), Findings::Opened::now);
  record.message = "second";
  record.opened = test.now + base::seconds(60);
  EXPECT_EQ(findings.open(record).value(), Findings::Opened::before);
  auto open = findings.list_open().value();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].message, "second");
  EXPECT_EQ(open[0].opened, test.now);
  ASSERT_TRUE(findings.close(record.key(), test.now + base::seconds(90)).ok());
  EXPECT_TRUE(findings.list_open().value().empty());
  EXPECT_EQ(findings.open(record).value(), Findings::Opened::now);
  EXPECT_EQ(findings.list(10).value().size(), 2U);
  EXPECT_EQ(findings.list(10).value()[1].closed, test.now + base::seconds(90));
  EXPECT_TRUE(findings.close("no such", test.now).ok());
}

}  // namespace

}  // namespace holdfast::catalog
