// What differs between two strategies, and what follows from it.
#include "strategy/diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Follows = Consequence::Kind;

const auto start = base::parse_utc("2026-01-01T00:00:00Z").value();

StrategyDiff compared(const std::string& before, const std::string& after) {
  const auto a = parse_text(before);
  const auto b = parse_text(after);
  EXPECT_THAT(lines_of(a, Severity::error), IsEmpty());
  EXPECT_THAT(lines_of(b, Severity::error), IsEmpty());
  return diff(a.strategy, b.strategy, start);
}

std::vector<std::string> sentences(const StrategyDiff& made) {
  std::vector<std::string> all;
  for (const auto& change : made.changes) all.push_back(change.sentence());
  return all;
}

const Consequence* find(const StrategyDiff& made, Follows kind) {
  const auto found = std::find_if(made.consequences.begin(), made.consequences.end(),
                                  [&](const auto& each) { return each.kind == kind; });
  return found == made.consequences.end() ? nullptr : &*found;
}

const auto daily = small_strategy("{ at: \"02:00\", to: disk, keep: 30d }");

TEST(StrategyDiff, NothingDiffersFromItself) {
  for (const auto* name : {"shop", "neurocred", "sin-solver"}) {
    const auto text = file_text(std::string("examples/") + name + ".yaml");
    const auto made = compared(text, text);
    EXPECT_THAT(made.changes, IsEmpty()) << name;
    EXPECT_THAT(made.consequences, IsEmpty()) << name;
  }
}

TEST(StrategyDiff, AShorterKeepIsCounted) {
  const auto made = compared(daily, small_strategy("{ at: \"02:00\", to: disk, keep: 7d }"));
  EXPECT_THAT(sentences(made), ElementsAre("home/daily at disk: keep: for 30 days -> for 7 days"));
  const auto* shorter = find(made, Follows::kept_shorter);
  ASSERT_NE(shorter, nullptr);
  EXPECT_EQ(shorter->kept_before, 30U);
  EXPECT_EQ(shorter->kept_after, 7U);
  EXPECT_TRUE(shorter->is_loss());
  // Longer is no loss.
  EXPECT_THAT(compared(small_strategy("{ at: \"02:00\", to: disk, keep: 7d }"), daily).consequences,
              IsEmpty());
}

TEST(StrategyDiff, ASlowerScheduleLosesMore) {
  const auto made = compared(daily, small_strategy("{ at: \"Sun 02:00\", to: disk, keep: 30d }"));
  EXPECT_THAT(sentences(made),
              ElementsAre("home/daily: schedule: every day at 02:00 -> on Sunday at 02:00"));
  const auto* more = find(made, Follows::loses_more);
  ASSERT_NE(more, nullptr);
  EXPECT_EQ(more->text, "home: at worst 7 days is lost instead of 1 day.");
  EXPECT_NE(find(made, Follows::kept_shorter), nullptr);
}

TEST(StrategyDiff, PlansThatStop) {
  const auto both = small_strategy("{ at: \"02:00\", to: disk, keep: 30d }",
                                   "      weekly: { at: \"Sun 02:00\", to: disk, keep: 90d }\n");
  const auto gone = compared(both, daily);
  const auto* stops = find(gone, Follows::plan_stops);
  ASSERT_NE(stops, nullptr);
  EXPECT_EQ(stops->text,
            "home/weekly no longer runs by itself; what only it kept expires with the next run.");
  EXPECT_THAT(sentences(gone), ElementsAre("home/weekly: plan is gone: on Sunday at 02:00"));
  for (const auto* plan : {"{ when: manual, to: disk, keep: 30d }",
                           "{ at: \"02:00\", enabled: false, to: disk, keep: 30d }"}) {
    const auto made = compared(daily, small_strategy(plan));
    ASSERT_NE(find(made, Follows::plan_stops), nullptr) << plan;
    ASSERT_NE(find(made, Follows::loses_more), nullptr) << plan;
  }
}

TEST(StrategyDiff, LocationsThatNobodyServes) {
  const std::string head =
      "strategy: small\nlocations:\n  disk: { url: /backups }\n  other: { url: /other }\n"
      "components:\n  home:\n    files: { paths: [/home] }\n    plans:\n";
  const auto made =
      compared(head + "      daily: { at: \"02:00\", to: [disk, other], keep: 30d }\n",
               head + "      daily: { at: \"02:00\", to: disk, keep: 30d }\n");
  EXPECT_THAT(sentences(made), ElementsAre("home/daily at other: keep is gone: for 30 days"));
  const auto* unserved = find(made, Follows::location_not_served);
  ASSERT_NE(unserved, nullptr);
  EXPECT_EQ(unserved->text, "home no longer goes to other: what lies there grows old.");
  EXPECT_EQ(find(made, Follows::kept_shorter), nullptr);
}

TEST(StrategyDiff, ComponentsAndLocationsThatComeAndGo) {
  auto more = daily;
  more +=
      "  etc:\n    files: { paths: [/etc] }\n    plans:\n      daily: { at: \"03:00\", to: disk, "
      "keep: 7d }\n";
  EXPECT_THAT(sentences(compared(daily, more)), ElementsAre("new component: etc"));
  const auto gone = compared(more, daily);
  EXPECT_THAT(sentences(gone), ElementsAre("component is gone: etc"));
  ASSERT_NE(find(gone, Follows::plan_stops), nullptr);
  EXPECT_THAT(find(gone, Follows::plan_stops)->text, HasSubstr("nothing expires it"));
  auto moved = daily;
  moved.replace(moved.find("/backups"), 8, "/elsewhere");
  const auto made = compared(daily, moved);
  EXPECT_THAT(sentences(made), ElementsAre("disk: address: /backups -> /elsewhere"));
  ASSERT_NE(find(made, Follows::to_do), nullptr);
  EXPECT_FALSE(find(made, Follows::to_do)->is_loss());
}

TEST(StrategyDiff, ObjectivesSourcesAndTheWhole) {
  const auto with = [](const std::string& text) {
    return daily + "    objectives: { " + text + " }\n";
  };
  EXPECT_THAT(
      sentences(compared(with("rpo: 1h"), with("rpo: 2h, rto: 1h"))),
      ElementsAre("home: objective rpo: 1 hour -> 2 hours", "home: new objective rto: 1 hour"));
  auto paths = daily;
  paths.replace(paths.find("[/home]"), 7, "[/home, /srv]");
  EXPECT_THAT(sentences(compared(daily, paths)), ElementsAre("home: paths: /home -> /home, /srv"));
  const auto made = compared(daily, "timezone: Europe/Berlin\n" + daily);
  EXPECT_THAT(sentences(made), ElementsAre("time zone: UTC -> Europe/Berlin"));
}

TEST(StrategyDiff, SaysNoPassword) {
  const auto shop = file_text("examples/shop.yaml");
  auto other = shop;
  const std::string url = "postgresql://backup@/shop";
  other.replace(other.find(url), url.size(), "postgresql://backup:hunter2@/shop");
  const auto a = parse_text(shop);
  const auto b = parse_text(other);
  const auto said = sentences(diff(a.strategy, b.strategy, start));
  EXPECT_THAT(said, testing::Not(IsEmpty()));
  for (const auto& sentence : said) EXPECT_THAT(sentence, testing::Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace holdfast::strategy
