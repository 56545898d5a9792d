// What snapshots need is marked, what is missing is reported.
#include "repository/live_set.hpp"

#include <gtest/gtest.h>

#include "repository/object_name.hpp"
#include "repository/pack_list.hpp"
#include "repository/repository_reader.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

TEST(LiveSet, MarksExactlyWhatATreeNeeds) {
  TestRepository test;
  auto repository = test.open();
  const auto one = must(write_snapshot(*repository, {{"/f", noise(1, 100'000)}}, "one"));
  (void)must(write_snapshot(*repository, {{"/g", noise(2, 100'000)}}, "two"));
  auto reader = must(RepositoryReader::open(*repository, Following::nothing));
  LiveSet live(*repository);
  must(live.add_tree(*reader, one.summary.root));
  std::uint64_t marked = 0;
  std::uint64_t all = 0;
  must(repository->index(Repository::Segments::all)
           ->each_chunk([&](const FoundChunk& chunk) -> base::Result<void> {
             ++all;
             if (live.contains(chunk.place.id)) ++marked;
             return {};
           }));
  EXPECT_EQ(marked, live.size());
  EXPECT_GT(marked, 5U);
  EXPECT_LT(marked, all);
}

TEST(LiveSet, ReportsWhatIsMissing) {
  TestRepository test;
  auto repository = test.open();
  const auto snapshot = must(write_snapshot(*repository, {{"/f", noise(1, 100'000)}}));
  std::vector<std::string> data;
  for (const auto& [name, pack] : must(list_packs(*repository))) {
    if (pack.type == ChunkType::data) data.push_back(pack_object_name(pack.type, name));
  }
  (void)must(test.storage.remove(data));
  auto reader = must(RepositoryReader::open(*repository, Following::nothing));
  LiveSet live(*repository);
  EXPECT_FALSE(live.add_tree(*reader, snapshot.summary.root).ok());
  std::vector<LiveSet::Missing> missing;
  LiveSet again(*repository);
  must(again.add_tree(*reader, snapshot.summary.root, &missing));
  EXPECT_GT(missing.size(), 5U);
  EXPECT_FALSE(missing[0].is_node);
}

}  // namespace
}  // namespace holdfast::repository
