// The difference of two trees, and that little is read for a small one.
#include "repository/tree_diff.hpp"

#include <gtest/gtest.h>

#include "tree_fixture.hpp"

namespace holdfast::repository {
namespace {

using base::Error;
using base::ErrorCode;

std::vector<Entry> numbered_entries(std::uint64_t count) {
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < count; ++i) entries.push_back(numbered_entry(i));
  return entries;
}

std::uint64_t count_of_differences(NodeSource& nodes, const TreeRoot& before,
                                   const TreeRoot& after) {
  std::uint64_t count = 0;
  const auto done =
      diff_trees(nodes, before, after, [&](const Entry*, const Entry*) -> base::Result<void> {
        ++count;
        return {};
      });
  CHECK(done.ok(), "the trees could not be read");
  return count;
}

TEST(TreeDiff, EqualTreesAreNotRead) {
  MemoryNodes nodes;
  const auto root = build(nodes, numbered_entries(5000));
  nodes.reads.clear();
  EXPECT_EQ(count_of_differences(nodes, root, root), 0U);
  EXPECT_TRUE(nodes.reads.empty());
}

TEST(TreeDiff, ASmallChangeReadsLittle) {
  MemoryNodes nodes;
  auto entries = numbered_entries(20'000);
  const auto before = build(nodes, entries);
  entries[9000].token.push_back(1);
  entries.erase(entries.begin() + 15'000);
  const auto after = build(nodes, entries);
  nodes.reads.clear();
  EXPECT_EQ(count_of_differences(nodes, before, after), 2U);
  EXPECT_LE(nodes.reads.size(), 20U);
}

// The higher tree begins with what the lower one is.
TEST(TreeDiff, AGrownTreeReadsWhatGrew) {
  MemoryNodes nodes;
  const auto before = build(nodes, numbered_entries(30'000));
  const auto after = build(nodes, numbered_entries(30'500));
  nodes.reads.clear();
  EXPECT_EQ(count_of_differences(nodes, before, after), 500U);
  EXPECT_LE(nodes.reads.size(), 12U);
}

TEST(TreeDiff, SidesArePointedOut) {
  MemoryNodes nodes;
  auto changed = numbered_entry(2);
  changed.token = {1};
  const auto before = build(nodes, {numbered_entry(1), numbered_entry(2), numbered_entry(4)});
  const auto after = build(nodes, {changed, numbered_entry(3), numbered_entry(4)});
  std::vector<std::pair<bool, bool>> sides;
  ASSERT_TRUE(diff_trees(nodes, before, after,
                         [&](const Entry* left, const Entry* right) -> base::Result<void> {
                           sides.emplace_back(left != nullptr, right != nullptr);
                           if (left != nullptr && right != nullptr) EXPECT_EQ(*right, changed);
                           return {};
                         })
                  .ok());
  EXPECT_EQ(sides,
            (std::vector<std::pair<bool, bool>>{{true, false}, {true, true}, {false, true}}));
}

TEST(TreeDiff, AnEmptyTreeIsTheOthersOpposite) {
  MemoryNodes nodes;
  const auto empty = build(nodes, {});
  const auto full = build(nodes, numbered_entries(3000));
  EXPECT_EQ(count_of_differences(nodes, empty, full), 3000U);
  EXPECT_EQ(count_of_differences(nodes, full, empty), 3000U);
  EXPECT_EQ(count_of_differences(nodes, empty, empty), 0U);
}

TEST(TreeDiff, PassesErrorsOn) {
  MemoryNodes nodes;
  auto entries = numbered_entries(10);
  const auto before = build(nodes, entries);
  entries.pop_back();
  const auto after = build(nodes, entries);
  const auto refuse = [](const Entry*, const Entry*) -> base::Result<void> {
    return Error(ErrorCode::io, "full");
  };
  EXPECT_EQ(diff_trees(nodes, before, after, refuse).error().code(), ErrorCode::io);
  nodes.failures.emplace(after.id, Error(ErrorCode::unavailable, "away"));
  EXPECT_EQ(diff_trees(nodes, before, after, refuse).error().code(), ErrorCode::unavailable);
}

}  // namespace
}  // namespace holdfast::repository
