// Where nodes end, what is refused, and how high trees get.
#include "repository/tree_builder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "codec/crc32c.hpp"
#include "tree_fixture.hpp"

namespace holdfast::repository {
namespace {

using base::Bytes;
using base::ErrorCode;

Node node_at(MemoryNodes& nodes, const ChunkId& id) {
  auto node = decode_node(nodes.nodes.at(id));
  CHECK(node.ok(), "a node that doesn't decode");
  return std::move(node).value();
}

TEST(TreeBuilder, AnEmptyTreeIsOneEmptyNode) {
  MemoryNodes nodes;
  const auto root = build(nodes, {});
  EXPECT_EQ(root.level, 0);
  EXPECT_EQ(root.entries, 0U);
  EXPECT_EQ(nodes.nodes.at(root.id), (Bytes{1, 1, 0, 0, 0}));
  EXPECT_TRUE(read_all(nodes, root).empty());
}

TEST(TreeBuilder, AFewEntriesAreOneNode) {
  MemoryNodes nodes;
  const std::vector<Entry> entries = {numbered_entry(1), numbered_entry(2)};
  const auto root = build(nodes, entries);
  EXPECT_EQ(nodes.nodes.size(), 1U);
  EXPECT_EQ(root.level, 0);
  EXPECT_EQ(root.entries, 2U);
  EXPECT_EQ(root.bytes, entries[0].size + entries[1].size);
  EXPECT_EQ(read_all(nodes, root), entries);
}

TEST(TreeBuilder, NodesEndWhereTheFormatSays) {
  MemoryNodes nodes;
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < 5000; ++i) entries.push_back(numbered_entry(i));
  const auto root = build(nodes, entries);
  ASSERT_EQ(root.level, 1);
  const auto top = node_at(nodes, root.id);
  const auto& children = std::get<std::vector<EntryChild>>(top.items);
  ASSERT_GT(children.size(), 5U);
  for (std::size_t i = 0; i + 1 < children.size(); ++i) {
    const auto leaf = node_at(nodes, children[i].id);
    const auto& items = std::get<std::vector<Entry>>(leaf.items);
    EXPECT_EQ(items.front().key, children[i].key);
    EXPECT_EQ(items.size(), children[i].entries);
    const auto size = nodes.nodes.at(children[i].id).size();
    EXPECT_GE(size, node_size_min);
    EXPECT_LE(size, node_size_max + 1000);
    EXPECT_TRUE(codec::crc32c(items.back().key) % 256 == 0 || size >= node_size_max);
  }
}

TEST(TreeBuilder, ANodeThatEndsWithTheContentIsTheRoot) {
  MemoryNodes nodes;
  TreeBuilder builder(nodes);
  std::uint64_t count = 0;
  while (nodes.nodes.empty()) ASSERT_TRUE(builder.add(numbered_entry(count++)).ok());
  const auto root = builder.finish().value();
  EXPECT_EQ(root.level, 0);
  EXPECT_EQ(root.entries, count);
  EXPECT_EQ(nodes.nodes.size(), 1U);
  EXPECT_EQ(read_all(nodes, root).size(), count);
}

TEST(TreeBuilder, RefusesDisorder) {
  for (const auto& second : {numbered_entry(1), numbered_entry(0)}) {
    MemoryNodes nodes;
    TreeBuilder builder(nodes);
    ASSERT_TRUE(builder.add(numbered_entry(1)).ok());
    EXPECT_EQ(builder.add(second).error().code(), ErrorCode::invalid_argument);
  }
  MemoryNodes nodes;
  TreeBuilder builder(nodes);
  auto entry = numbered_entry(1);
  entry.version = {5};
  ASSERT_TRUE(builder.add(entry).ok());
  EXPECT_FALSE(builder.add(entry).ok());
  entry.version = {4, 255};
  EXPECT_FALSE(builder.add(entry).ok());
  entry.version = {5, 0};
  EXPECT_TRUE(builder.add(entry).ok());
}

TEST(TreeBuilder, RefusesWhatNoDecoderWouldTake) {
  const auto refuses = [](auto&& change) {
    MemoryNodes nodes;
    TreeBuilder builder(nodes);
    auto entry = numbered_entry(1);
    change(entry);
    const auto added = builder.add(entry);
    return !added.ok() && added.error().code() == ErrorCode::invalid_argument;
  };
  EXPECT_FALSE(refuses([](Entry&) {}));
  EXPECT_TRUE(refuses([](Entry& e) { e.size += 1; }));
  EXPECT_TRUE(refuses([](Entry& e) { e.kind = EntryKind{0}; }));
  EXPECT_TRUE(refuses([](Entry& e) { e.kind = EntryKind{10}; }));
  EXPECT_TRUE(refuses([](Entry& e) { e.key.resize(key_size_max + 1); }));
  EXPECT_TRUE(refuses([](Entry& e) { e.version.resize(key_size_max + 1); }));
  EXPECT_TRUE(refuses([](Entry& e) { e.attributes.resize(entry_bytes_max); }));
  EXPECT_TRUE(refuses([](Entry& e) { e.content = std::vector<Extent>{}; }));
  EXPECT_TRUE(refuses([](Entry& e) { e.content = ExtentTree{17, {}}; }));
  EXPECT_TRUE(refuses([](Entry& e) {
    e.content = std::vector<Extent>(65, Extent{Extent::Kind::hole, 1, {}, 0});
    e.size = 65;
  }));
  EXPECT_TRUE(refuses([](Entry& e) {
    e.content = std::vector<Extent>{Extent{Extent::Kind::data, 0, {}, 0}};
    e.size = 0;
  }));
  EXPECT_TRUE(refuses([](Entry& e) {
    e.content = std::vector<Extent>{Extent{Extent::Kind::data, 1, {}, UINT32_MAX}};
    e.size = 1;
  }));
}

TEST(TreeBuilder, RefusesSizesThatOverflow) {
  MemoryNodes nodes;
  TreeBuilder builder(nodes);
  auto first = numbered_entry(1);
  first.content = ExtentTree{};
  first.size = UINT64_MAX;
  ASSERT_TRUE(builder.add(first).ok());
  EXPECT_FALSE(builder.add(numbered_entry(2)).ok());
}

// Nodes of keys so long that one fills a node: the tower must still come to an end.
TEST(TreeBuilder, LongKeysMakeHighButFiniteTrees) {
  MemoryNodes nodes;
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < 300; ++i) {
    Entry entry;
    base::SeededRandom random(i);
    entry.key.resize(key_size_max);
    random.fill(entry.key);
    entry.key[0] = static_cast<base::Byte>(i >> 8);
    entry.key[1] = static_cast<base::Byte>(i);
    entries.push_back(std::move(entry));
  }
  const auto root = build(nodes, entries);
  EXPECT_GE(root.level, 3);
  EXPECT_LE(root.level, 9);
  EXPECT_EQ(read_all(nodes, root), entries);
}

