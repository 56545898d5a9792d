// BoundedQueue: order, limit, closing and abandoning, with several producers and consumers.
#include "io/bounded_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

namespace holdfast::io {
namespace {

class BoundedQueueTest : public testing::Test {
 protected:
  ThreadExecutor executor;
};

TEST_F(BoundedQueueTest, KeepsTheOrder) {
  BoundedQueue<int> queue(executor, 3);
  for (const int i : {1, 2, 3}) EXPECT_TRUE(queue.push(i));
  queue.close();
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
  EXPECT_EQ(queue.pop(), 3);
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_FALSE(queue.push(4));
}

TEST_F(BoundedQueueTest, HoldsNoMoreThanItsCapacity) {
  BoundedQueue<std::shared_ptr<int>> queue(executor, 2);
  const auto value = std::make_shared<int>(1);
  const auto producer = executor.spawn("producer", [&] {
    for (int i = 0; i < 50; ++i) queue.push(value);
    queue.close();
  });
  long most = 0;
  while (const auto popped = queue.pop()) most = std::max(most, value.use_count());
  // The producer's copy that waits for room, two inside, ours, and the original.
  EXPECT_LE(most, 5);
}

TEST_F(BoundedQueueTest, EveryValueArrivesOnce) {
  constexpr int each = 2000;
  BoundedQueue<int> queue(executor, 4);
  std::vector<std::atomic<int>> arrived(3 * each);
  {
    std::vector<std::unique_ptr<Task>> consumers;
    for (int c = 0; c < 3; ++c) {
      consumers.push_back(executor.spawn("consumer", [&] {
        while (const auto value = queue.pop()) ++arrived[static_cast<std::size_t>(*value)];
      }));
    }
    std::vector<std::unique_ptr<Task>> producers;
    for (int p = 0; p < 3; ++p) {
      producers.push_back(executor.spawn("producer", [&queue, p] {
        for (int i = 0; i < each; ++i) EXPECT_TRUE(queue.push(p * each + i));
      }));
    }
    for (const auto& producer : producers) producer->join();
    queue.close();
  }
  for (const auto& count : arrived) ASSERT_EQ(count, 1);
}

TEST_F(BoundedQueueTest, ClosingWakesWhoWaitsForRoom) {
  BoundedQueue<int> queue(executor, 1);
  queue.push(1);
  bool pushed = true;
  const auto producer = executor.spawn("producer", [&] { pushed = queue.push(2); });
  queue.close();
  producer->join();
  EXPECT_FALSE(pushed);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST_F(BoundedQueueTest, ClosingWakesWhoWaitsForAValue) {
  BoundedQueue<int> queue(executor, 1);
  const auto consumer = executor.spawn("consumer", [&] { EXPECT_EQ(queue.pop(), std::nullopt); });
  queue.close();
}

TEST_F(BoundedQueueTest, AbandoningDropsWhatIsInside) {
  BoundedQueue<std::shared_ptr<int>> queue(executor, 4);
  const auto value = std::make_shared<int>(1);
  queue.push(value);
  queue.push(value);
  queue.abandon();
  EXPECT_EQ(value.use_count(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_FALSE(queue.push(value));
}

TEST_F(BoundedQueueTest, TakesWhatCanOnlyBeMoved) {
  BoundedQueue<std::unique_ptr<int>> queue(executor, 1);
  queue.push(std::make_unique<int>(5));
  EXPECT_EQ(**queue.pop(), 5);
}

}  // namespace
}  // namespace holdfast::io
