// A storage whose clock jumps forward must not end a grace that never passed.
#include "repository/clock_memory.hpp"

#include <gtest/gtest.h>

#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

constexpr auto grace = base::hours(24);
constexpr base::Time start{1'800'000'000 * base::nanoseconds_per_second};

TEST(ClockMemory, AFirstMeetingTrustsWhatItSees) {
  EXPECT_EQ(remember(std::nullopt, start, start, grace).counts_from, base::Time{});
}

TEST(ClockMemory, ClocksThatGoTogetherKeepTheirPast) {
  const ClockMemory before{.storage = start, .local = start + base::hours(3), .counts_from = {}};
  const auto later = remember(before, start + base::days(30), start + base::days(30), grace);
  EXPECT_EQ(later.counts_from, base::Time{});
  EXPECT_EQ(later.storage, start + base::days(30));
}

TEST(ClockMemory, AJumpForwardLetsTimeCountAnew) {
  const ClockMemory before{.storage = start, .local = start, .counts_from = {}};
  const auto jumped = start + base::days(2);
  const auto later = remember(before, jumped, start + base::hours(1), grace);
  EXPECT_EQ(later.counts_from, jumped);
  const auto much_later = remember(later, jumped + base::hours(5), start + base::hours(6), grace);
  EXPECT_EQ(much_later.counts_from, jumped) << "once seen it is remembered";
}

TEST(ClockMemory, AStorageClockThatLagsIsForOthersToJudge) {
  const ClockMemory before{.storage = start, .local = start, .counts_from = {}};
  EXPECT_EQ(remember(before, start + base::hours(1), start + base::days(3), grace).counts_from,
            base::Time{});
}

TEST(ClockMemory, IsKeptInTheCache) {
  TestRepository test;
  const auto repository = test.open();
  const auto now = test.clock.now();
  EXPECT_EQ(must(remember_clock(*repository, now)).counts_from, base::Time{});
  test.clock.advance(base::hours(1));
  const auto jumped = now + base::days(9);
  EXPECT_EQ(must(remember_clock(*repository, jumped)).counts_from, jumped);
  EXPECT_EQ(must(remember_clock(*repository, jumped)).counts_from, jumped);
  EXPECT_EQ(must(remember_clock(*test.open("b"), jumped)).counts_from, base::Time{});
}

}  // namespace
}  // namespace holdfast::repository
