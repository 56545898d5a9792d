// Drills and scenarios as they are read.
#include "strategy/drill.hpp"

#include <gtest/gtest.h>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

TEST(Drill, IsReadWithAllItsKeys) {
  const auto strategy = parse_text(file_text("examples/shop.yaml")).strategy;
  const auto& drill = *strategy.drill("everything");
  EXPECT_TRUE(drill.all);
  EXPECT_EQ(drill.from, "cloud");
  EXPECT_EQ(drill.instant.kind, Instant::Kind::ago);
  EXPECT_EQ(drill.instant.ago, base::hours(1));
  EXPECT_EQ(drill.within, base::hours(4));
  EXPECT_EQ(drill.expect[1].type, "image/jpeg");
  EXPECT_EQ(drill.expect[1].sample, 10U);
  EXPECT_EQ(drill.expect[3].kind, ExpectKind::confirm);
  const auto& scenario = strategy.scenarios.at(0);
  EXPECT_EQ(scenario.rto, base::hours(1));
  ASSERT_EQ(scenario.steps.size(), 3U);
  EXPECT_EQ(scenario.steps[1].kind, ScenarioStep::Kind::drill);
}

TEST(Drill, Instants) {
  EXPECT_EQ(parse_instant("latest").value().kind, Instant::Kind::latest);
  EXPECT_EQ(parse_instant("random").value().kind, Instant::Kind::random);
  EXPECT_EQ(parse_instant("2025-12-04T14:30:00Z").value().at,
            base::parse_utc("2025-12-04T14:30:00Z").value());
  for (const auto* text : {"", "ago", "x ago", "1h", "yesterday", "2025-13-04T14:30:00Z"}) {
    EXPECT_FALSE(parse_instant(text).ok()) << text;
  }
}

TEST(Drill, OneThatExpectsNothingIsWarnedAbout) {
  const auto parsed = parse_text(
      small_strategy("{ every: 1h, to: disk, keep: 7d }", "drills: { d: { restore: home } }\n"));
  EXPECT_TRUE(lines_of(parsed, Severity::error).empty());
  ASSERT_EQ(lines_of(parsed, Severity::warning).size(), 1U);
  EXPECT_NE(lines_of(parsed, Severity::warning)[0].find("expects nothing"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::strategy
