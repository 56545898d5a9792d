// A tree is a function of its content alone, what goes in comes out, and a small change rewrites
// few nodes.
#include "repository/tree_builder.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "tree_fixture.hpp"

namespace holdfast::repository {
namespace {

RC_GTEST_PROP(TreeBuilderProperty, WhatGoesInComesOut, ()) {
  base::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  const auto entries = any_entries(random, random.below(random.below(5) == 0 ? 3000 : 100));
  MemoryNodes nodes;
  const auto root = build(nodes, entries);
  std::uint64_t bytes = 0;
  for (const auto& entry : entries) bytes += entry.size;
  RC_ASSERT(root.entries == entries.size());
  RC_ASSERT(root.bytes == bytes);
  RC_ASSERT(read_all(nodes, root) == entries);
  RC_CLASSIFY(root.level > 0, "more than one node");
}

std::vector<Entry> numbered_entries(std::uint64_t count) {
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < count; ++i) entries.push_back(numbered_entry(i));
  return entries;
}

// Equal content, whatever was there before it was reached, gives the same nodes; and one change
// rewrites, besides the nodes up to the root, those until the boundaries fall together again: not
// more than a handful.
RC_GTEST_PROP(TreeBuilderProperty, AChangeRewritesFewNodes, ()) {
  static const auto original = numbered_entries(20'000);
  static MemoryNodes before;
  static const auto root_before = build(before, original);
  base::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  auto changed = original;
  const auto at = static_cast<std::ptrdiff_t>(random.below(original.size()));
  switch (random.below(3)) {
    case 0: changed.erase(changed.begin() + at); break;
    case 1:
      changed[static_cast<std::size_t>(at)] = numbered_entry(static_cast<std::uint64_t>(at), 77);
      break;
    default: {
      auto added = numbered_entry(static_cast<std::uint64_t>(at), 99);
      added.key.push_back('~');
      changed.insert(changed.begin() + at + 1, added);
    }
  }
  MemoryNodes after;
  const auto root = build(after, changed);
  std::size_t fresh = 0;
  for (const auto& [id, bytes] : after.nodes) fresh += before.nodes.contains(id) ? 0 : 1;
  RC_ASSERT(root.id != root_before.id);
  RC_ASSERT(before.nodes.size() > 40);
  RC_ASSERT(fresh >= 2);
  RC_ASSERT(fresh <= 16);

  MemoryNodes again;
  RC_ASSERT(build(again, original) == root_before);
}

RC_GTEST_PROP(TreeBuilderProperty, ExtentsComeBack, ()) {
  base::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  std::vector<Extent> extents(random.below(random.below(3) == 0 ? 20'000 : 200));
  std::uint64_t size = 0;
  for (auto& extent : extents) {
    extent = any_extent(random);
    size += extent.length;
  }
  MemoryNodes nodes;
  ExtentTreeBuilder builder(nodes);
  std::vector<Extent> joined;
  for (const auto& extent : extents) {
    RC_ASSERT(builder.add(extent).ok());
    const bool continues = extent.kind == Extent::Kind::hole && !joined.empty() &&
                           joined.back().kind == Extent::Kind::hole;
    if (continues) {
      joined.back().length += extent.length;
    } else {
      joined.push_back(extent);
    }
  }
  const auto content = builder.finish().value();
  ExtentCursor cursor(nodes, content, size);
  std::vector<Extent> read;
  while (auto extent = cursor.next().value()) read.push_back(*extent);
  RC_ASSERT(read == joined);
  RC_CLASSIFY(std::holds_alternative<ExtentTree>(content), "tree");
}

RC_GTEST_PROP(TreeBuilderProperty, AChangedExtentRewritesFewNodes, ()) {
  base::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  std::vector<Extent> extents(30'000);
  for (auto& extent : extents)
    extent = {Extent::Kind::data, 1 + random.below(1000), random_id(random), 0};
  const auto nodes_of = [&] {
    MemoryNodes nodes;
    ExtentTreeBuilder builder(nodes);
    for (const auto& extent : extents) CHECK(builder.add(extent).ok(), "an extent was refused");
    CHECK(builder.finish().ok(), "no content");
    return nodes.nodes;
  };
  const auto before = nodes_of();
  extents[random.below(extents.size())].chunk = random_id(random);
  const auto after = nodes_of();
  std::size_t fresh = 0;
  for (const auto& [id, bytes] : after) fresh += before.contains(id) ? 0 : 1;
  RC_ASSERT(before.size() > 30);
  RC_ASSERT(fresh >= 2);
  RC_ASSERT(fresh <= 16);
}

}  // namespace
}  // namespace holdfast::repository
