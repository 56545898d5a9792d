// The plan of a prune is a pure function: each rule by itself.
#include <gtest/gtest.h>

#include "repository/prune.hpp"

namespace holdfast::repository {
namespace {

constexpr base::Time now{1'000'000 * base::nanoseconds_per_second};

PackUse pack(std::uint8_t name, std::uint64_t size, std::uint64_t chunks, std::uint64_t live) {
  PackUse use;
  use.pack = {.name = ObjectHash{name}, .type = ChunkType::data, .size = size};
  use.stored_at = now - base::days(3);
  use.is_indexed = true;
  use.chunks = chunks;
  use.live_chunks = live;
  use.live_bytes = size * live / std::max<std::uint64_t>(chunks, 1);
  return use;
}

PrunePlan plan(std::vector<PackUse> packs, std::optional<base::Time> oldest_session = {},
               PruneOptions options = {}) {
  return plan_prune({.packs = std::move(packs),
                     .condemnations = {},
                     .now = now,
                     .oldest_session = oldest_session},
                    options, Config());
}

TEST(PrunePlan, CondemnsPacksWithoutUse) {
  const auto result = plan({pack(1, 1000, 10, 0), pack(2, 1000, 10, 10)});
  ASSERT_EQ(result.condemn.size(), 1U);
  EXPECT_EQ(result.condemn[0].name, ObjectHash{1});
  EXPECT_EQ(result.packs_kept, 1U);
  EXPECT_EQ(result.bytes_condemned, 1000U);
}

TEST(PrunePlan, RewritesPacksWithMuchGarbageOnly) {
  const auto result = plan({pack(1, 1000, 10, 7), pack(2, 1000, 10, 8)});
  ASSERT_EQ(result.rewrite.size(), 1U);
  EXPECT_EQ(result.rewrite[0].name, ObjectHash{1});
  EXPECT_EQ(result.packs_kept, 1U);
}

TEST(PrunePlan, MostGarbageFirstWithinTheBudget) {
  const auto result = plan({pack(1, 1000, 10, 5), pack(2, 1000, 10, 1)}, {},
                           {.garbage_share_max = 0.25, .rewrite_bytes_max = 300});
  ASSERT_EQ(result.rewrite.size(), 1U);
  EXPECT_EQ(result.rewrite[0].name, ObjectHash{2});
}

TEST(PrunePlan, LeavesPacksOfALiveSessionAlone) {
  auto young = pack(1, 1000, 10, 0);
  young.stored_at = now - base::minutes(5);
  EXPECT_TRUE(plan({young}, now - base::minutes(10)).condemn.empty());
  EXPECT_EQ(plan({young}, now - base::minutes(4)).condemn.size(), 1U);
}

TEST(PrunePlan, LeavesYoungPacksWithoutIndexAlone) {
  auto orphan = pack(1, 1000, 0, 0);
  orphan.is_indexed = false;
  orphan.stored_at = now - base::minutes(5);
  EXPECT_TRUE(plan({orphan}).condemn.empty());
  orphan.stored_at = now - Config().prune_grace;
  EXPECT_TRUE(plan({orphan}).condemn.empty());
  orphan.stored_at = orphan.stored_at - base::seconds(1);
  EXPECT_EQ(plan({orphan}).condemn.size(), 1U);
}

TEST(PrunePlan, RescuesNeededPartsOfCondemnedPacks) {
  auto condemned = pack(1, 1000, 10, 1);
  condemned.is_condemned = true;
  auto empty = pack(2, 1000, 10, 0);
  empty.is_condemned = true;
  const auto result = plan({condemned, empty});
  EXPECT_EQ(result.rescue.size(), 1U);
  EXPECT_TRUE(result.condemn.empty());
}

}  // namespace
}  // namespace holdfast::repository
