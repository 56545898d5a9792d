// Maintenance: what has expired goes, and the room that it took.
#include "engine/maintenance.hpp"

#include <gtest/gtest.h>

#include "engine/plan_run.hpp"
#include "repository/snapshot_list.hpp"
#include "strategy_fixture.hpp"

namespace holdfast::engine {

namespace {

const ProgressCall silent = [](const Progress&) {};

class MaintenanceTest : public testing::Test {
 protected:
  MaintenanceTest() {
    test.write("data/a", "first");
    EXPECT_TRUE(make_places(*test.workplace).ok());
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(run_plans(*test.workplace, test.run_of("files", "daily"), silent, {}).ok());
    }
  }
  const strategy::Location& ssd() { return *test.strategy.location("ssd"); }

  TestStrategy test{
      "  files:\n    files: { paths: [data] }\n"
      "    plans: { daily: { at: '03:00', to: [ssd], keep: { last: 3 } } }\n"};
};

TEST_F(MaintenanceTest, ForgetsWhatANewRuleNoLongerWants) {
  test.strategy.components[0].plans[0].to[0].keep.last = 1;
  const auto report = maintain(*test.workplace, ssd(), {}).value();
  EXPECT_EQ(report.forgotten, 2U);
  const auto run = test.catalog->runs().get(report.run).value();
  EXPECT_EQ(run.start.kind, catalog::RunKind::expire);
  EXPECT_EQ(run.end.state, catalog::RunState::succeeded);
  const auto place = open_place(*test.workplace, ssd()).value();
  EXPECT_EQ(repository::list_snapshots(place->repository()).value().snapshots.size(), 1U);
}

TEST_F(MaintenanceTest, ALocationThatIsDownIsAnOutage) {
  test.unmount("ssd");
  const auto done = maintain(*test.workplace, ssd(), {});
  ASSERT_FALSE(done.ok());
}

TEST_F(MaintenanceTest, StopsWhenItIsAsked) {
  std::stop_source stop;
  stop.request_stop();
  const auto done = maintain(*test.workplace, ssd(), stop.get_token());
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code(), base::ErrorCode::cancelled);
}

}  // namespace

}  // namespace holdfast::engine
