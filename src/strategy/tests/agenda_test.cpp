// What runs next.
#include "strategy/agenda.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

base::Time at(const char* text) { return base::parse_utc(text).value(); }

TEST(Agenda, RunsAndVerificationsByStart) {
  const auto strategy =
      parse_text(small_strategy("{ at: [\"02:00\", \"14:00\"], to: disk, keep: 7d, "
                                "blackout: \"08:00-18:00\" }\n      b: { every: 6h, to: disk, "
                                "keep: 1d }",
                                "    verify: { v: { at: \"03:00\", level: intact } }\n"))
          .strategy;
  const auto zone = TimeZone::utc();
  std::vector<std::string> lines;
  for (const auto& each :
       agenda(strategy, at("2026-01-01T00:00:00Z"), at("2026-01-01T23:00:00Z"), zone, 10)) {
    lines.push_back(zone.format(each.start).substr(11, 5) + " " + each.plan);
  }
  EXPECT_THAT(lines, testing::ElementsAre("02:00 daily", "03:00 v", "06:00 b", "12:00 b",
                                          "18:00 daily", "18:00 b"));
  EXPECT_EQ(
      agenda(strategy, at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"), zone, 7).size(), 7U);
}

std::vector<std::string> lines(const Strategy& strategy, const char* after, const char* until) {
  std::vector<std::string> all;
  const auto zone = TimeZone::utc();
  for (const auto& each : agenda(strategy, at(after), at(until), zone, 100)) {
    all.push_back(zone.format(each.slot).substr(11, 5) + " " +
                  zone.format(each.start).substr(11, 5));
  }
  return all;
}

TEST(Agenda, WhatWaitsForTheEndOfAWindowIsToldThoughItWasDueBefore) {
  const auto strategy = parse_text(small_strategy("{ every: 1h, to: disk, keep: 7d, "
                                                  "blackout: \"08:00-18:30\" }"))
                            .strategy;
  EXPECT_THAT(lines(strategy, "2026-01-01T12:00:00Z", "2026-01-01T19:00:00Z"),
              testing::ElementsAre("18:00 18:30", "19:00 19:00"));
  EXPECT_THAT(lines(strategy, "2026-01-01T18:29:00Z", "2026-01-01T18:45:00Z"),
              testing::ElementsAre("18:00 18:30"));
  EXPECT_THAT(lines(strategy, "2026-01-01T18:30:00Z", "2026-01-01T18:45:00Z"), testing::IsEmpty());
  EXPECT_THAT(lines(strategy, "2026-01-01T06:30:00Z", "2026-01-01T12:00:00Z"),
              testing::ElementsAre("07:00 07:00"));
}

TEST(Agenda, VerificationsKeepToTheWindowsOfTheStrategy) {
  const auto strategy =
      parse_text(small_strategy("{ at: \"23:00\", to: disk, keep: 7d }",
                                "    verify: { v: { every: 1h, level: intact } }\n"
                                "blackout: \"08:00-18:30\"\n"))
          .strategy;
  EXPECT_THAT(lines(strategy, "2026-01-01T07:30:00Z", "2026-01-01T19:00:00Z"),
              testing::ElementsAre("18:00 18:30", "19:00 19:00"));
}

TEST(Agenda, JitterThatEndsLater) {
  const auto strategy =
      parse_text(small_strategy("{ at: \"02:00\", to: disk, keep: 7d, jitter: 5h }")).strategy;
  const auto zone = TimeZone::utc();
  const auto start =
      agenda(strategy, at("2026-01-01T00:00:00Z"), at("2026-01-01T23:00:00Z"), zone, 10)
          .at(0)
          .start;
  EXPECT_GT(start, at("2026-01-01T02:00:00Z"));
  EXPECT_EQ(agenda(strategy, start - base::seconds(1), start, zone, 10).size(), 1U);
  EXPECT_TRUE(agenda(strategy, start, start + base::hours(1), zone, 10).empty());
}

TEST(Agenda, ACopyComesAfterWhatItCopies) {
  const auto strategy =
      parse_text(small_strategy("{ every: 1h, to: disk, keep: 7d, blackout: \"08:00-18:00\" }\n"
                                "      b: { copy: daily, at: [\"09:00\", \"10:30\"], to: disk, "
                                "keep: 1d }"))
          .strategy;
  const auto& component = strategy.components.at(0);
  const auto start = [&](const char* slot) {
    return start_of(strategy, component, component.plans.at(1), at(slot), TimeZone::utc());
  };
  EXPECT_EQ(start("2026-01-01T09:00:00Z"), at("2026-01-01T18:00:00Z"));
  EXPECT_EQ(start("2026-01-01T10:30:00Z"), at("2026-01-01T10:30:00Z"));
}

TEST(Agenda, WindowsOfTheStrategyHoldForAll) {
  const auto strategy = parse_text(small_strategy("{ every: 1h, to: disk, keep: 7d }",
                                                  "blackout: [\"00:00-12:00\", \"12:00-24:00\"]\n"))
                            .strategy;
  const auto& component = strategy.components.at(0);
  EXPECT_EQ(start_of(strategy, component, component.plans.at(0), at("2026-01-01T00:00:00Z"),
                     TimeZone::utc()),
            std::nullopt);
}

}  // namespace
}  // namespace holdfast::strategy
