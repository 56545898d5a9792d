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
