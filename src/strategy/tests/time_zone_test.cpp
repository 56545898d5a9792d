// Local days and instants, at known changes of the clock.
#include "strategy/time_zone.hpp"

#include <gtest/gtest.h>

namespace holdfast::strategy {
namespace {

using base::Time;

Time at(const char* text) { return base::parse_utc(text).value(); }

TEST(TimeZone, NamesAreThoseOfTheDatabase) {
  EXPECT_TRUE(TimeZone::find("Europe/Berlin").ok());
  EXPECT_EQ(TimeZone::utc().stretch(at("2026-01-01T00:00:00Z")).offset_seconds, 0);
  for (const auto* name : {"", "Europe/Berlni", "../../../etc/passwd", "a b", "\n"}) {
    const auto zone = TimeZone::find(name);
    ASSERT_FALSE(zone.ok()) << name;
    EXPECT_EQ(zone.error().code(), base::ErrorCode::invalid_argument);
    EXPECT_FALSE(zone.error().hint().empty());
  }
}

TEST(TimeZone, SummerAndWinter) {
  const auto berlin = TimeZone::find("Europe/Berlin").value();
  EXPECT_EQ(berlin.format(at("2026-01-01T00:00:00Z")), "2026-01-01 01:00 CET");
  EXPECT_EQ(berlin.format(at("2026-07-01T23:30:00Z")), "2026-07-02 01:30 CEST");
  const auto winter = berlin.stretch(at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(winter.offset_seconds, 3600);
  EXPECT_EQ(winter.end, at("2026-03-29T01:00:00Z"));
}

TEST(TimeZone, TimesThatAreSkippedOrComeTwice) {
  const auto berlin = TimeZone::find("Europe/Berlin").value();
  const auto spring = day_number({2026, 3, 29});
  EXPECT_EQ(berlin.instant({spring, 2 * 3600 + 1800}), at("2026-03-29T01:00:00Z"));
  EXPECT_EQ(berlin.instant({spring, 3 * 3600}), at("2026-03-29T01:00:00Z"));
  const auto autumn = day_number({2026, 10, 25});
  EXPECT_EQ(berlin.instant({autumn, 2 * 3600 + 1800}), at("2026-10-25T00:30:00Z"));
  EXPECT_EQ(berlin.instant({autumn, 3 * 3600}), at("2026-10-25T02:00:00Z"));
}

TEST(TimeZone, HalfHours) {
  const auto kolkata = TimeZone::find("Asia/Kolkata").value();
  EXPECT_EQ(kolkata.stretch(at("2026-01-01T00:00:00Z")).offset_seconds, 19'800);
  const auto lord_howe = TimeZone::find("Australia/Lord_Howe").value();
  const auto summer = lord_howe.stretch(at("2026-01-01T00:00:00Z")).offset_seconds;
  EXPECT_EQ(summer - lord_howe.stretch(at("2026-07-01T00:00:00Z")).offset_seconds, 1800);
}

TEST(TimeZone, Dates) {
  EXPECT_EQ(day_number({1970, 1, 1}), 0);
  EXPECT_EQ(weekday_of(0), 4);
  EXPECT_EQ(weekday_of(day_number({2026, 11, 22})), 0);
  EXPECT_EQ(weekday_of(-1), 3);
  EXPECT_EQ(days_in_month(2024, 2), 29);
  EXPECT_EQ(days_in_month(2026, 2), 28);
  for (DayNumber day = -1000; day < 40'000; ++day) {
    const auto date = date_of(day);
    ASSERT_EQ(day_number(date), day);
    ASSERT_LE(date.day, days_in_month(date.year, date.month));
  }
}

}  // namespace
}  // namespace holdfast::strategy
