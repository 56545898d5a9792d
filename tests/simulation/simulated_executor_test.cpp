// The simulated executor itself: runs replay, time is virtual, planted mistakes are found.
#include "support/simulated_executor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <vector>

#include "io/bounded_queue.hpp"
#include "io/byte_budget.hpp"

namespace holdfast::simulation {
namespace {

// Two producers, two consumers, a budget: what a pipeline does.
struct Outcome {
  std::uint64_t hash;
  std::vector<int> arrived;
};

Outcome run_pipeline(std::uint64_t seed) {
  SimulatedExecutor executor({.seed = seed});
  Outcome outcome;
  executor.run([&] {
    io::BoundedQueue<int> queue(executor, 2);
    io::ByteBudget budget(executor, 10);
    std::vector<std::unique_ptr<io::Task>> consumers;
    for (int c = 0; c < 2; ++c) {
      consumers.push_back(executor.spawn("consumer", [&] {
        while (const auto value = queue.pop()) {
          const auto share = budget.take(6);
          executor.point("consume");
          outcome.arrived.push_back(*value);  // without a mutex: one task runs at a time
        }
      }));
    }
    std::vector<std::unique_ptr<io::Task>> producers;
    for (int p = 0; p < 2; ++p) {
      producers.push_back(executor.spawn("producer", [&queue, p] {
        for (int i = 0; i < 10; ++i) queue.push(100 * p + i);
      }));
    }
    producers.clear();
    queue.close();
  });
  outcome.hash = executor.trace_hash();
  return outcome;
}

TEST(SimulatedExecutor, TheSameSeedGivesTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const auto first = run_pipeline(seed);
    const auto second = run_pipeline(seed);
    ASSERT_EQ(first.hash, second.hash) << "seed " << seed;
    ASSERT_EQ(first.arrived, second.arrived) << "seed " << seed;
  }
}

TEST(SimulatedExecutor, SeedsExploreManyOrders) {
  std::set<std::vector<int>> orders;
  std::set<std::uint64_t> hashes;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    auto outcome = run_pipeline(seed);
    hashes.insert(outcome.hash);
    orders.insert(outcome.arrived);
    ASSERT_EQ(std::set<int>(outcome.arrived.begin(), outcome.arrived.end()).size(), 20U);
  }
  EXPECT_EQ(hashes.size(), 50U);
  EXPECT_GT(orders.size(), 40U);
}

TEST(SimulatedExecutor, OneTaskRunsAtATime) {
  SimulatedExecutor executor;
  std::atomic<int> running{0};
  executor.run([&] {
    std::vector<std::unique_ptr<io::Task>> tasks;
    for (int t = 0; t < 5; ++t) {
      tasks.push_back(executor.spawn("task", [&] {
        for (int i = 0; i < 100; ++i) {
          ASSERT_EQ(running.fetch_add(1), 0);
          running.fetch_sub(1);
          executor.point("between");
        }
      }));
    }
  });
  EXPECT_GE(executor.decisions(), 500U);
}

TEST(SimulatedExecutor, SleepingTakesVirtualTimeOnly) {
  SimulatedExecutor executor;
  const base::SystemClock real;
  const auto real_start = real.monotonic();
  std::vector<int> order;
  executor.run([&] {
    const auto start = executor.clock().now();
    const auto late = executor.spawn("late", [&] {
      executor.sleep(base::days(300), {});
      order.push_back(2);
    });
    const auto early = executor.spawn("early", [&] {
      executor.sleep(base::days(200), {});
      order.push_back(1);
    });
    late->join();
    EXPECT_GE(executor.clock().now(), start + base::days(300));
    EXPECT_LT(executor.clock().now(), start + base::days(301));
  });
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_LT(real.monotonic(), real_start + base::minutes(1));
}

TEST(SimulatedExecutor, AWaitWithoutANotificationTimesOut) {
  SimulatedExecutor executor;
  executor.run([&] {
    const auto signal = executor.make_signal();
    std::mutex mutex;
    std::unique_lock lock(mutex);
    const auto start = executor.clock().monotonic();
    while (executor.clock().monotonic() < start + base::hours(2)) {
      signal->wait_for(lock, base::hours(2));
    }
    EXPECT_TRUE(lock.owns_lock());
    EXPECT_LT(executor.clock().monotonic(), start + base::hours(3));
  });
}

