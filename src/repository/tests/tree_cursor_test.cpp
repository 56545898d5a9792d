// Reading trees: gaps, contradictions between nodes, seeking, and what a visit tells.
#include "repository/tree_cursor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tree_fixture.hpp"

namespace holdfast::repository {
namespace {

using base::Bytes;
using base::Error;
using base::ErrorCode;

constexpr std::uint64_t entry_count = 3000;

struct Example {
  Example() {
    for (std::uint64_t i = 0; i < entry_count; ++i) entries.push_back(numbered_entry(i));
    root = build(nodes, entries);
    CHECK(root.level == 1, "a tree of two levels");
    children =
        std::get<std::vector<EntryChild>>(decode_node(nodes.nodes.at(root.id)).value().items);
  }
  // A root node with these children instead.
  TreeRoot root_of(const std::vector<EntryChild>& changed) {
    NodeEncoder<EntryChild> encoder(1);
    TreeRoot made{1, {}, 0, 0};
    for (const auto& child : changed) {
      encoder.add(child);
      made.entries += child.entries;
      made.bytes += child.bytes;
    }
    made.id = nodes.put(encoder.take()).value();
    return made;
  }
  MemoryNodes nodes;
  std::vector<Entry> entries;
  TreeRoot root;
  std::vector<EntryChild> children;
};

TEST(TreeCursor, PeekDoesntTake) {
  Example example;
  TreeCursor cursor(example.nodes, example.root);
  EXPECT_EQ(cursor.peek().value()->key, example.entries[0].key);
  EXPECT_EQ(cursor.peek().value()->key, example.entries[0].key);
  EXPECT_EQ(cursor.next().value(), example.entries[0]);
  EXPECT_EQ(*cursor.peek().value(), example.entries[1]);
}

TEST(TreeCursor, EndsAndStaysThere) {
  MemoryNodes nodes;
  TreeCursor cursor(nodes, build(nodes, {numbered_entry(3)}));
  EXPECT_TRUE(cursor.next().value().has_value());
  EXPECT_EQ(cursor.peek().value(), nullptr);
  EXPECT_FALSE(cursor.next().value().has_value());
  EXPECT_FALSE(cursor.next().value().has_value());
  ASSERT_TRUE(cursor.seek(bytes_of("z")).ok());
}

TEST(TreeCursor, ReadsEachNodeOnce) {
  Example example;
  example.nodes.reads.clear();
  EXPECT_EQ(read_all(example.nodes, example.root).size(), entry_count);
  EXPECT_EQ(example.nodes.reads.size(), example.nodes.nodes.size());
}

TEST(TreeCursor, SeekReadsOnlyTheWay) {
  Example example;
  for (const std::uint64_t target : {1700U, 2999U, 0U}) {
    example.nodes.reads.clear();
    TreeCursor cursor(example.nodes, example.root);
    ASSERT_TRUE(cursor.seek(numbered_key(target)).ok());
    EXPECT_EQ(cursor.next().value()->key, numbered_key(target));
    EXPECT_LE(example.nodes.reads.size(), 3U);
  }
}

// From the middle of a leaf: nothing between is read, on no level.
TEST(TreeCursor, SeekFromWithinReadsOnlyTheWay) {
  MemoryNodes nodes;
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < 100'000; ++i) entries.push_back(numbered_entry(i));
  const auto root = build(nodes, entries);
  ASSERT_EQ(root.level, 2);
  TreeCursor cursor(nodes, root);
  ASSERT_TRUE(cursor.next().ok());
  EXPECT_EQ(nodes.reads.size(), 3U);
  ASSERT_TRUE(cursor.seek(numbered_key(80'000)).ok());
  EXPECT_EQ(cursor.next().value()->key, numbered_key(80'000));
  EXPECT_LE(nodes.reads.size(), 5U);
}

TEST(TreeCursor, SeekNeverGoesBack) {
  Example example;
  TreeCursor cursor(example.nodes, example.root);
  ASSERT_TRUE(cursor.seek(numbered_key(2000)).ok());
  ASSERT_TRUE(cursor.seek(numbered_key(10)).ok());
  EXPECT_EQ(cursor.next().value()->key, numbered_key(2000));
  ASSERT_TRUE(cursor.seek(bytes_of("zzz")).ok());
  EXPECT_FALSE(cursor.next().value().has_value());
}

// Versions of one key may begin in the node before the one that the key names.
TEST(TreeCursor, SeekFindsTheFirstOfManyVersions) {
  MemoryNodes nodes;
  std::vector<Entry> entries = {numbered_entry(1)};
  for (std::uint64_t i = 0; i < 2000; ++i) {
    auto entry = numbered_entry(2, i);
    base::SeededRandom random(i);
    entry.version = {static_cast<base::Byte>(i >> 8), static_cast<base::Byte>(i)};
    entry.attributes.resize(100 + random.below(50));
    entries.push_back(entry);
  }
  entries.push_back(numbered_entry(3));
  const auto root = build(nodes, entries);
  ASSERT_GE(root.level, 1);
  EXPECT_EQ(read_all(nodes, root), entries);
  TreeCursor cursor(nodes, root);
  ASSERT_TRUE(cursor.seek(numbered_key(2)).ok());
  EXPECT_EQ(cursor.next().value(), entries[1]);
  ASSERT_TRUE(cursor.seek(numbered_key(3)).ok());
  EXPECT_EQ(cursor.next().value(), entries.back());
}

TEST(TreeCursor, FailsAtAGapUnlessToldToCollect) {
  Example example;
  const auto& lost = example.children[2];
  example.nodes.failures.emplace(lost.id, Error(ErrorCode::damaged, "rotten"));
  EXPECT_EQ(try_read_all(example.nodes, example.root).error().code(), ErrorCode::damaged);

  TreeCursor cursor(example.nodes, example.root, TreeCursor::OnGap::collect);
  std::uint64_t read = 0;
  while (cursor.next().value()) ++read;
  EXPECT_EQ(read, entry_count - lost.entries);
  ASSERT_EQ(cursor.gaps().size(), 1U);
  EXPECT_EQ(cursor.gaps()[0].first_key, lost.key);
  EXPECT_EQ(cursor.gaps()[0].entries, lost.entries);
  EXPECT_EQ(cursor.gaps()[0].error.code(), ErrorCode::damaged);
}

TEST(TreeCursor, AbsenceAndDamageAreGapsAndOutageIsNot) {
  for (const auto code :
       {ErrorCode::not_found, ErrorCode::damaged, ErrorCode::io, ErrorCode::unsupported}) {
    Example example;
    example.nodes.failures.emplace(example.root.id, Error(code, "no"));
    TreeCursor cursor(example.nodes, example.root, TreeCursor::OnGap::collect);
    EXPECT_FALSE(cursor.next().value().has_value());
    ASSERT_EQ(cursor.gaps().size(), 1U);
    EXPECT_EQ(cursor.gaps()[0].entries, entry_count);
    EXPECT_EQ(cursor.gaps()[0].error.code(), code);
  }
  for (const auto code : {ErrorCode::unavailable, ErrorCode::cancelled}) {
    Example example;
    example.nodes.failures.emplace(example.children[1].id, Error(code, "no"));
    TreeCursor cursor(example.nodes, example.root, TreeCursor::OnGap::collect);
    ASSERT_TRUE(cursor.seek(example.children[1].key).ok());
    EXPECT_EQ(cursor.next().error().code(), code);
    // It can be tried again.
    example.nodes.failures.clear();
    EXPECT_TRUE(cursor.next().value().has_value());
    EXPECT_TRUE(cursor.gaps().empty());
  }
}

TEST(TreeCursor, NodesThatContradictEachOtherAreDamaged) {
  const auto verdict = [](auto&& change) {
    Example example;
    auto children = example.children;
    change(children);
    const auto entries = try_read_all(example.nodes, example.root_of(children));
    return entries.ok() ? "" : entries.error().message();
  };
  const auto says = [](const std::string& message, std::string_view what) {
    return message.find(what) != std::string::npos;
  };
  EXPECT_EQ(verdict([](auto&) {}), "");
  EXPECT_TRUE(says(verdict([](auto& c) { ++c[3].entries; }), "totals"));
  EXPECT_TRUE(says(verdict([](auto& c) { ++c[3].bytes; }), "totals"));
  EXPECT_TRUE(says(verdict([](auto& c) { c[3].key.push_back('x'); }), "first key"));
  // The same leaf twice: with its own key, the one before reaches into it.
  EXPECT_TRUE(says(verdict([](auto& c) { c.insert(c.begin() + 3, c[3]); }), "last key"));
  EXPECT_TRUE(says(verdict([](auto& c) { c[2].id = c[3].id; }), "contradicts"));
}

TEST(TreeCursor, LeavesOfOneKeyMustAscendByVersion) {
  MemoryNodes nodes;
  auto entry = numbered_entry(1);
  const auto leaf = build(nodes, {entry});
  NodeEncoder<EntryChild> encoder(1);
  for (int i = 0; i < 2; ++i) encoder.add({entry.key, leaf.id, leaf.entries, leaf.bytes});
  const TreeRoot root{1, nodes.put(encoder.take()).value(), 2, 2 * leaf.bytes};
  const auto entries = try_read_all(nodes, root);
  ASSERT_FALSE(entries.ok());
  EXPECT_NE(entries.error().message().find("order of entries"), std::string::npos);
}

TEST(TreeCursor, RefusesAWrongRoot) {
  Example example;
  auto root = example.root;
  root.level = 0;
  EXPECT_EQ(try_read_all(example.nodes, root).error().code(), ErrorCode::damaged);
  root.level = 2;
  EXPECT_EQ(try_read_all(example.nodes, root).error().code(), ErrorCode::damaged);
  root = example.root;
  ++root.entries;
  EXPECT_EQ(try_read_all(example.nodes, root).error().code(), ErrorCode::damaged);
  // A tree of extents where entries are expected.
  NodeEncoder<Extent> extents(0);
  extents.add({Extent::Kind::hole, 1, {}, 0});
  const TreeRoot other{0, example.nodes.put(extents.take()).value(), 1, 1};
  EXPECT_EQ(try_read_all(example.nodes, other).error().code(), ErrorCode::damaged);
}

base::Result<std::vector<Extent>> extents_of(NodeSource& source, const Content& content,
                                             std::uint64_t size) {
  ExtentCursor cursor(source, content, size);
  std::vector<Extent> extents;
  while (const auto extent = TRY(cursor.next())) extents.push_back(*extent);
  return extents;
}

TEST(ExtentCursor, ContentMustAddUpToTheSize) {
  MemoryNodes nodes;
  const Content list = std::vector<Extent>{{Extent::Kind::hole, 5, {}, 0}};
  EXPECT_EQ(extents_of(nodes, list, 5).value().size(), 1U);
  EXPECT_EQ(extents_of(nodes, list, 6).error().code(), ErrorCode::damaged);
  EXPECT_TRUE(extents_of(nodes, Content(), 0).value().empty());
  EXPECT_EQ(extents_of(nodes, Content(), 1).error().code(), ErrorCode::damaged);

  ExtentTreeBuilder builder(nodes);
  base::SeededRandom random(5);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(builder.add({Extent::Kind::data, 10, random_id(random), 0}).ok());
  }
  const auto tree = builder.finish().value();
  EXPECT_EQ(extents_of(nodes, tree, 10'000).value().size(), 1000U);
  EXPECT_EQ(extents_of(nodes, tree, 9'999).error().code(), ErrorCode::damaged);
  auto wrong = std::get<ExtentTree>(tree);
  ++wrong.level;
  EXPECT_EQ(extents_of(nodes, wrong, 10'000).error().code(), ErrorCode::damaged);
  nodes.failures.emplace(wrong.root, Error(ErrorCode::unavailable, "away"));
  EXPECT_EQ(extents_of(nodes, tree, 10'000).error().code(), ErrorCode::unavailable);
}

TEST(ExtentCursor, SeeksWithoutReadingWhatLiesBefore) {
  MemoryNodes nodes;
  ExtentTreeBuilder builder(nodes);
  base::SeededRandom random(6);
  constexpr std::uint64_t count = 20'000;
  constexpr std::uint64_t length = 10;
  for (std::uint64_t i = 0; i < count; ++i) {
    ASSERT_TRUE(builder.add({Extent::Kind::data, length, random_id(random), i}).ok());
  }
  const auto tree = builder.finish().value();
  const auto size = count * length;
  for (const std::uint64_t offset : {0UL, 1UL, 9UL, 10UL, 99'995UL, size - 1}) {
    nodes.reads.clear();
    ExtentCursor extents(nodes, tree, size);
    EXPECT_EQ(extents.seek(offset).value(), offset / length * length);
    const auto found = extents.next().value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->offset, offset / length) << "the number that was given to it";
    EXPECT_LE(nodes.reads.size(), 4U);
  }
  ExtentCursor extents(nodes, tree, size);
  EXPECT_EQ(extents.seek(55).value(), 50U);
  EXPECT_EQ(extents.seek(20).value(), 50U) << "never back";
  EXPECT_EQ(extents.seek(150'001).value(), 150'000U);
  EXPECT_EQ(extents.seek(size).value(), size);
  EXPECT_FALSE(extents.next().value());
}

TEST(ExtentCursor, SeeksInAList) {
  MemoryNodes nodes;
  const Content list =
      std::vector<Extent>{{Extent::Kind::hole, 5, {}, 0}, {Extent::Kind::data, 7, ChunkId{1}, 0}};
  ExtentCursor extents(nodes, list, 12);
  EXPECT_EQ(extents.seek(4).value(), 0U);
  EXPECT_EQ(extents.seek(5).value(), 5U);
  EXPECT_EQ(extents.next().value()->chunk, ChunkId{1});
  EXPECT_EQ(extents.seek(11).value(), 12U) << "that one was taken";
}

struct Recorder final : TreeVisitor {
  bool enter_node(const ChunkId& id) override { return entered.insert(id).second; }
  base::Result<void> data_chunk(const ChunkId& id, std::uint64_t needed_size) override {
    auto& needed = chunks[id];
    needed = std::max(needed, needed_size);
    ++calls;
    return {};
  }
  base::Result<void> unreadable_node(const TreeGap& gap, const ChunkId& id) override {
    gaps.emplace(id, gap.entries);
    return {};
  }
  std::set<ChunkId> entered;
  std::map<ChunkId, std::uint64_t> chunks;
  std::map<ChunkId, std::uint64_t> gaps;
  int calls = 0;
};

// A tree with a large file in it, and what a naive look at it says of the chunks.
struct VisitExample : Example {
  VisitExample() {
    ExtentTreeBuilder builder(nodes);
    base::SeededRandom random(6);
    auto& large = entries[1234];
    large.size = 0;
    for (int i = 0; i < 2000; ++i) {
      const Extent extent{Extent::Kind::data, 10, random_id(random), random.below(1000)};
      large_extents.push_back(extent);
      CHECK(builder.add(extent).ok(), "an extent was refused");
      large.size += extent.length;
    }
    large.content = builder.finish().value();
    nodes.nodes.erase(root.id);
    root = build(nodes, entries);
    const auto need = [&](const Extent& extent) {
      auto& needed = chunks[extent.chunk];
      needed = std::max(needed, extent.offset + extent.length);
    };
    for (const auto& entry : entries) {
      const auto* list = std::get_if<std::vector<Extent>>(&entry.content);
      if (list != nullptr) std::for_each(list->begin(), list->end(), need);
    }
    std::for_each(large_extents.begin(), large_extents.end(), need);
  }
  std::vector<Extent> large_extents;
  std::map<ChunkId, std::uint64_t> chunks;
};

TEST(VisitTree, TellsEveryNodeAndEveryChunk) {
  VisitExample example;
  Recorder recorder;
  example.nodes.reads.clear();
  ASSERT_TRUE(visit_tree(example.nodes, example.root, recorder).ok());
  EXPECT_EQ(recorder.chunks, example.chunks);
  EXPECT_TRUE(recorder.gaps.empty());
  // Fewer calls than extents: those of a node are told together.
  EXPECT_LT(recorder.calls, 2000 + 300);
  const std::set<ChunkId> read(example.nodes.reads.begin(), example.nodes.reads.end());
  EXPECT_EQ(recorder.entered, read);
  EXPECT_EQ(read.size(), example.nodes.reads.size());
}

TEST(VisitTree, TellsAChunkOfANodeOnceWithTheMostThatIsNeeded) {
  MemoryNodes nodes;
  std::vector<Entry> entries;
  base::SeededRandom random(8);
  const ChunkId chunks[] = {random_id(random), random_id(random)};
  for (std::uint64_t i = 0; i < 20; ++i) {
    auto entry = numbered_entry(i);
    entry.size = 1;
    entry.content =
        std::vector<Extent>{{Extent::Kind::data, 1, chunks[i % 2], i < 10 ? i : 20 - i}};
    entries.push_back(std::move(entry));
  }
  Recorder recorder;
  ASSERT_TRUE(visit_tree(nodes, build(nodes, entries), recorder).ok());
  EXPECT_EQ(recorder.calls, 2);
  const std::map<ChunkId, std::uint64_t> expected = {{chunks[0], 11}, {chunks[1], 10}};
  EXPECT_EQ(recorder.chunks, expected);
}

TEST(VisitTree, DoesntReadWhatIsntEntered) {
  VisitExample example;
  Recorder recorder;
  ASSERT_TRUE(visit_tree(example.nodes, example.root, recorder).ok());
  example.nodes.reads.clear();
  ASSERT_TRUE(visit_tree(example.nodes, example.root, recorder).ok());
  EXPECT_TRUE(example.nodes.reads.empty());
  // A changed tree: only what is new.
  example.entries[77].token.push_back(1);
  const auto root = build(example.nodes, example.entries);
  ASSERT_TRUE(visit_tree(example.nodes, root, recorder).ok());
  EXPECT_LE(example.nodes.reads.size(), 6U);
  EXPECT_GE(example.nodes.reads.size(), 2U);
}

TEST(VisitTree, TellsUnreadableNodesAndGoesOn) {
  VisitExample example;
  const auto extent_root = std::get<ExtentTree>(example.entries[1234].content).root;
  example.nodes.failures.emplace(extent_root, Error(ErrorCode::not_found, "gone"));
  const auto children = std::get<std::vector<EntryChild>>(
      decode_node(example.nodes.nodes.at(example.root.id)).value().items);
  const auto& lost = children.back();
  example.nodes.failures.emplace(lost.id, Error(ErrorCode::damaged, "rotten"));
  Recorder recorder;
  ASSERT_TRUE(visit_tree(example.nodes, example.root, recorder).ok());
  const std::map<ChunkId, std::uint64_t> expected = {{extent_root, 1}, {lost.id, lost.entries}};
  EXPECT_EQ(recorder.gaps, expected);
  EXPECT_GT(recorder.chunks.size(), 50U);
}

TEST(VisitTree, StopsAtTheVisitorsErrorAndWhenCancelled) {
  VisitExample example;
  struct Refuser final : TreeVisitor {
    bool enter_node(const ChunkId&) override { return true; }
    base::Result<void> data_chunk(const ChunkId&, std::uint64_t) override {
      return Error(ErrorCode::io, "full");
    }
    base::Result<void> unreadable_node(const TreeGap&, const ChunkId&) override { return {}; }
  } refuser;
  EXPECT_EQ(visit_tree(example.nodes, example.root, refuser).error().code(), ErrorCode::io);
  example.nodes.failures.emplace(example.root.id, Error(ErrorCode::cancelled, "stopped"));
  EXPECT_EQ(visit_tree(example.nodes, example.root, refuser).error().code(), ErrorCode::cancelled);
}

}  // namespace
}  // namespace holdfast::repository