// Ids that are all boundaries, keys that fill a node's least size: without two children a node, no
// level would be lower than the one below.
TEST(TreeBuilder, LevelsShrinkWhateverTheIds) {
  class Counter final : public NodeSink {
    base::Result<ChunkId> put(Bytes) override {
      ChunkId id{};
      ++count;
      std::memcpy(id.data() + 8, &count, sizeof count);
      return id;
    }

   public:
    std::uint64_t count = 0;
  } sink;
  TreeBuilder builder(sink);
  for (std::uint64_t i = 0; i < 300; ++i) {
    Entry entry;
    entry.key.assign(key_size_max, static_cast<base::Byte>(i >> 8));
    entry.key[0] = static_cast<base::Byte>(i >> 8);
    entry.key[1] = static_cast<base::Byte>(i);
    ASSERT_TRUE(builder.add(entry).ok());
  }
  const auto root = builder.finish();
  ASSERT_TRUE(root.ok()) << root.error().to_string();
  EXPECT_LE(root.value().level, 9);
  EXPECT_EQ(root.value().entries, 300U);
}

// Keys that share nearly everything cost the encoded node little, and its reader all the same.
TEST(TreeBuilder, SharedPrefixesDontMakeNodesThatReadersRefuse) {
  MemoryNodes nodes;
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < 400; ++i) {
    Entry entry;
    entry.key.assign(key_size_max - 2, 'x');
    entry.key.push_back(static_cast<base::Byte>(i >> 8));
    entry.key.push_back(static_cast<base::Byte>(i));
    entries.push_back(std::move(entry));
  }
  const auto root = build(nodes, entries);
  EXPECT_EQ(read_all(nodes, root), entries);
}