TEST(SimulatedExecutor, AStopEndsASleep) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimulatedExecutor executor({.seed = seed, .early_timeouts = 0});
    executor.run([&] {
      std::stop_source stop;
      const auto start = executor.clock().monotonic();
      const auto sleeper =
          executor.spawn("sleeper", [&] { executor.sleep(base::days(1), stop.get_token()); });
      const auto stopper = executor.spawn("stopper", [&] {
        executor.sleep(base::minutes(1), {});
        stop.request_stop();
      });
      sleeper->join();
      EXPECT_LT(executor.clock().monotonic(), start + base::minutes(2)) << "seed " << seed;
    });
  }
}

TEST(SimulatedExecutor, AWallClockJumpLeavesMonotonicTimeAlone) {
  SimulatedExecutor executor;
  executor.run([&] {
    const auto wall = executor.clock().now();
    const auto monotonic = executor.clock().monotonic();
    executor.jump_wall_clock(base::days(-3));
    EXPECT_EQ(executor.clock().now(), wall + base::days(-3));
    EXPECT_EQ(executor.clock().monotonic(), monotonic);
  });
}

TEST(SimulatedExecutor, RunsMoreThanOnceAndEndsWithItsTasks) {
  SimulatedExecutor executor;
  int ended = 0;
  std::unique_ptr<io::Task> outlives;
  for (int i = 0; i < 3; ++i) {
    executor.run([&] {
      outlives = executor.spawn("task", [&] {
        executor.sleep(base::seconds(1), {});
        ++ended;
      });
    });
  }
  EXPECT_EQ(ended, 3);
}

TEST(SimulatedExecutor, PointsOutsideOfARunDoNothing) {
  SimulatedExecutor executor;
  executor.point("before");
  EXPECT_EQ(executor.decisions(), 0U);
}

// Mistakes that a test with threads meets once in a while, each met within a stated number of
// seeds.

TEST(SimulatedExecutor, FindsALostUpdate) {
  const auto loses = [](std::uint64_t seed) {
    SimulatedExecutor executor({.seed = seed});
    int balance = 0;
    executor.run([&] {
      const auto deposit = [&] {
        const int seen = balance;
        executor.point("between reading and writing");
        balance = seen + 1;
      };
      const auto a = executor.spawn("a", deposit);
      const auto b = executor.spawn("b", deposit);
    });
    return balance != 2;
  };
  std::uint64_t seed = 1;
  while (!loses(seed)) ASSERT_LT(++seed, 20U);
  EXPECT_TRUE(loses(seed)) << "and it replays";
}

TEST(SimulatedExecutor, FindsAWaitThatTrustsEveryWake) {
  const auto breaks = [](std::uint64_t seed) {
    SimulatedExecutor executor({.seed = seed});
    bool broken = false;
    executor.run([&] {
      const auto signal = executor.make_signal();
      std::mutex mutex;
      bool ready = false;
      const auto waiter = executor.spawn("waiter", [&] {
        std::unique_lock lock(mutex);
        if (!ready) signal->wait(lock);  // not in a loop
        broken = !ready;
      });
      for (int i = 0; i < 20; ++i) executor.point("work");
      const std::lock_guard lock(mutex);
      ready = true;
      signal->notify_all();
    });
    return broken;
  };
  std::uint64_t seed = 1;
  while (!breaks(seed)) ASSERT_LT(++seed, 100U);
}

TEST(SimulatedExecutorDeathTest, ADeadlockIsReportedWithEveryTask) {
  EXPECT_DEATH(
      {
        SimulatedExecutor executor({.seed = 42});
        executor.run([&] {
          io::BoundedQueue<int> queue(executor, 1);
          const auto reader = executor.spawn("reader", [&] { (void)queue.pop(); });
          reader->join();
        });
      },
      "deadlock.*\nseed 42(.|\n)*main#0 waits for a task's end(.|\n)*reader#1 waits for a signal");
}

TEST(SimulatedExecutorDeathTest, AMutexThatIsNeverGivenBackIsReported) {
  EXPECT_DEATH(
      {
        SimulatedExecutor executor;
        executor.run([&] {
          const auto signal = executor.make_signal();
          std::mutex mutex;
          const auto waiter = executor.spawn("waiter", [&] {
            std::unique_lock lock(mutex);
            signal->wait(lock);
          });
          executor.sleep(base::seconds(1), {});
          mutex.lock();
          signal->notify_all();
          while (true) executor.point("holding the mutex");
        });
      },
      "mutex is never given back");
}

}  // namespace
}  // namespace holdfast::simulation
