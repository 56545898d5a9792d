// Plans, levels and verifications as they are read.
#include "strategy/plan.hpp"

#include <gtest/gtest.h>

#include <set>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

TEST(Plan, LevelsAreOrderedAndNamed) {
  for (int level = 0; level <= static_cast<int>(Level::restorable); ++level) {
    const auto each = static_cast<Level>(level);
    EXPECT_EQ(parse_level(level_name(each)), each);
  }
  EXPECT_LT(Level::intact, Level::sound);
  EXPECT_EQ(parse_level("perfect"), std::nullopt);
}

TEST(Plan, TypesHaveNames) {
  std::set<std::string_view> names;
  for (int type = 0; type <= static_cast<int>(PlanType::dump); ++type) {
    names.insert(plan_type_name(static_cast<PlanType>(type)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(PlanType::dump) + 1);
}

TEST(Plan, IsReadWithAllItsKeys) {
  const auto parsed = parse_text(small_strategy(
      "{ when: change, settle: 10s, at-most: 1m, sweep: 1h, to: [disk], keep: { versions: 3 }, "
      "demand: intact, jitter: 2m, blackout: \"08:00-18:00\", stall: 5m, note: hello, type: full }",
      "    verify:\n      a: { at: [\"02:00\", \"14:00\"], level: intact, of: 10% }\n"
      "      b: { after: each, level: sound }\n"));
  EXPECT_TRUE(lines_of(parsed, Severity::error).empty());
  const auto& component = parsed.strategy.components.at(0);
  const auto& plan = component.plans.at(0);
  EXPECT_EQ(plan.type, PlanType::full);
  EXPECT_EQ(plan.settle, base::seconds(10));
  EXPECT_EQ(plan.at_most, base::minutes(1));
  EXPECT_EQ(plan.sweep, base::hours(1));
  EXPECT_EQ(plan.demand, Level::intact);
  EXPECT_EQ(plan.jitter, base::minutes(2));
  EXPECT_EQ(plan.blackout.size(), 1U);
  EXPECT_EQ(plan.stall, base::minutes(5));
  EXPECT_NE(plan.destination("disk"), nullptr);
  EXPECT_EQ(plan.destination("moon"), nullptr);
  ASSERT_EQ(component.verifications.size(), 2U);
  EXPECT_EQ(component.verifications[0].when.at.size(), 2U);
  EXPECT_EQ(component.verifications[0].of.percent, 10);
  EXPECT_EQ(component.verifications[1].when.kind, WhenKind::each);
  EXPECT_EQ(component.verifications[1].of.kind, Sample::Kind::unverified);
}

TEST(Plan, VerificationsRunByTheClockByHandAtEventsOrAfterEach) {
  const auto told = [](const std::string& when) {
    return lines_of(
        parse_text(small_strategy("{ every: 1h, to: disk, keep: 7d }",
                                  "    verify:\n      a: { " + when + ", level: intact }\n")),
        Severity::error);
  };
  for (const auto* good : {"after: each", "every: 1s", "at: \"02:00\"", "cron: \"0 2 * * *\"",
                           "when: manual", "when: event deploy"}) {
    EXPECT_TRUE(told(good).empty()) << good;
  }
  for (const auto* bad : {"when: change", "when: commit", "when: continuous"}) {
    const auto errors = told(bad);
    ASSERT_EQ(errors.size(), 1U) << bad;
    EXPECT_NE(errors[0].find("10:18 a verification can't run "), std::string::npos) << errors[0];
  }
  EXPECT_NE(told("every: 10ms").at(0).find("an interval is a second or more"), std::string::npos);
  EXPECT_NE(told("every: 1500ms").at(0).find("an interval is whole seconds"), std::string::npos);
}

TEST(Plan, KeysOfOtherPlansAreRefused) {
  const auto errors = lines_of(
      parse_text(small_strategy("{ every: 1h, sweep: 1h, flush: 1s, to: disk, keep: 7d }")),
      Severity::error);
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_NE(errors[0].find("sweep goes with when: change"), std::string::npos);
  EXPECT_NE(errors[1].find("flush goes with type: log"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::strategy
