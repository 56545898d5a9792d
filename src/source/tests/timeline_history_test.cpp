// Histories of timelines, as servers write them.
#include "source/postgres/timeline_history.hpp"

#include <gtest/gtest.h>

namespace holdfast::source {
namespace {

TEST(TimelineHistory, NamesTheAncestors) {
  const auto parsed = parse_timeline_history(
      "1\t0/3000060\tno recovery target specified\n\n# by hand\n2\t1/A0\tbefore 2026-01-01\n");
  ASSERT_TRUE(parsed.ok());
  ASSERT_EQ(parsed.value().size(), 2U);
  EXPECT_EQ(parsed.value()[0].timeline, 1U);
  EXPECT_EQ(parsed.value()[0].left_at, 0x3000060U);
  EXPECT_EQ(parsed.value()[1].timeline, 2U);
  EXPECT_EQ(parsed.value()[1].left_at, 0x1'000000A0U);
  EXPECT_TRUE(parse_timeline_history("").value().empty());
}

TEST(TimelineHistory, NonsenseIsDamage) {
  for (const auto* text : {"x\t0/1\n", "1\n", "1\tzz\n", "2\t0/1\n1\t0/2\n", "1\t0/9\n2\t0/1\n"}) {
    EXPECT_EQ(parse_timeline_history(text).error().code(), base::ErrorCode::damaged) << text;
  }
}

}  // namespace
}  // namespace holdfast::source
