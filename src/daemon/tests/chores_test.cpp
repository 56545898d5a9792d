// Chores: when each is done, and never twice at a time.
#include "../chores.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "daemon_fixture.hpp"

namespace holdfast::daemon {

namespace {

class ChoresTest : public testing::Test {
 protected:
  void settle() {
    while (!chores.is_idle()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void step() {
    chores.start_due();
    settle();
    chores.start_due();  // takes note of the end
    settle();
  }

  engine::SettableClock clock;
  io::ThreadExecutor executor;
  std::atomic<int> times{0};
  Chores chores{executor, clock};
};

TEST_F(ChoresTest, IsDoneAgainAfterItsTime) {
  chores.add("count", {}, base::minutes(1), [&](std::stop_token) { ++times; });
  step();
  EXPECT_EQ(times, 1);
  clock.pass(base::seconds(59));
  step();
  EXPECT_EQ(times, 1);
  clock.pass(base::seconds(1));
  step();
  EXPECT_EQ(times, 2);
}

TEST_F(ChoresTest, IsDoneAtOnceWhenAskedFor) {
  chores.add("count", base::hours(1), base::hours(1), [&](std::stop_token) { ++times; });
  step();
  EXPECT_EQ(times, 0);
  chores.ask("count");
  chores.ask("nothing");
  step();
  EXPECT_EQ(times, 1);
}

TEST_F(ChoresTest, IsNeverDoneTwiceAtATime) {
  std::atomic<bool> may_end = false;
  chores.add("count", {}, {}, [&](std::stop_token) {
    ++times;
    while (!may_end) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  chores.start_due();
  clock.pass(base::hours(1));
  chores.ask("count");
  chores.start_due();
  EXPECT_FALSE(chores.is_idle());
  may_end = true;
  settle();
  EXPECT_EQ(times, 1);
}

TEST_F(ChoresTest, StopsWhatIsUnderWay) {
  chores.add("wait", {}, {}, [&](std::stop_token stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  chores.start_due();
  chores.stop();
  chores.start_due();
  EXPECT_TRUE(chores.is_idle());
}

}  // namespace

}  // namespace holdfast::daemon
