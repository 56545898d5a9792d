// The difference of two trees is that of their lists.
#include "repository/tree_diff.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "tree_fixture.hpp"

namespace holdfast::repository {
namespace {

using Name = std::pair<base::Bytes, base::Bytes>;
using Difference = std::pair<std::optional<Entry>, std::optional<Entry>>;

std::map<Name, Difference> naive_difference(const std::vector<Entry>& before,
                                            const std::vector<Entry>& after) {
  std::map<Name, Difference> all;
  for (const auto& entry : before) all[{entry.key, entry.version}].first = entry;
  for (const auto& entry : after) all[{entry.key, entry.version}].second = entry;
  std::erase_if(all, [](const auto& item) { return item.second.first == item.second.second; });
  return all;
}

void check_difference(const std::vector<Entry>& before, const std::vector<Entry>& after) {
  MemoryNodes nodes;
  const auto left = build(nodes, before);
  const auto right = build(nodes, after);
  std::map<Name, Difference> found;
  std::vector<Name> order;
  const auto differ = [&](const Entry* a, const Entry* b) -> base::Result<void> {
    const auto& entry = a != nullptr ? *a : *b;
    order.emplace_back(entry.key, entry.version);
    Difference difference;
    if (a != nullptr) difference.first = *a;
    if (b != nullptr) difference.second = *b;
    found.emplace(order.back(), difference);
    return {};
  };
  RC_ASSERT(diff_trees(nodes, left, right, differ).ok());
  RC_ASSERT(order.size() == found.size());
  RC_ASSERT(std::is_sorted(order.begin(), order.end()));
  RC_ASSERT(found == naive_difference(before, after));
  RC_CLASSIFY(left.level > 0 && right.level > 0, "more than one node");
  RC_CLASSIFY(left.level != right.level, "of different height");
}

RC_GTEST_PROP(TreeDiffProperty, OfUnrelatedTrees, ()) {
  base::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  const auto before = any_entries(random, random.below(2000));
  check_difference(before, any_entries(random, random.below(2000)));
}

RC_GTEST_PROP(TreeDiffProperty, OfAnEditedTree, ()) {
  base::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  const auto before = any_entries(random, 1 + random.below(4000));
  auto after = before;
  for (auto edits = random.below(6); edits > 0 && !after.empty(); --edits) {
    const auto at = random.below(after.size());
    const auto place = after.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random.below(4)) {
      case 0: after.erase(place); break;
      case 1: after[at].token.push_back(1); break;
      case 2: after.resize(at); break;
      default: {
        const auto end = place + static_cast<std::ptrdiff_t>(random.below(after.size() - at));
        after.erase(place, end);
      }
    }
  }
  check_difference(before, after);
  check_difference(after, before);
}

}  // namespace
}  // namespace holdfast::repository
