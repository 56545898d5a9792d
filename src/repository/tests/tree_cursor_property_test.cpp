// Seeking is the same as reading on until the key is reached.
#include "repository/tree_cursor.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "tree_fixture.hpp"

namespace holdfast::repository {
namespace {

base::Bytes any_key(base::Random& random, const std::vector<Entry>& entries) {
  base::Bytes key(random.below(8));
  for (auto& byte : key)
    byte = static_cast<base::Byte>(random.below(5) == 0 ? 0 : 'a' + random.below(4));
  if (!entries.empty() && random.below(2) == 0) key = entries[random.below(entries.size())].key;
  if (random.below(4) == 0) key.push_back(0);
  return key;
}

RC_GTEST_PROP(TreeCursorProperty, SeekEqualsAScan, ()) {
  base::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  const auto entries = any_entries(random, random.below(random.below(3) == 0 ? 4000 : 300));
  MemoryNodes nodes;
  const auto root = build(nodes, entries);
  TreeCursor cursor(nodes, root);
  std::size_t at = 0;
  std::vector<base::Bytes> targets;
  for (int i = 0; i < 12; ++i) targets.push_back(any_key(random, entries));
  if (random.below(4) != 0) std::sort(targets.begin(), targets.end());
  for (const auto& target : targets) {
    RC_ASSERT(cursor.seek(target).ok());
    while (at < entries.size() && entries[at].key < target) ++at;
    for (auto reads = random.below(4); reads > 0; --reads) {
      const auto* peeked = cursor.peek().value();
      RC_ASSERT((peeked == nullptr) == (at == entries.size()));
      if (peeked == nullptr) break;
      RC_ASSERT(*peeked == entries[at]);
      RC_ASSERT(cursor.next().value() == entries[at]);
      ++at;
    }
  }
  RC_CLASSIFY(root.level > 0, "more than one node");
}

// Any subset of nodes lost: what is left is read, and the gaps count the rest.
RC_GTEST_PROP(TreeCursorProperty, GapsAndEntriesAddUp, ()) {
  base::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  const auto entries = any_entries(random, 3000);
  MemoryNodes nodes;
  const auto root = build(nodes, entries);
  for (const auto& [id, bytes] : nodes.nodes) {
    if (random.below(5) == 0)
      nodes.failures.emplace(id, base::Error(base::ErrorCode::not_found, "lost"));
  }
  TreeCursor cursor(nodes, root, TreeCursor::OnGap::collect);
  std::vector<Entry> read;
  while (auto entry = cursor.next().value()) read.push_back(std::move(*entry));
  std::uint64_t missing = 0;
  for (const auto& gap : cursor.gaps()) missing += gap.entries;
  RC_ASSERT(read.size() + missing == entries.size());
  RC_ASSERT(
      std::includes(entries.begin(), entries.end(), read.begin(), read.end(),
                    [](const Entry& a, const Entry& b) { return compare_entries(a, b) < 0; }));
  RC_CLASSIFY(!cursor.gaps().empty(), "gaps");
}

}  // namespace
}  // namespace holdfast::repository
