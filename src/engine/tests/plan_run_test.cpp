// Runs of plans on real repositories: captured once, copied, caught up, recorded.
#include "engine/plan_run.hpp"

#include <gtest/gtest.h>

#include "engine/component_snapshots.hpp"
#include "strategy_fixture.hpp"

namespace holdfast::engine {

namespace {

using catalog::RunState;

const ProgressCall silent = [](const Progress&) {};

class PlanRunTest : public testing::Test {
 protected:
  PlanRunTest() {
    test.write("data/a", "first");
    EXPECT_TRUE(make_places(*test.workplace).ok());
  }
  PlanRunReport run(const std::string& plan) {
    const auto& component = test.component("files");
    return run_plans(*test.workplace, {.component = &component, .plans = {component.plan(plan)}},
                     silent, {})
        .value();
  }
  repository::SnapshotList snapshots(const std::string& location) {
    const auto place = open_place(*test.workplace, *test.strategy.location(location)).value();
    return repository::list_snapshots(place->repository()).value();
  }
  std::vector<std::string> log_of(const std::string& id) {
    std::vector<std::string> lines;
    const auto found = test.catalog->runs().lines(id).value();
    for (const auto& line : found) lines.push_back(line.text);
    return lines;
  }

  TestStrategy test{
      "  files:\n"
      "    files: { paths: [data] }\n"
      "    hooks: { before: ['echo before'], failed: ['echo failed'], after: ['echo "
      "$HOLDFAST_STATE'] }\n"
      "    plans:\n"
      "      daily: { at: '03:00', to: { ssd: { last: 2 }, hdd: 7d } }\n"
      "      weekly: { copy: daily, at: 'Sun 03:00', to: { hdd: 30d } }\n"};
};

TEST_F(PlanRunTest, CapturesOnceAndCopies) {
  const auto report = run("daily");
  EXPECT_EQ(report.end.state, RunState::succeeded) << report.end.message;
  ASSERT_EQ(report.places.size(), 2U);
  EXPECT_EQ(report.places[0].state, PlaceOutcome::State::captured);
  EXPECT_EQ(report.places[1].state, PlaceOutcome::State::copied);
  const auto copy = snapshots("hdd").snapshots.at(0);
  EXPECT_EQ(plans_of(copy), std::vector<std::string>{"daily"});
  EXPECT_EQ(base::to_hex(copy.id), report.places[1].snapshot);
  EXPECT_EQ(test.catalog->runs().get(report.run).value().end.state, RunState::succeeded);
  EXPECT_TRUE(test.catalog->evidence().check().ok());
  EXPECT_EQ(test.catalog->evidence().list(0, 10).value().size(), 1U);
  const auto log = log_of(report.run);
  EXPECT_NE(std::find(log.begin(), log.end(), "before"), log.end());
  EXPECT_NE(std::find(log.begin(), log.end(), "succeeded"), log.end());
}

TEST_F(PlanRunTest, ALocationThatIsDownIsCaughtUp) {
  test.unmount("hdd");
  const auto report = run("daily");
  EXPECT_EQ(report.end.state, RunState::warnings);
  EXPECT_EQ(report.places[1].state, PlaceOutcome::State::waiting);
  EXPECT_FALSE(std::filesystem::exists(test.directory / "hdd"));
  ASSERT_EQ(test.catalog->copies().waiting().value().size(), 1U);
  test.mount("hdd");
  // Its time has not come yet.
  ASSERT_TRUE(catch_up_copies(*test.workplace, silent, {}).ok());
  EXPECT_EQ(test.catalog->copies().waiting().value().size(), 1U);
  auto waiting = test.catalog->copies().waiting().value().front();
  waiting.next_attempt = test.clock.now();
  ASSERT_TRUE(test.catalog->copies().put(waiting).ok());
  ASSERT_TRUE(catch_up_copies(*test.workplace, silent, {}).ok());
  EXPECT_TRUE(test.catalog->copies().waiting().value().empty());
  EXPECT_EQ(plans_of(snapshots("hdd").snapshots.at(0)), std::vector<std::string>{"daily"});
}

TEST_F(PlanRunTest, CapturesWhereItCan) {
  test.unmount("ssd");
  const auto report = run("daily");
  EXPECT_EQ(report.end.state, RunState::warnings);
  EXPECT_EQ(snapshots("hdd").snapshots.size(), 1U);
  EXPECT_EQ(test.catalog->copies().waiting().value().at(0).location, "ssd");
}

TEST_F(PlanRunTest, FailsWhereNothingIsUp) {
  test.unmount("ssd");
  test.unmount("hdd");
  const auto report = run("daily");
  EXPECT_EQ(report.end.state, RunState::failed);
  EXPECT_NE(report.end.message.find("no location"), std::string::npos);
  const auto log = log_of(report.run);
  EXPECT_NE(std::find(log.begin(), log.end(), "hook: echo failed"), log.end());
  EXPECT_TRUE(test.catalog->copies().waiting().value().empty());
}

TEST_F(PlanRunTest, KeepsWhatRetentionSays) {
  for (int i = 0; i < 4; ++i) {
    test.write("data/a", std::to_string(i));
    EXPECT_EQ(run("daily").end.state, RunState::succeeded);
  }
  EXPECT_EQ(snapshots("ssd").snapshots.size(), 2U);
  EXPECT_EQ(snapshots("hdd").snapshots.size(), 4U);
  std::uint64_t deletions = 0;
  const auto evidence = test.catalog->evidence().list(0, 100).value();
  for (const auto& each : evidence) {
    if (each.kind == "deletion") ++deletions;
  }
  EXPECT_EQ(deletions, 2U);
}

TEST_F(PlanRunTest, ACopyPlanClaimsWhatIsThere) {
  EXPECT_EQ(run("weekly").end.state, RunState::failed);  // there is nothing to copy
  EXPECT_EQ(run("daily").end.state, RunState::succeeded);
  const auto report = run("weekly");
  EXPECT_EQ(report.end.state, RunState::succeeded) << report.end.message;
  ASSERT_EQ(snapshots("hdd").snapshots.size(), 1U);
  EXPECT_EQ(plans_of(snapshots("hdd").snapshots.at(0)),
            (std::vector<std::string>{"daily", "weekly"}));
}

TEST_F(PlanRunTest, AHookThatFailsEndsTheRun) {
  TestStrategy other(
      "  files:\n    files: { paths: [data] }\n    hooks: { before: ['echo no; exit 3'] }\n"
      "    plans: { daily: { at: '03:00', to: { ssd: 7d } } }\n");
  other.write("data/a", "x");
  ASSERT_TRUE(make_places(*other.workplace).ok());
  const auto report =
      run_plans(*other.workplace, other.run_of("files", "daily"), silent, {}).value();
  EXPECT_EQ(report.end.state, RunState::failed);
  EXPECT_NE(report.end.message.find("status 3"), std::string::npos) << report.end.message;
}

TEST_F(PlanRunTest, EventsMarkTheSnapshot) {
  catalog::HappeningRecord happening{
      .number = 1, .event = "epoch", .id = "7", .tags = {{"model", "a"}}, .at = test.clock.now()};
  auto what = test.run_of("files", "daily");
  what.reason = catalog::RunReason::event;
  what.happening = happening;
  const auto report = run_plans(*test.workplace, what, silent, {}).value();
  EXPECT_EQ(report.end.state, RunState::succeeded);
  const auto record = snapshots("ssd").snapshots.at(0);
  EXPECT_EQ(tag_of(record, "model"), "a");
  EXPECT_EQ(tag_of(record, event_id_tag), "7");
}

}  // namespace

}  // namespace holdfast::engine
