// The daemon as a whole, on a clock that the test moves: what is due runs, a killed run is due
// again, a strategy is taken or refused.
#include "daemon/daemon.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "daemon_fixture.hpp"
#include "engine/place.hpp"

namespace holdfast::daemon {

namespace {

// 2026-11-16 12:00 UTC, a Monday.
constexpr base::Time noon{1'794'830'400 * base::nanoseconds_per_second};

class DaemonTest : public testing::Test {
 protected:
  DaemonTest() {
    test.strategy.clock.at(noon);
    test.strategy.write("data/a", "first");
    EXPECT_TRUE(engine::make_places(*test.strategy.workplace).ok());
  }
  void start(DaemonOptions options = {}) {
    auto opened = Daemon::open(test.shared(), std::move(options), executor);
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    daemon = std::move(opened).value();
    stop = std::stop_source();
    thread = std::jthread([this] { left = daemon->run(stop.get_token()).value(); });
  }
  void end() {
    stop.request_stop();
    thread.join();
    daemon.reset();
  }
  // Waits for something that the daemon does by itself.
  bool await(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  std::vector<catalog::RunRecord> runs() {
    return test.strategy.catalog->runs().list({.component = "files"}).value();
  }
  bool has_ended_well(std::size_t count) {
    const auto all = runs();
    return all.size() == count && all.front().end.state == catalog::RunState::succeeded;
  }

  DaemonFixture test;
  io::ThreadExecutor executor;
  std::unique_ptr<Daemon> daemon;
  std::stop_source stop;
  std::jthread thread;
  Daemon::Left left = Daemon::Left::hanging_runs;
};

TEST_F(DaemonTest, RunsWhatIsDueAndNothingElse) {
  start();
  ASSERT_TRUE(await([&] { return daemon->view().status != nullptr; }));
  EXPECT_TRUE(runs().empty());
  test.strategy.clock.pass(base::hours(12));
  EXPECT_TRUE(await([&] { return has_ended_well(1); }));
  EXPECT_EQ(runs().front().start.reason, catalog::RunReason::schedule);
  EXPECT_TRUE(await([&] {
    const auto view = daemon->view();
    return view.status->components.at(0).places.at(0).snapshots == 1;
  }));
  end();
  EXPECT_EQ(left, Daemon::Left::nothing);
}

TEST_F(DaemonTest, ASecondOneIsRefused) {
  start();
  const auto second = catalog::Catalog::open(test.strategy.directory / "state").value();
  auto workplace = std::make_shared<engine::Workplace>(
      engine::Workplace{.strategy = test.strategy.strategy,
                        .zone = strategy::TimeZone::utc(),
                        .catalog = *second,
                        .clock = test.strategy.clock,
                        .random = test.strategy.random,
                        .cache_directory = test.strategy.workplace->cache_directory,
                        .state_directory = test.strategy.workplace->state_directory,
                        .host = "test",
                        .environment = test.strategy.workplace->environment,
                        .secret = test.strategy.workplace->secret});
  const auto refused = Daemon::open(workplace, {}, executor);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), base::ErrorCode::conflict);
  end();
}

TEST_F(DaemonTest, WhatWasRunningWhenItDiedIsInterrupted) {
  const auto id = test.strategy.catalog->runs()
                      .begin({.kind = catalog::RunKind::backup,
                              .component = "files",
                              .plan = "daily",
                              .started = noon},
                             test.strategy.random)
                      .value();
  start();
  EXPECT_EQ(test.strategy.catalog->runs().get(id).value().end.state,
            catalog::RunState::interrupted);
  end();
}

TEST_F(DaemonTest, ABadStrategyIsRefusedAndTheOldOneGoesOn) {
  std::atomic<unsigned> hangups = 0;
  start({.read_again = []() -> base::Result<SharedWorkplace> {
           return base::Error(base::ErrorCode::invalid_argument, "line 3 makes no sense");
         },
         .hangups = [&] { return hangups.load(); }});
  ++hangups;
  const auto is_open = [&] {
    const auto open = test.strategy.catalog->findings().list_open().value();
    return !open.empty() && open.back().message.find("line 3") != std::string::npos;
  };
  EXPECT_TRUE(await(is_open));
  test.strategy.clock.pass(base::hours(12));
  EXPECT_TRUE(await([&] { return has_ended_well(1); }));
  end();
}

TEST_F(DaemonTest, ALocationThatComesBackGetsItsCopy) {
  test.strategy.unmount("hdd");
  start();
  test.strategy.clock.pass(base::hours(12));
  ASSERT_TRUE(await([&] { return !runs().empty() && !runs().front().end.snapshot.empty(); }));
  test.strategy.mount("hdd");
  test.strategy.clock.pass(base::hours(1));
  EXPECT_TRUE(await([&] {
    test.strategy.clock.pass(base::seconds(30));
    return test.strategy.catalog->copies().waiting().value().empty();
  }));
  end();
}

}  // namespace

}  // namespace holdfast::daemon
