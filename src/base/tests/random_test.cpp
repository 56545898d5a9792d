// Randomness: seeds replay, bounds hold, the system's source is not a constant.
#include "base/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace holdfast::base {
namespace {

TEST(SeededRandom, TheSameSeedGivesTheSameBytes) {
  SeededRandom a(7);
  SeededRandom b(7);
  SeededRandom c(8);
  const auto first = a.array<100>();
  EXPECT_EQ(first, b.array<100>());
  EXPECT_NE(first, c.array<100>());
  EXPECT_NE(first, a.array<100>()) << "it goes on";
}

TEST(SeededRandom, KnownFirstNumber) {
  // splitmix64 from seed 0, as its author's reference implementation gives it.
  EXPECT_EQ(SeededRandom(0).number(), 0xe220a8397b1dcdafULL);
}

TEST(Random, BelowStaysBelowAndReachesEveryNumber) {
  SeededRandom random(1);
  std::array<int, 7> count{};
  for (int i = 0; i < 7000; ++i) {
    const auto n = random.below(7);
    ASSERT_LT(n, 7U);
    ++count[n];
  }
  for (const int n : count) EXPECT_NEAR(n, 1000, 150);
  EXPECT_EQ(random.below(1), 0U);
}

TEST(Random, BelowTakesTheLargestBound) {
  SeededRandom random(1);
  for (int i = 0; i < 100; ++i) ASSERT_LT(random.below(UINT64_MAX), UINT64_MAX);
}

TEST(SystemRandom, FillsAllOfLargeRequests) {
  SystemRandom random;
  Bytes bytes(100'000);
  random.fill(bytes);
  const std::set<Byte> tail(bytes.end() - 5000, bytes.end());
  EXPECT_GT(tail.size(), 200U);
  EXPECT_NE(random.array<32>(), random.array<32>());
}

}  // namespace
}  // namespace holdfast::base
