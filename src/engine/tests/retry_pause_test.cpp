// Pauses double up to an hour, and a clock that was set back prolongs none.
#include "engine/retry_pause.hpp"

#include <gtest/gtest.h>

namespace holdfast::engine {
namespace {

TEST(RetryPause, DoublesUpToAnHour) {
  EXPECT_EQ(pause_after(0), base::minutes(1));
  EXPECT_EQ(pause_after(1), base::minutes(1));
  EXPECT_EQ(pause_after(2), base::minutes(2));
  EXPECT_EQ(pause_after(6), base::minutes(32));
  EXPECT_EQ(pause_after(7), base::hours(1));
  EXPECT_EQ(pause_after(1'000'000'000'000), base::hours(1));
}

TEST(RetryPause, IsOverWhenItsTimeHasComeOrNeverWill) {
  const base::Time now{base::days(1000).nanoseconds};
  EXPECT_TRUE(is_over(now, now));
  EXPECT_TRUE(is_over(now - base::days(1), now));
  EXPECT_FALSE(is_over(now + base::seconds(1), now));
  EXPECT_FALSE(is_over(now + base::hours(1), now));
  EXPECT_TRUE(is_over(now + base::hours(1) + base::seconds(1), now));
}

}  // namespace
}  // namespace holdfast::engine
