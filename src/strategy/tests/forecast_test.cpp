// Forecasts of a year.
#include "strategy/forecast.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

const ForecastAssumptions year{.start = base::parse_utc("2026-01-01T00:00:00Z").value()};

const PlaceForecast& place(const Forecast& made, std::string_view component,
                           std::string_view location) {
  for (const auto& each : made.places) {
    if (each.component == component && each.location == location) return each;
  }
  static const PlaceForecast none;
  return none;
}

TEST(Forecast, CountsAreThoseOfTheRules) {
  const auto strategy = parse_text(file_text("examples/shop.yaml")).strategy;
  const auto made = forecast(strategy, year, TimeZone::find(strategy.timezone).value());
  EXPECT_EQ(place(made, "uploads", "ssd").snapshots_kept, 7U);
  EXPECT_EQ(place(made, "uploads", "cloud").snapshots_made, 52U);
  EXPECT_EQ(place(made, "checkpoints", "ssd").snapshots_kept, 5U);
  EXPECT_EQ(place(made, "environment-file", "cloud").snapshots_kept, 10U);
  EXPECT_EQ(place(made, "cluster", "cloud").snapshots_kept, 30U);
  // 24 hours of every 5 minutes, and 7 days of hours, of which one a day is... none the same
  // plan's.
  EXPECT_EQ(place(made, "database", "ssd").snapshots_kept, 288U + 168U + 2U);
  EXPECT_LT(place(made, "cache", "ssd").snapshots_most, 110U);
  EXPECT_GT(place(made, "database", "cloud").requests, 31'000'000U);
}

TEST(Forecast, SizesAndLimits) {
  auto strategy = parse_text(file_text("examples/shop.yaml")).strategy;
  auto assumptions = year;
  assumptions.length = base::days(30);
  const auto zone = TimeZone::find(strategy.timezone).value();
  EXPECT_THAT(forecast(strategy, assumptions, zone).findings, testing::IsEmpty());
  assumptions.sizes["database"] = 900'000'000'000;
  const auto made = forecast(strategy, assumptions, zone);
  EXPECT_GT(place(made, "database", "ssd").bytes, 450'000'000'000U);
  EXPECT_THAT(made.findings, testing::Contains(testing::StartsWith("ssd would hold")));
  strategy.budget.requests = 1000;
  EXPECT_THAT(forecast(strategy, assumptions, zone).findings,
              testing::Contains(testing::HasSubstr("requests in 30 days; the budget is 1000")));
}

TEST(Forecast, WhatIsTooMuchToCountIsTheMost) {
  auto strategy = parse_text(file_text("examples/shop.yaml")).strategy;
  auto assumptions = year;
  assumptions.length = base::days(60);
  assumptions.changed_per_day = 1;
  assumptions.stored_share = 1;
  assumptions.sizes["uploads"] = std::numeric_limits<std::uint64_t>::max();
  const auto zone = TimeZone::find(strategy.timezone).value();
  const auto made = forecast(strategy, assumptions, zone);
  EXPECT_GE(place(made, "uploads", "ssd").bytes, 9'000'000'000'000'000'000U);
  assumptions.changed_per_day = std::numeric_limits<double>::quiet_NaN();
  EXPECT_GE(forecast(strategy, assumptions, zone).places.size(), 5U);
}

}  // namespace
}  // namespace holdfast::strategy
