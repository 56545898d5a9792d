// Ordering, writing and redaction of diagnostics.
#include "strategy/diagnostic.hpp"

#include <gtest/gtest.h>

namespace holdfast::strategy {
namespace {

TEST(Diagnostic, IsToldByPlaceAndOnce) {
  Diagnostics diagnostics;
  diagnostics.note({0, 3, 1}, "later");
  diagnostics.error({0, 2, 5}, "first", "do this");
  diagnostics.error({0, 2, 5}, "first", "do this");
  diagnostics.warning({0, 2, 5}, "second");
  diagnostics.settle();
  ASSERT_EQ(diagnostics.all().size(), 3U);
  EXPECT_EQ(format(diagnostics.all()[0], {"a.yaml"}), "a.yaml:2:5: error: first");
  EXPECT_EQ(format(diagnostics.all()[2], {"a.yaml"}), "a.yaml:3:1: note: later");
  EXPECT_EQ(diagnostics.count(Severity::warning), 1U);
  EXPECT_TRUE(diagnostics.has_errors());
}

TEST(Diagnostic, AboutTheWholeFile) {
  EXPECT_EQ(format({Severity::error, {0, 0, 0}, "empty", "", ""}, {"a.yaml"}),
            "a.yaml: error: empty");
}

TEST(Diagnostic, ThereIsAnEnd) {
  Diagnostics diagnostics;
  for (int i = 0; i < 5000; ++i) diagnostics.error({0, 1, 1}, std::to_string(i));
  EXPECT_EQ(diagnostics.all().size(), 1000U);
  EXPECT_EQ(diagnostics.count(Severity::error), 5000U);
  EXPECT_EQ(diagnostics.dropped(), 4000U);
}

TEST(Diagnostic, AnErrorIsNotDrownedByNotes) {
  Diagnostics diagnostics;
  for (int i = 0; i < 5000; ++i) diagnostics.note({0, 1, 1}, std::to_string(i));
  diagnostics.error({0, 2, 1}, "the one");
  EXPECT_TRUE(diagnostics.has_errors());
  diagnostics.settle();
  EXPECT_EQ(diagnostics.all().back().message, "the one");
  EXPECT_EQ(diagnostics.count(Severity::error), 1U);
  EXPECT_EQ(diagnostics.count(Severity::note), 5000U);
}

TEST(Diagnostic, PasswordsAreNotShown) {
  EXPECT_EQ(without_password("postgresql://u:secret@h:5/d"), "postgresql://u:***@h:5/d");
  EXPECT_EQ(without_password("x://u:p@ss@h"), "x://u:***@h");
  EXPECT_EQ(without_password("redis://u:pa/ss@h"), "redis://u:***@h");
  EXPECT_EQ(without_password("redis://u:p@ss/w?o#r d@h/0"), "redis://u:***@h/0");
  EXPECT_EQ(without_password("a redis://u:p@h b"), "a redis://u:***@h b");
  // It might be one.
  EXPECT_EQ(without_password("postgresql://u@h/d:e@f"), "postgresql://u@h/d:***@f");
  EXPECT_EQ(without_password("s3://bucket/a@b"), "s3://bucket/a@b");
  EXPECT_EQ(without_password("no address"), "no address");
  Diagnostics diagnostics;
  diagnostics.error({}, "m", "", "redis://:secret@h");
  EXPECT_EQ(diagnostics.all()[0].text, "redis://:***@h");
}

}  // namespace
}  // namespace holdfast::strategy
