// Bytes that pass as soon as they may: over any two seconds, no more than a tenth above the rate.
#include "rate.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace holdfast::wire {

namespace {

// Bytes that passed in each millisecond, when whoever sends wakes up `late` after it might.
std::vector<std::uint64_t> sent_by_millisecond(std::uint64_t bytes_per_second, base::Duration late,
                                               std::size_t milliseconds) {
  Rate rate(bytes_per_second);
  std::vector<std::uint64_t> sent(milliseconds);
  base::Duration now = base::seconds(100);
  const auto begun = now;
  for (;;) {
    if (const auto wait = rate.wait(now); wait.nanoseconds > 0) now = now + wait + late;
    const auto at = static_cast<std::size_t>((now - begun).nanoseconds / 1'000'000);
    if (at >= sent.size()) return sent;
    const auto piece = rate.piece_size(1 << 20);
    rate.pass(piece, now);
    sent[at] += piece;
  }
}

TEST(Rate, HoldsOverAnyTwoSeconds) {
  for (const std::uint64_t limit : {60'000U, 1'000'000U, 100'000'000U}) {
    for (const auto late : {base::milliseconds(0), base::milliseconds(1), base::milliseconds(13)}) {
      const auto sent = sent_by_millisecond(limit, late, 20'000);
      std::uint64_t window = 0;
      std::uint64_t total = 0;
      for (std::size_t i = 0; i < sent.size(); ++i) {
        window += sent[i];
        total += sent[i];
        if (i >= 2000) window -= sent[i - 2000];
        ASSERT_LE(window, limit * 2 * 110 / 100) << "at " << i << " ms of " << limit;
      }
      EXPECT_GE(total, limit * 20 * 95 / 100) << limit;
    }
  }
}

TEST(Rate, SavesNothingUp) {
  Rate rate(1000);
  rate.pass(500, base::seconds(10));
  EXPECT_LE(rate.wait(base::seconds(10)), base::milliseconds(500));
  rate.pass(1000, base::hours(1));
  EXPECT_GE(rate.wait(base::hours(1)), base::milliseconds(950));
}

TEST(Rate, WithoutALimitEverythingPasses) {
  Rate rate(std::nullopt);
  EXPECT_FALSE(rate.is_limited());
  rate.pass(1'000'000'000, base::seconds(1));
  EXPECT_LE(rate.wait(base::seconds(1)).nanoseconds, 0);
  EXPECT_EQ(rate.piece_size(12345), 12345U);
}

}  // namespace

}  // namespace holdfast::wire
