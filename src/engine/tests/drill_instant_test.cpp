// The random instant of drills: between what all can be restored to and the newest.
#include "drill_instant.hpp"

#include <gtest/gtest.h>

namespace holdfast::engine {

namespace {

base::Time at(std::int64_t second) { return {second * base::nanoseconds_per_second}; }

TEST(DrillInstant, LiesWhereAllHaveSomething) {
  base::SeededRandom random(7);
  bool was_late = false;
  for (int i = 0; i < 200; ++i) {
    const auto instant = random_instant({{at(10), at(20)}, {at(15), at(40)}, {}}, random).value();
    EXPECT_GE(instant, at(15));
    EXPECT_LE(instant, at(40));
    was_late = was_late || instant > at(30);
  }
  EXPECT_TRUE(was_late);
}

TEST(DrillInstant, LiesWithinWhatALogCovers) {
  base::SeededRandom random(7);
  for (int i = 0; i < 200; ++i) {
    const auto instant =
        random_instant({{at(10), at(40)}, {at(15), at(20)}}, random, at(20)).value();
    EXPECT_GE(instant, at(15));
    EXPECT_LE(instant, at(20));
  }
  EXPECT_FALSE(random_instant({{at(30), at(40)}, {at(15), at(20)}}, random, at(20)));
}

TEST(DrillInstant, IsNothingWithoutSnapshots) {
  base::SeededRandom random(7);
  EXPECT_FALSE(random_instant({{}, {}}, random));
  EXPECT_FALSE(random_instant({}, random));
  EXPECT_EQ(random_instant({{at(5)}}, random), at(5));
}

}  // namespace

}  // namespace holdfast::engine
