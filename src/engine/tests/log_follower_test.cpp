// Names by which a log and its slot are known. What following does is tested on real servers, in
// tests/integration/postgres_log_test.py.
#include "engine/log_follower.hpp"

#include "log_fixture.hpp"

namespace holdfast::engine {
namespace {

TEST(LogFollower, NamesAreThoseThatServersTake) {
  strategy::Strategy strategy;
  strategy.name = "shop";
  strategy::Component component;
  component.name = "Main Database-2";
  EXPECT_EQ(log_stream(component, "42"), "Main Database-2/42");
  const auto slot = log_slot(strategy, component);
  EXPECT_TRUE(slot.starts_with("holdfast_main_database_2_")) << slot;
  component.name = std::string(200, 'x');
  EXPECT_LE(log_slot(strategy, component).size(), 63U);
  // Two strategies on one server have two slots.
  strategy.name = "other";
  component.name = "Main Database-2";
  EXPECT_NE(log_slot(strategy, component), slot);
  EXPECT_EQ(log_lane_state_name(LogLaneState::State::behind), "behind");
}

// Nobody answers: it says so, keeps trying, and stops when it is told to.
TEST_F(LogTestBase, ASourceThatIsDownIsToldAndTriedAgain) {
  TestStrategy down(
      "  db:\n    postgres: { url: \"postgresql://127.0.0.1:1/db\" }\n    plans:\n"
      "      wal: { type: log, when: continuous, to: { ssd: 7d } }\n"
      "      base: { type: physical, every: 1d, to: { ssd: 7d } }\n");
  io::ThreadExecutor executor;
  const auto& db = down.component("db");
  LogFollower follower(*down.workplace, db, *db.plan("wal"), executor);
  std::stop_source stop;
  const auto task = executor.spawn("follow", [&] { follower.run(stop.get_token()); });
  while (follower.state().source != LogState::Source::down) {
    executor.sleep(base::milliseconds(10), {});
  }
  EXPECT_FALSE(follower.state().message.empty());
  stop.request_stop();
  task->join();
}

}  // namespace
}  // namespace holdfast::engine