TEST(TreeBuilder, LongAttributesFit) {
  MemoryNodes nodes;
  auto entry = numbered_entry(1);
  entry.attributes.resize(entry_bytes_max - entry.key.size() - entry.token.size());
  const auto root = build(nodes, {numbered_entry(0), entry, numbered_entry(2)});
  EXPECT_EQ(read_all(nodes, root).at(1), entry);
}

TEST(TreeBuilder, PassesOnTheSinksError) {
  class Full final : public NodeSink {
    base::Result<ChunkId> put(Bytes) override { return base::Error(ErrorCode::no_space, "full"); }
  } sink;
  TreeBuilder builder(sink);
  ASSERT_TRUE(builder.add(numbered_entry(1)).ok());
  EXPECT_EQ(builder.finish().error().code(), ErrorCode::no_space);
}

Content extents_of(NodeSink& sink, const std::vector<Extent>& extents) {
  ExtentTreeBuilder builder(sink);
  for (const auto& extent : extents) CHECK(builder.add(extent).ok(), "an extent was refused");
  auto content = builder.finish();
  CHECK(content.ok(), "no content");
  return std::move(content).value();
}

std::vector<Extent> separate_extents(std::size_t count) {
  base::SeededRandom random(count);
  std::vector<Extent> extents;
  for (std::size_t i = 0; i < count; ++i) {
    extents.push_back({Extent::Kind::data, 1 + random.below(1000), random_id(random), 0});
  }
  return extents;
}

TEST(ExtentTreeBuilder, NothingAListAndATree) {
  MemoryNodes nodes;
  EXPECT_EQ(extents_of(nodes, {}), Content());
  const auto list = separate_extents(inline_extents_max);
  EXPECT_EQ(extents_of(nodes, list), Content(list));
  EXPECT_TRUE(nodes.nodes.empty());
  const auto content = extents_of(nodes, separate_extents(inline_extents_max + 1));
  ASSERT_TRUE(std::holds_alternative<ExtentTree>(content));
  EXPECT_EQ(std::get<ExtentTree>(content).level, 0);
  EXPECT_EQ(nodes.nodes.size(), 1U);
}

TEST(ExtentTreeBuilder, JoinsWhatContinues) {
  MemoryNodes nodes;
  const auto id = id_of({});
  const std::vector<Extent> given = {
      {Extent::Kind::data, 10, id, 5}, {Extent::Kind::data, 20, id, 15},
      {Extent::Kind::hole, 1, {}, 0},  {Extent::Kind::hole, 2, {}, 0},
      {Extent::Kind::data, 1, id, 35}, {Extent::Kind::data, 1, id, 35}};
  const std::vector<Extent> joined = {{Extent::Kind::data, 30, id, 5},
                                      {Extent::Kind::hole, 3, {}, 0},
                                      {Extent::Kind::data, 1, id, 35},
                                      {Extent::Kind::data, 1, id, 35}};
  EXPECT_EQ(extents_of(nodes, given), Content(joined));
}

TEST(ExtentTreeBuilder, RefusesNonsense) {
  MemoryNodes nodes;
  ExtentTreeBuilder builder(nodes);
  EXPECT_FALSE(builder.add({Extent::Kind::hole, 0, {}, 0}).ok());
  EXPECT_FALSE(builder.add({Extent::Kind::hole, extent_length_max + 1, {}, 0}).ok());
  EXPECT_FALSE(builder.add({Extent::Kind::data, 2, {}, UINT32_MAX - 1}).ok());
  ASSERT_TRUE(builder.add({Extent::Kind::hole, extent_length_max, {}, 0}).ok());
  EXPECT_FALSE(builder.add({Extent::Kind::hole, 1, {}, 0}).ok());
}

}  // namespace
}  // namespace holdfast::repository
