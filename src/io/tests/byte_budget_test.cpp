// ByteBudget: never more in flight than its limit, and everything comes back.
#include "io/byte_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace holdfast::io {
namespace {

TEST(ByteBudget, WaitsUntilTheShareIsFree) {
  ThreadExecutor executor;
  ByteBudget budget(executor, 100);
  auto first = budget.take(60);
  std::atomic<bool> taken{false};
  const auto waiter = executor.spawn("waiter", [&] {
    const auto second = budget.take(41);
    taken = true;
  });
  const auto fits = budget.take(40);
  EXPECT_FALSE(taken);
  first.release();
  waiter->join();
  EXPECT_TRUE(taken);
}

TEST(ByteBudget, ARequestAboveTheLimitGetsTheLimit) {
  ThreadExecutor executor;
  ByteBudget budget(executor, 10);
  {
    const auto all = budget.take(1'000'000);
  }
  const auto again = budget.take(10);
}

TEST(ByteBudget, SharesReturnOnceHoweverTheyMove) {
  ThreadExecutor executor;
  ByteBudget budget(executor, 10);
  {
    auto a = budget.take(4);
    auto b = std::move(a);
    auto c = budget.take(4);
    c = std::move(b);
    c.release();
    c.release();
  }
  const auto all = budget.take(10);  // would wait for ever if some were lost
}

TEST(ByteBudget, NeverExceedsItsLimit) {
  ThreadExecutor executor;
  constexpr std::int64_t limit = 1000;
  ByteBudget budget(executor, limit);
  std::atomic<std::int64_t> in_flight{0};
  std::atomic<bool> exceeded{false};
  std::vector<std::unique_ptr<Task>> tasks;
  for (int t = 0; t < 4; ++t) {
    tasks.push_back(executor.spawn("taker", [&, t] {
      for (int i = 0; i < 2000; ++i) {
        const auto size = 1 + (i * 37 + t * 11) % 600;
        const auto share = budget.take(static_cast<std::uint64_t>(size));
        if (in_flight.fetch_add(size) + size > limit) exceeded = true;
        in_flight.fetch_sub(size);
      }
    }));
  }
  tasks.clear();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(in_flight, 0);
}

}  // namespace
}  // namespace holdfast::io
