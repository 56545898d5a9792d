// Each id is new once, as long as there is room; memory has an end.
#include "repository/chunk_tally.hpp"

#include <gtest/gtest.h>

#include <unordered_set>

#include "base/random.hpp"

namespace holdfast::repository {
namespace {

TEST(ChunkTally, EachIdIsNewOnce) {
  base::SeededRandom random(1);
  ChunkTally tally;
  std::unordered_set<ChunkId, IdHash> model;
  std::vector<ChunkId> met;
  for (int i = 0; i < 50'000; ++i) {
    const auto id = met.empty() || random.below(3) != 0
                        ? random.array<32>()
                        : met[static_cast<std::size_t>(random.below(met.size()))];
    met.push_back(id);
    ASSERT_EQ(tally.add(id), model.insert(id).second) << i;
    ASSERT_EQ(tally.size(), model.size());
  }
}

TEST(ChunkTally, AnIdOfZerosIsOneToo) {
  ChunkTally tally;
  EXPECT_TRUE(tally.add({}));
  EXPECT_FALSE(tally.add({}));
}

// All in one place of the table.
TEST(ChunkTally, IdsThatCollideAreTold) {
  ChunkTally tally;
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t i = 1; i < 700; ++i) {
      ChunkId id{};
      const std::uint64_t mark = i << 32;
      std::memcpy(id.data(), &mark, sizeof mark);
      ASSERT_EQ(tally.add(id), round == 0) << i;
    }
  }
}

TEST(ChunkTally, WithoutRoomWhatIsRememberedStaysAndTheRestIsNewEachTime) {
  base::SeededRandom random(2);
  ChunkTally tally(100);
  const auto first = random.array<32>();
  EXPECT_TRUE(tally.add(first));
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(tally.add(random.array<32>()));
  EXPECT_EQ(tally.size(), 100U);
  EXPECT_FALSE(tally.add(first));
  const auto late = random.array<32>();
  EXPECT_TRUE(tally.add(late));
  EXPECT_TRUE(tally.add(late)) << "a count errs upwards";
}

}  // namespace
}  // namespace holdfast::repository
