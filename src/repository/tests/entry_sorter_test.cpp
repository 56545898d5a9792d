// Entries in any order come out in that of a tree, in memory and through a file.
#include "repository/entry_sorter.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::repository {
namespace {

Entry random_entry(base::SeededRandom& random) {
  Entry entry;
  entry.key = base::Bytes(1 + random.below(30));
  random.fill(entry.key);
  entry.version = base::Bytes(random.below(3));
  entry.kind = static_cast<EntryKind>(1 + random.below(9));
  entry.size = random.below(1'000'000);
  entry.attributes = base::Bytes(random.below(100), 7);
  entry.token = base::Bytes(random.below(20), 9);
  if (random.below(3) == 0) {
    entry.content = ExtentTree{.level = 2, .root = {1, 2, 3}};
  } else if (random.below(2) == 0) {
    entry.content = std::vector<Extent>{
        {.kind = Extent::Kind::hole, .length = 5, .chunk = {}, .offset = 0},
        {.kind = Extent::Kind::data, .length = 9, .chunk = {4, 5, 6}, .offset = 1'000}};
  }
  return entry;
}

void expect_sorted(std::size_t count, std::size_t memory_max) {
  const TemporaryDirectory directory;
  base::SeededRandom random(count);
  EntrySorter sorter(directory.path(), memory_max);
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    entries.push_back(random_entry(random));
    ASSERT_TRUE(sorter.add(entries.back()).ok());
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.key, a.version) < std::tie(b.key, b.version);
  });
  std::vector<Entry> drained;
  const auto done = sorter.drain([&](Entry entry) -> base::Result<void> {
    drained.push_back(std::move(entry));
    return {};
  });
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  EXPECT_EQ(drained, entries);
}

TEST(EntrySorter, NothingIsNothing) { expect_sorted(0, 1'000); }
TEST(EntrySorter, InMemory) { expect_sorted(3'000, EntrySorter::default_memory_max); }
TEST(EntrySorter, ThroughManyRuns) { expect_sorted(3'000, 20'000); }
TEST(EntrySorter, OneEntryARun) { expect_sorted(50, 1); }

TEST(EntrySorter, NothingIsLeftBehind) {
  const TemporaryDirectory directory;
  base::SeededRandom random(1);
  EntrySorter sorter(directory.path(), 1);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(sorter.add(random_entry(random)).ok());
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(EntrySorter, ItsReceiversErrorEndsIt) {
  const TemporaryDirectory directory;
  base::SeededRandom random(1);
  EntrySorter sorter(directory.path(), 1'000);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(sorter.add(random_entry(random)).ok());
  const auto done = sorter.drain([](const Entry&) -> base::Result<void> {
    return base::Error(base::ErrorCode::cancelled, "enough");
  });
  EXPECT_EQ(done.error().code(), base::ErrorCode::cancelled);
}

TEST(EntrySorter, APlaceThatIsntThereIsSaid) {
  base::SeededRandom random(1);
  EntrySorter sorter("/nonexistent", 1);
  EXPECT_FALSE(sorter.add(random_entry(random)).ok());
}

}  // namespace
}  // namespace holdfast::repository
