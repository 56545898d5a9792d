// The numbers of a repository are those of its objects.
#include "repository/stats.hpp"

#include <gtest/gtest.h>

#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

TEST(Stats, OfAnEmptyRepository) {
  TestRepository test;
  const auto repository = test.open();
  const auto stats = must(repository_stats(*repository));
  EXPECT_EQ(stats.snapshots, 0U);
  EXPECT_EQ(stats.data_packs + stats.tree_packs + stats.index_segments + stats.chunks, 0U);
  EXPECT_EQ(stats.restore_bytes, 0U);
  EXPECT_GT(stats.total_bytes, 0U) << "parameters, roster, key slot";
}

TEST(Stats, CountWhatIsThere) {
  TestRepository test;
  const auto repository = test.open();
  const TestFiles first = {{"/a", noise(1, 100'000)}, {"/b", noise(2, 50)}};
  (void)must(write_snapshot(*repository, first));
  test.clock.advance(base::seconds(1));
  (void)must(write_snapshot(*repository, {{"/a", noise(1, 100'000)}}));
  const auto stats = must(repository_stats(*repository));
  EXPECT_EQ(stats.snapshots, 2U);
  EXPECT_EQ(stats.restore_bytes, 200'050U);
  std::uint64_t total = 0;
  std::uint64_t data = 0;
  std::uint64_t tree = 0;
  std::uint64_t data_packs = 0;
  for (const auto& object : must(test.storage.list_all(""))) {
    total += object.size;
    if (object.name.starts_with("data/")) data += object.size;
    if (object.name.starts_with("data/")) ++data_packs;
    if (object.name.starts_with("tree/")) tree += object.size;
  }
  EXPECT_EQ(stats.total_bytes, total);
  EXPECT_EQ(stats.data_bytes, data);
  EXPECT_EQ(stats.tree_bytes, tree);
  EXPECT_EQ(stats.data_packs, data_packs);
  EXPECT_GE(stats.data_bytes, 100'050U);
  EXPECT_LT(stats.data_bytes, 110'000U) << "equal content is there once";
  EXPECT_EQ(stats.chunks, repository->index(Repository::Segments::all)->chunk_count());
}

}  // namespace
}  // namespace holdfast::repository
