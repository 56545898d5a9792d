// Reading when something is due, and saying it in words.
#include "strategy/when.hpp"

#include <gtest/gtest.h>

namespace holdfast::strategy {
namespace {

TEST(When, TimesOfDay) {
  EXPECT_EQ(parse_at("02:00").value().minute_of_day, 120);
  EXPECT_EQ(parse_at("2:05").value().minute_of_day, 125);
  EXPECT_EQ(parse_at("Sun 05:00").value().weekdays.to_ulong(), 1U);
  EXPECT_EQ(parse_at("fri-mon 05:00").value().weekdays.to_ulong(), 0b1100011U);
  EXPECT_EQ(parse_at("Monday,wed 05:00").value().weekdays.to_ulong(), 0b1010U);
  const auto dates = parse_at("1st,15th,last 06:00").value();
  EXPECT_TRUE(dates.month_days.test(1) && dates.month_days.test(15) && dates.last_of_month);
  for (const auto* text : {"", "2", "24:00", "02:60", "2:0", "-1:00", "Sun", "Sun Mon 02:00",
                           "32nd 02:00", "1th 02:00", "Sun,1st 02:00", "noon", "02:00 Sun"}) {
    EXPECT_FALSE(parse_at(text).ok()) << text;
  }
}

TEST(When, Cron) {
  const auto cron = parse_cron("*/15 0-5,22 1 jan,3 mon-fri").value();
  EXPECT_EQ(cron.minutes.count(), 4U);
  EXPECT_EQ(cron.hours.count(), 7U);
  EXPECT_EQ(cron.months.to_ulong(), 0b1010U);
  EXPECT_EQ(cron.weekdays.to_ulong(), 0b0111110U);
  EXPECT_FALSE(cron.any_month_day);
  EXPECT_TRUE(parse_cron("0 0 * * 7").value().weekdays.test(0));
  EXPECT_EQ(parse_cron("0-59/5 * * * *").value().minutes.count(), 12U);
  EXPECT_EQ(parse_cron("5/20 * * * *").value().minutes.count(), 3U);
  EXPECT_EQ(parse_cron("@daily").value(), parse_cron("0 0 * * *").value());
  for (const auto* text : {"", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
                           "* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *", "1,, * * * *",
                           "0 0 31 2 *", "0 0 30 feb *", "@reboot"}) {
    const auto wrong = parse_cron(text);
    ASSERT_FALSE(wrong.ok()) << text;
    EXPECT_FALSE(wrong.error().hint().empty());
  }
}

TEST(When, Occasions) {
  EXPECT_EQ(parse_when("change").value().kind, WhenKind::change);
  EXPECT_EQ(parse_when("event deploy").value().event, "deploy");
  EXPECT_NE(parse_when("02:00").error().hint().find("at:"), std::string::npos);
  EXPECT_NE(parse_when("5m").error().hint().find("every:"), std::string::npos);
  EXPECT_NE(parse_when("event").error().hint().find("event NAME"), std::string::npos);
  EXPECT_FALSE(parse_when("sometimes").ok());
}

TEST(When, Windows) {
  const auto office = parse_window("Mon-Fri 08:00-18:00").value();
  EXPECT_EQ(office.weekdays.count(), 5U);
  EXPECT_EQ(office.from_minute, 480);
  EXPECT_EQ(office.to_minute, 1080);
  EXPECT_EQ(parse_window("22:00-24:00").value().to_minute, 1440);
  for (const auto* text : {"", "08:00", "08:00-08:00", "24:00-02:00", "1st 08:00-09:00", "a-b"}) {
    EXPECT_FALSE(parse_window(text).ok()) << text;
  }
}

TEST(When, Words) {
  EXPECT_EQ(describe(When{.kind = WhenKind::every, .interval = base::minutes(5)}),
            "every 5 minutes");
  EXPECT_EQ(describe(When{.kind = WhenKind::every, .interval = base::hours(1)}), "every hour");
  EXPECT_EQ(describe(When{.kind = WhenKind::every, .interval = base::minutes(90)}),
            "every 1 hour 30 minutes");
  EXPECT_EQ(describe(When{.kind = WhenKind::at,
                          .at = {parse_at("Sun 05:00").value(), parse_at("1st 06:30").value()}}),
            "on Sunday at 05:00 and on the 1st at 06:30");
  EXPECT_EQ(describe(parse_when("event deploy").value()), "at each event deploy");
  EXPECT_EQ(describe(base::Duration{}), "no time");
  EXPECT_EQ(describe(base::days(14)), "14 days");
  EXPECT_EQ(describe(base::milliseconds(250)), "250 milliseconds");
}

}  // namespace
}  // namespace holdfast::strategy
