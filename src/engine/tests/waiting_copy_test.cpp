// Waiting copies: stored, tried again, given up.
#include "engine/waiting_copy.hpp"

#include <gtest/gtest.h>

namespace holdfast::engine {
namespace {

using base::ErrorCode;
using base::minutes;
using catalog::CopyState;

constexpr base::Time now{1'800'000'000 * base::nanoseconds_per_second};

TEST(WaitingCopy, IsStoredWaitsOnOrIsGivenUp) {
  catalog::CopyRecord waiting;
  waiting.attempts = 2;
  waiting.message = "it was down";
  const auto stored = after_attempt(waiting, {}, now);
  EXPECT_EQ(stored.state, CopyState::stored);
  EXPECT_EQ(stored.message, "");
  EXPECT_EQ(stored.changed, now);
  EXPECT_EQ(stored.attempts, 3U);

  const auto still = after_attempt(waiting, base::Error(ErrorCode::unavailable, "it is down"), now);
  EXPECT_EQ(still.state, CopyState::waiting);
  EXPECT_EQ(still.attempts, 3U);
  EXPECT_EQ(still.next_attempt, now + minutes(4));
  EXPECT_EQ(still.message, "it is down");

  const base::Result<void> absent = base::Error(ErrorCode::not_found, "gone");
  EXPECT_EQ(after_attempt(waiting, absent, now).state, CopyState::dropped);
  EXPECT_EQ(after_attempt(waiting, absent, now, IfAbsent::wait).state, CopyState::waiting);
}

}  // namespace
}  // namespace holdfast::engine
