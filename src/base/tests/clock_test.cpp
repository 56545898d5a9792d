// UTC text and the operating system's clocks.
#include "base/clock.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast::base {
namespace {

TEST(FormatUtc, WritesIsoTime) {
  EXPECT_EQ(format_utc({0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_utc({1'700'000'000 * nanoseconds_per_second}), "2023-11-14T22:13:20Z");
}

TEST(FormatUtc, WritesNanosecondsWhereAskedAndPresent) {
  const Time t{nanoseconds_per_second + 5};
  EXPECT_EQ(format_utc(t), "1970-01-01T00:00:01Z");
  EXPECT_EQ(format_utc(t, TimePrecision::nanoseconds), "1970-01-01T00:00:01.000000005Z");
  EXPECT_EQ(format_utc({nanoseconds_per_second}, TimePrecision::nanoseconds),
            "1970-01-01T00:00:01Z");
}

TEST(FormatUtc, CountsBackBefore1970) {
  EXPECT_EQ(format_utc({-1}, TimePrecision::nanoseconds), "1969-12-31T23:59:59.999999999Z");
}

TEST(ParseUtc, RefusesOtherForms) {
  for (const char* text :
       {"", "2999-01-01T00:00:00Z", "2026-01-31", "2026-01-31T12:00:00",
        "2026-01-31T12:00:00+01:00", "2026-13-31T12:00:00Z", "2026-02-29T12:00:00Z",
        "2026-04-31T12:00:00Z", "2026-00-31T12:00:00Z", "2026-01-32T12:00:00Z",
        "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31 12:00:00Z",
        "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00.1234567890Z", "2026-01-31T12:00:00,5Z",
        "2o26-01-31T12:00:00Z", "2026-01-31T12:00:00.5x Z"}) {
    EXPECT_FALSE(parse_utc(text).ok()) << text;
  }
}

TEST(ParseUtc, ReadsFractionsOfAnyLength) {
  EXPECT_EQ(parse_utc("1970-01-01T00:00:00.5Z").value().nanoseconds, 500'000'000);
  EXPECT_EQ(parse_utc("1970-01-01T00:00:00.000000001Z").value().nanoseconds, 1);
}

RC_GTEST_PROP(Utc, ComesBack, ()) {
  // 1900 to 2200.
  const auto second = *rc::gen::inRange<std::int64_t>(-2'208'988'800, 7'258'118'400);
  const auto rest = *rc::gen::inRange<std::int64_t>(0, nanoseconds_per_second);
  const Time t{second * nanoseconds_per_second + rest};
  RC_ASSERT(parse_utc(format_utc(t, TimePrecision::nanoseconds)).value() == t);
}

TEST(SystemClock, MonotonicTimeDoesNotGoBack) {
  const SystemClock clock;
  auto last = clock.monotonic();
  for (int i = 0; i < 1000; ++i) {
    const auto now = clock.monotonic();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_GT(clock.now().nanoseconds, 1'700'000'000 * nanoseconds_per_second);
}

}  // namespace
}  // namespace holdfast::base
