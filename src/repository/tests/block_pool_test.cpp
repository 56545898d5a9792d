// The pool of blocks: so many and no more, used again, closed without leaving anyone waiting.
#include "repository/block_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace holdfast::repository {
namespace {

class BlockPoolTest : public testing::Test {
 protected:
  io::ThreadExecutor executor_;
};

TEST_F(BlockPoolTest, LendsDistinctBlocksOfTheSize) {
  BlockPool pool(executor_, 1000, 3);
  EXPECT_EQ(pool.block_size(), 1000U);
  const auto one = pool.take();
  const auto two = pool.take();
  EXPECT_EQ(one->bytes().size(), 1000U);
  EXPECT_NE(one->bytes().data(), two->bytes().data());
}

TEST_F(BlockPoolTest, UsesABlockAgain) {
  BlockPool pool(executor_, 1000, 3);
  auto block = pool.take();
  const auto* bytes = block->bytes().data();
  block.reset();
  EXPECT_EQ(pool.take()->bytes().data(), bytes);
}

TEST_F(BlockPoolTest, ASharedBlockComesBackWithItsLastOwner) {
  BlockPool pool(executor_, 10, 1);
  auto block = pool.take();
  auto shared = block;
  std::atomic<bool> taken{false};
  const auto task = executor_.spawn("taker", [&] {
    const auto next = pool.take();
    taken = next != nullptr;
  });
  block.reset();
  executor_.sleep(base::milliseconds(20), {});
  EXPECT_FALSE(taken) << "one owner is left";
  shared.reset();
  task->join();
  EXPECT_TRUE(taken);
}

TEST_F(BlockPoolTest, NeverMoreThanItsBlocksAreOut) {
  constexpr int blocks_max = 3;
  BlockPool pool(executor_, 10, blocks_max);
  std::atomic<int> out{0};
  std::atomic<int> most{0};
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (int i = 0; i < 8; ++i) {
    tasks.push_back(executor_.spawn("taker", [&] {
      for (int round = 0; round < 500; ++round) {
        const auto block = pool.take();
        const int now = ++out;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        block->bytes()[0] = 1;
        --out;
      }
    }));
  }
  for (auto& task : tasks) task->join();
  EXPECT_LE(most, blocks_max);
}

TEST_F(BlockPoolTest, ClosingWakesThoseWhoWait) {
  BlockPool pool(executor_, 10, 1);
  auto block = pool.take();
  std::atomic<bool> got_nothing{false};
  {
    const auto task = executor_.spawn("taker", [&] { got_nothing = pool.take() == nullptr; });
    executor_.sleep(base::milliseconds(5), {});
    pool.close();
  }
  EXPECT_TRUE(got_nothing);
  block.reset();
  EXPECT_EQ(pool.take(), nullptr) << "it stays closed";
}

}  // namespace
}  // namespace holdfast::repository
