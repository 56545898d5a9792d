// CHECK ends the program with place, condition and text, evaluates its condition once, and stays on
// in release.
#include "base/check.hpp"

#include <gtest/gtest.h>

#include <string>

namespace holdfast::base {
namespace {

TEST(CheckTest, PassesOnTruthAndEvaluatesOnce) {
  int evaluations = 0;
  CHECK(++evaluations == 1, "once");
  EXPECT_EQ(evaluations, 1);
}

TEST(CheckTest, NamesPlaceConditionAndText) {
  const int found = 2;
  EXPECT_DEATH(CHECK(found == 3, "counted wrongly"),
               "internal error at .*check_test.cpp:[0-9]+: found == 3: counted wrongly");
}

TEST(CheckTest, ALongTextIsCutAndStillEndsTheProgram) {
  const std::string text(4096, 'x');
  EXPECT_DEATH(CHECK(text.empty(), text), "text.empty\\(\\): x+");
}

TEST(CheckTest, IsOneStatement) {
  bool reached = false;
  if (reached)
    CHECK(false, "not reached");
  else
    reached = true;
  EXPECT_TRUE(reached);
}

}  // namespace
}  // namespace holdfast::base
