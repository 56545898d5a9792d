// Sizes and durations as people write and read them.
#include "base/units.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::base {
namespace {

TEST(ParseSize, KnowsPowersOfTenAndOfTwo) {
  EXPECT_EQ(parse_size("17").value(), 17U);
  EXPECT_EQ(parse_size("0B").value(), 0U);
  EXPECT_EQ(parse_size("500GB").value(), 500'000'000'000U);
  EXPECT_EQ(parse_size("512KiB").value(), 512U * 1024);
  EXPECT_EQ(parse_size("64M").value(), 64U * 1024 * 1024);
  EXPECT_EQ(parse_size("2TiB").value(), 2048U * GiB);
}

TEST(ParseSize, RefusesWhatIsNoSizeAndSaysHow) {
  for (const char* text :
       {"", "GB", "-1", "1.5GB", "1 GB", "1gb", "12XB", "1KBx", "99999999999999999999"}) {
    const auto got = parse_size(text);
    ASSERT_FALSE(got.ok()) << text;
    EXPECT_EQ(got.error().code(), ErrorCode::invalid_argument);
    EXPECT_THAT(got.error().hint(), testing::HasSubstr("64MiB"));
  }
}

TEST(ParseSize, RefusesOverflow) {
  EXPECT_TRUE(parse_size("18446744073709551615").ok());
  EXPECT_FALSE(parse_size("18446744073709551616").ok());
  EXPECT_FALSE(parse_size("18014398509481984KiB").ok());
}

TEST(FormatSize, HasThreeSignificantDigits) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(1023), "1023 B");
  EXPECT_EQ(format_size(1024), "1.00 KiB");
  EXPECT_EQ(format_size(1536 * MiB), "1.50 GiB");
  EXPECT_EQ(format_size(150 * KiB), "150 KiB");
  EXPECT_EQ(format_size(UINT64_MAX), "16.0 EiB");
}

TEST(ParseDuration, AddsItsParts) {
  EXPECT_EQ(parse_duration("90s").value(), seconds(90));
  EXPECT_EQ(parse_duration("1h30m").value(), minutes(90));
  EXPECT_EQ(parse_duration("2w").value(), days(14));
  EXPECT_EQ(parse_duration("250ms").value(), milliseconds(250));
}

TEST(ParseDuration, RefusesMonthsBareNumbersAndOverflow) {
  for (const char* text :
       {"", "12mo", "5", "m", "1h 30m", "-5m", "1.5h", "9999999999999w", "18446744073709551615s"}) {
    const auto got = parse_duration(text);
    ASSERT_FALSE(got.ok()) << text;
    EXPECT_EQ(got.error().code(), ErrorCode::invalid_argument);
  }
}

TEST(FormatDuration, ChoosesTheUnitByTheSize) {
  EXPECT_EQ(format_duration(milliseconds(350)), "350 ms");
  EXPECT_EQ(format_duration(milliseconds(2410)), "2.41 s");
  EXPECT_EQ(format_duration(seconds(200)), "3m 20s");
  EXPECT_EQ(format_duration(minutes(65)), "1h 05m");
  EXPECT_EQ(format_duration(hours(49)), "2d 01h");
}

}  // namespace
}  // namespace holdfast::base
