// RunDesk: runs that end well, fail, stall, are cancelled, or hang.
#include "../run_desk.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <thread>

#include "daemon_fixture.hpp"

namespace holdfast::daemon {

namespace {

using catalog::RunState;
using engine::Ending;

class RunDeskTest : public testing::Test {
 protected:
  // What a run does here: tells its id, and waits until it is let go or told to stop.
  CarriedOut carry(const std::function<void(const std::string&)>& began, std::stop_token stop) {
    began(run_id);
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return is_let_go || (obeys && stop.stop_requested()); });
    return is_let_go ? CarriedOut{outcome, ""} : CarriedOut{RunState::cancelled, "stopped"};
  }
  void let_go() {
    const std::lock_guard lock(mutex);
    is_let_go = true;
    changed.notify_all();
  }
  void start() {
    engine::Assignment assignment;
    assignment.number = 7;
    assignment.due.serves.push_back({.task = {"files", "daily", {}}, .slot = {}});
    desk.start(test.shared(), assignment);
  }
  // Looks after the run until it has ended.
  std::optional<Ending> wait_for_end() {
    for (int i = 0; i < 2000; ++i) {
      desk.look_after();
      {
        const std::lock_guard lock(mutex);
        changed.notify_all();
      }
      const auto ended = desk.take_ended();
      if (!ended.empty()) return ended.front().ending;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return std::nullopt;
  }

  DaemonFixture test;
  std::mutex mutex;
  std::condition_variable changed;
  bool is_let_go = false;
  bool obeys = true;
  RunState outcome = RunState::succeeded;
  std::string run_id;
  io::ThreadExecutor executor;
  RunDesk desk{executor, test.strategy.clock,
               [this](const auto&, const auto&, const auto& began, const auto&,
                      std::stop_token stop) { return carry(began, std::move(stop)); },
               [] {}};
};

TEST_F(RunDeskTest, WhatEndsWellIsServed) {
  start();
  EXPECT_FALSE(desk.is_idle());
  EXPECT_TRUE(desk.take_ended().empty());
  let_go();
  EXPECT_EQ(wait_for_end(), Ending::served);
  EXPECT_TRUE(desk.is_idle());
}

TEST_F(RunDeskTest, WhatFailsIsTriedAgain) {
  outcome = RunState::failed;
  start();
  let_go();
  EXPECT_EQ(wait_for_end(), Ending::failed);
}

TEST_F(RunDeskTest, WhatMakesNoProgressIsEndedAndFails) {
  start();
  test.strategy.clock.pass(base::minutes(9));
  EXPECT_TRUE(desk.look_after().empty());
  test.strategy.clock.pass(base::minutes(2));  // `stall: 10m`
  EXPECT_EQ(wait_for_end(), Ending::failed);
}

TEST_F(RunDeskTest, WhatSomebodyCancelsIsNotTriedAgain) {
  run_id = test.strategy.catalog->runs()
               .begin({.kind = catalog::RunKind::backup, .component = "files", .plan = "daily"},
                      test.strategy.random)
               .value();
  start();
  ASSERT_TRUE(test.strategy.catalog->runs().request_cancel(run_id).ok());
  EXPECT_EQ(wait_for_end(), Ending::served);
}

TEST_F(RunDeskTest, WhatTheEndOfTheDaemonStopsIsAbandoned) {
  start();
  desk.stop_all();
  EXPECT_EQ(wait_for_end(), Ending::abandoned);
}

TEST_F(RunDeskTest, WhatDoesNotStopIsToldOnceToHang) {
  obeys = false;
  start();
  desk.stop_all();
  EXPECT_TRUE(desk.look_after().empty());
  test.strategy.clock.pass(base::minutes(2));
  EXPECT_EQ(desk.look_after(), std::vector<std::uint64_t>{7});
  EXPECT_TRUE(desk.look_after().empty());
  let_go();
  EXPECT_TRUE(wait_for_end().has_value());
}

}  // namespace

}  // namespace holdfast::daemon
