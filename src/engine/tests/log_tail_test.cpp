// The tail of a log: what has come is given out in blocks and parts of them.
#include "../log_tail.hpp"

#include <gtest/gtest.h>

namespace holdfast::engine {
namespace {

using base::Time;

class LogTailTest : public testing::Test {
 protected:
  void append(std::string_view text, std::int64_t at = 1) {
    tail.append(base::as_bytes(text), base::Time{at * base::nanoseconds_per_second});
  }
  std::string text_after(std::uint64_t position) const {
    const auto part = tail.part_after(position);
    EXPECT_EQ(part.end - part.start, part.bytes.size());
    return std::to_string(part.start) + ":" + std::string(base::as_text(part.bytes));
  }

  io::ThreadExecutor executor;
  LogTail tail{10, 3, executor};
};

TEST_F(LogTailTest, GivesWhatFollowsAndWholeBlocks) {
  tail.begin(1, 20);
  EXPECT_EQ(text_after(20), "20:");
  append("abcd");
  EXPECT_EQ(text_after(20), "20:abcd");
  EXPECT_EQ(text_after(22), "22:cd");
  EXPECT_EQ(text_after(24), "24:");
  append("efghijKL");
  EXPECT_EQ(text_after(22), "20:abcdefghij");
  EXPECT_EQ(text_after(30), "30:KL");
  EXPECT_EQ(tail.state().end, 32U);
  EXPECT_EQ(tail.state().lineage, 1U);
}

TEST_F(LogTailTest, KnowsItsRoom) {
  tail.begin(1, 0);
  EXPECT_EQ(tail.room(), 30U);
  append("0123456789012345678901234567");
  EXPECT_EQ(tail.room(), 2U);
  append("89");
  EXPECT_EQ(tail.room(), 0U);
  tail.release(9);
  EXPECT_EQ(tail.room(), 0U);
  tail.release(20);
  EXPECT_EQ(tail.room(), 20U);
  EXPECT_EQ(tail.state().start, 20U);
  tail.release(30);
  EXPECT_EQ(tail.room(), 30U);
  EXPECT_EQ(tail.state().start, 30U);
}

TEST_F(LogTailTest, MarksLieWithinTheirPart) {
  tail.begin(1, 0);
  append("01234", 1);
  append("56789ab", 2);
  tail.mark({9 * base::nanoseconds_per_second});
  const auto whole = tail.part_after(0);
  ASSERT_EQ(whole.marks.size(), 1U);
  EXPECT_EQ(whole.marks[0].position, 5U);
  const auto rest = tail.part_after(10);
  EXPECT_EQ(rest.marks.back().position, 12U);
  EXPECT_EQ(rest.marks.back().at, Time{9 * base::nanoseconds_per_second});
  // Nothing but a mark.
  const auto idle = tail.part_after(12);
  EXPECT_TRUE(idle.bytes.empty());
  ASSERT_FALSE(idle.marks.empty());
  EXPECT_EQ(idle.marks.back().at, Time{9 * base::nanoseconds_per_second});
  EXPECT_EQ(tail.state().marked, Time{9 * base::nanoseconds_per_second});
}

TEST_F(LogTailTest, WhatIsNotKnownToBeAllIsNotMarked) {
  tail.begin(1, 0);
  tail.append(base::as_bytes("0123"), std::nullopt);
  EXPECT_TRUE(tail.part_after(0).marks.empty());
  EXPECT_EQ(tail.state().marked, Time{});
}

TEST_F(LogTailTest, ManyMarksAreThinned) {
  LogTail large(1'000'000, 2, executor);
  large.begin(1, 0);
  for (std::int64_t i = 0; i < 10'000; ++i) {
    large.append(base::as_bytes("x"), base::Time{i * base::nanoseconds_per_second});
  }
  const auto part = large.part_after(0);
  EXPECT_LE(part.marks.size(), 130U);
  EXPECT_EQ(part.marks.back().position, 10'000U);
}

TEST_F(LogTailTest, ABlockThatHasComeEndsTheWait) {
  tail.begin(1, 0);
  const auto task = executor.spawn("appends", [this] { append("0123456789"); });
  while (tail.state().end < 10) tail.wait_for_block(3, base::seconds(10));
  EXPECT_EQ(text_after(3), "0:0123456789");
}

TEST_F(LogTailTest, BeginsAnew) {
  tail.begin(1, 0);
  append("0123");
  tail.begin(2, 10);
  EXPECT_EQ(tail.state().lineage, 2U);
  EXPECT_EQ(tail.state().end, 10U);
  EXPECT_EQ(text_after(10), "10:");
}

}  // namespace
}  // namespace holdfast::engine
