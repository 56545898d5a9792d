// The bytes of nodes: as the format says, for ever; and every way in which they can be wrong is
// refused.
#include "repository/tree_node.hpp"

#include <gtest/gtest.h>

#include "golden.hpp"
#include "tree_fixture.hpp"

namespace holdfast::repository {
namespace {

using base::Byte;
using base::Bytes;
using base::ByteWriter;
using base::ErrorCode;

ChunkId id_full_of(Byte byte) {
  ChunkId id;
  id.fill(byte);
  return id;
}

template <typename Item>
Bytes encode(std::uint8_t level, const std::vector<Item>& items) {
  NodeEncoder<Item> encoder(level);
  for (const auto& item : items) encoder.add(item);
  return encoder.take();
}

std::vector<Entry> golden_entries() {
  Entry directory;
  directory.kind = EntryKind::directory;
  directory.attributes = {1, 2, 3};
  Entry empty;
  empty.key = bytes_of("etc");
  empty.token = {9};
  Entry bundled;
  bundled.key = bytes_of(std::string_view("etc\0passwd", 10));
  bundled.version = {7, 7};
  bundled.size = 1500;
  bundled.content = std::vector<Extent>{{Extent::Kind::data, 500, id_full_of(0xaa), 0},
                                        {Extent::Kind::hole, 300, {}, 0},
                                        {Extent::Kind::data, 700, id_full_of(0xbb), 70'000}};
  bundled.attributes = bytes_of("attributes");
  bundled.token = bytes_of("token");
  Entry neighbour = bundled;
  neighbour.key = bytes_of(std::string_view("etc\0passwd-", 11));
  neighbour.version = {};
  neighbour.size = 1;
  neighbour.content = std::vector<Extent>{{Extent::Kind::data, 1, id_full_of(0xaa), 500}};
  Entry large;
  large.key = bytes_of("var");
  large.kind = EntryKind::object;
  large.size = std::uint64_t{1} << 40;
  large.content = ExtentTree{2, id_full_of(0xcc)};
  return {directory, empty, bundled, neighbour, large};
}

const std::vector<EntryChild> golden_children = {
    {bytes_of(""), id_full_of(1), 300, 1'000'000},
    {bytes_of("usr"), id_full_of(2), 1, 0},
    {bytes_of("usr"), id_full_of(3), 2, 5},
    {bytes_of("usual"), id_full_of(4), 70'000, 1ULL << 50}};
const std::vector<Extent> golden_extents = {{Extent::Kind::data, 2'000'000, id_full_of(1), 0},
                                            {Extent::Kind::hole, 1ULL << 40, {}, 0},
                                            {Extent::Kind::data, 1, id_full_of(2), 4'000'000'000},
                                            {Extent::Kind::data, 8192, id_full_of(1), 8192}};
const std::vector<ExtentChild> golden_extent_children = {{id_full_of(1), 1},
                                                         {id_full_of(2), 1ULL << 40}};

template <typename Item>
void expect_comes_back(std::uint8_t level, const std::vector<Item>& items,
                       const std::string& name) {
  const auto bytes = encode(level, items);
  expect_golden(name, bytes);
  const auto node = decode_node(bytes);
  ASSERT_TRUE(node.ok()) << node.error().to_string();
  EXPECT_EQ(node.value().level, level);
  const auto* list = std::get_if<std::vector<Item>>(&node.value().items);
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(encode(level, *list), bytes);
}

TEST(TreeNode, GoldenBytes) {
  expect_comes_back(0, golden_entries(), "node_entries");
  expect_comes_back(3, golden_children, "node_entry_children");
  expect_comes_back(0, golden_extents, "node_extents");
  expect_comes_back(1, golden_extent_children, "node_extent_children");
  expect_golden("node_empty", NodeEncoder<Entry>(0).take());
}

TEST(TreeNode, DecodesWhatWasEncoded) {
  const auto entries = decode_node(encode(0, golden_entries())).value();
  EXPECT_EQ(std::get<std::vector<Entry>>(entries.items), golden_entries());
  const auto extents = decode_node(encode(0, golden_extents)).value();
  EXPECT_EQ(std::get<std::vector<Extent>>(extents.items), golden_extents);
  const auto children =
      std::get<std::vector<EntryChild>>(decode_node(encode(3, golden_children)).value().items);
  ASSERT_EQ(children.size(), golden_children.size());
  EXPECT_EQ(children[3].key, golden_children[3].key);
  EXPECT_EQ(children[3].id, golden_children[3].id);
  EXPECT_EQ(children[3].entries, golden_children[3].entries);
  EXPECT_EQ(children[3].bytes, golden_children[3].bytes);
}

// A chunk that several extents refer to is listed once.
TEST(TreeNode, ListsEachChunkOnce) {
  std::vector<Extent> extents;
  for (int round = 0; round < 3; ++round) {
    for (Byte i = 0; i < 200; ++i) extents.push_back({Extent::Kind::data, 1, id_full_of(i), 0});
  }
  const auto bytes = encode(0, extents);
  EXPECT_EQ(bytes.size(), 3 + 2 + 200 * 32 + 2 + 3 * (128 * 3 + 72 * 4));
  EXPECT_EQ(std::get<std::vector<Extent>>(decode_node(bytes).value().items), extents);
}

TEST(TreeNode, EncoderIsEmptyAfterTake) {
  NodeEncoder<Entry> encoder(0);
  encoder.add(golden_entries()[2]);
  const auto first = encoder.take();
  EXPECT_TRUE(encoder.empty());
  encoder.add(golden_entries()[2]);
  EXPECT_EQ(encoder.take(), first);
}

// Hand-made nodes: `write` gets everything after version, kind and level.
template <typename Write>
base::Result<Node> decoded(Byte kind, Byte level, Write&& write) {
  Bytes bytes = {1, kind, level};
  ByteWriter out(bytes);
  write(out);
  return decode_node(bytes);
}

void expect_damaged(const base::Result<Node>& node, std::string_view why) {
  ASSERT_FALSE(node.ok()) << why;
  EXPECT_EQ(node.error().code(), ErrorCode::damaged);
  EXPECT_NE(node.error().message().find(why), std::string::npos) << node.error().message();
}

// An entry without content; chunk_count and item_count before it.
void write_entry(ByteWriter& out, std::string_view key, Byte kind = 1, std::uint64_t shared = 0) {
  out.varint(shared);
  out.sized(key);
  out.varint(0);
  out.u8(kind);
  out.varint(0);
  out.u8(0);
  out.varint(0);
  out.varint(0);
}

TEST(TreeNode, RefusesOtherVersionsKindsAndLevels) {
  EXPECT_EQ(decode_node(Bytes{2, 1, 0, 0, 0}).error().code(), ErrorCode::unsupported);
  EXPECT_FALSE(decode_node(Bytes{2, 1, 0, 0, 0}).error().hint().empty());
  expect_damaged(decode_node(Bytes{}), "ends before");
  expect_damaged(decode_node(Bytes{1, 0, 0, 0, 0}), "kind or level");
  expect_damaged(decode_node(Bytes{1, 3, 0, 0, 0}), "kind or level");
  expect_damaged(decode_node(Bytes{1, 1, 17, 0, 0}), "kind or level");
  expect_damaged(decode_node(Bytes(node_bytes_max + 1)), "bytes");
}

TEST(TreeNode, RefusesEmptyNodesAndTrailingBytes) {
  EXPECT_TRUE(decode_node(Bytes{1, 1, 0, 0, 0}).ok());
  expect_damaged(decode_node(Bytes{1, 1, 1, 0, 0}), "empty");
  expect_damaged(decode_node(Bytes{1, 2, 0, 0, 0}), "empty");
  expect_damaged(decode_node(Bytes{1, 2, 1, 0, 0}), "empty");
  expect_damaged(decode_node(Bytes{1, 1, 0, 0, 0, 0}), "follow");
}

TEST(TreeNode, RefusesInventedCounts) {
  expect_damaged(decoded(1, 0, [](ByteWriter& out) { out.varint(1U << 30); }), "more chunks");
  expect_damaged(decoded(1, 1,
                         [](ByteWriter& out) {
                           out.varint(1);
                           out.raw(id_full_of(1));
                           out.varint(0);
                         }),
                 "more chunks");
  expect_damaged(decoded(1, 0,
                         [](ByteWriter& out) {
                           out.varint(0);
                           out.varint(1U << 30);
                         }),
                 "more items");
  expect_damaged(decoded(2, 0,
                         [](ByteWriter& out) {
                           out.varint(0);
                           out.varint(node_items_max + 1);
                           out.raw(Bytes(node_items_max + 1, 3));
                         }),
                 "more items");
}

TEST(TreeNode, RefusesKeysOutOfOrder) {
  const auto two = [](std::string_view first, std::string_view second, std::uint64_t shared) {
    return decoded(1, 0, [&](ByteWriter& out) {
      out.varint(0);
      out.varint(2);
      write_entry(out, first);
      write_entry(out, second, 1, shared);
    });
  };
  EXPECT_TRUE(two("a", "b", 0).ok());
  EXPECT_TRUE(two("ab", "c", 1).ok());
  EXPECT_TRUE(two("ab", "abc", 0).ok());  // readers don't insist on sharing
  expect_damaged(two("b", "a", 0), "not in order");
  expect_damaged(two("a", "a", 0), "not in order");
  expect_damaged(two("ab", "", 1), "not in order");
  expect_damaged(two("ab", "c", 3), "shares more");
}

TEST(TreeNode, RefusesKeysThatGrowBeyondAllBounds) {
  expect_damaged(decoded(1, 0,
                         [](ByteWriter& out) {
                           out.varint(0);
                           out.varint(1);
                           write_entry(out, std::string(key_size_max + 1, 'k'));
                         }),
                 "too long");
  // A few bytes each, which would decode to gigabytes.
  expect_damaged(decoded(1, 0,
                         [](ByteWriter& out) {
                           out.varint(0);
                           out.varint(10'001);
                           std::string key(40'000, 'k');
                           write_entry(out, key);
                           for (std::size_t i = 0; i < 10'000; ++i)
                             write_entry(out, "k", 1, key.size() + i);
                         }),
                 "too long");
}

// An entry with content: what follows `size`.
template <typename Write>
base::Result<Node> with_content(std::uint64_t size, Write&& write) {
  return decoded(1, 0, [&](ByteWriter& out) {
    out.varint(1);
    out.raw(id_full_of(5));
    out.varint(1);
    out.varint(0);
    out.sized("k");
    out.varint(0);
    out.u8(1);
    out.varint(size);
    write(out);
    out.varint(0);
    out.varint(0);
  });
}

TEST(TreeNode, RefusesWrongContent) {
  const auto list = [](std::uint64_t size, std::vector<std::uint64_t> numbers) {
    return with_content(size, [&](ByteWriter& out) {
      out.u8(1);
      for (const auto number : numbers) out.varint(number);
    });
  };
  EXPECT_TRUE(list(10, {1, 20, 0, 0}).ok());
  EXPECT_TRUE(list(10, {1, 21}).ok());
  expect_damaged(list(11, {1, 20, 0, 0}), "add up");
  expect_damaged(list(0, {0}), "wrong length");
  expect_damaged(list(65, {65}), "wrong length");
  expect_damaged(list(0, {1, 0, 0, 0}), "is empty");
  expect_damaged(list(10, {1, 20, 1, 0}), "doesn't list");
  expect_damaged(list(10, {1, 20, 0, UINT32_MAX}), "beyond any chunk");
  expect_damaged(list(10, {1, 20, 0, UINT64_MAX}), "beyond any chunk");
  expect_damaged(with_content(1, [](ByteWriter& out) { out.u8(3); }), "unknown kind");
  expect_damaged(with_content(1,
                              [](ByteWriter& out) {
                                out.u8(2);
                                out.u8(17);
                                out.raw(id_full_of(1));
                              }),
                 "too high");
}

TEST(TreeNode, RefusesUnknownKindsOfEntries) {
  for (const Byte kind : {0, 10, 255}) {
    expect_damaged(decoded(1, 0,
                           [&](ByteWriter& out) {
                             out.varint(0);
                             out.varint(1);
                             write_entry(out, "k", kind);
                           }),
                   "unknown kind");
  }
}

TEST(TreeNode, RefusesSumsThatOverflow) {
  expect_damaged(decoded(2, 0,
                         [](ByteWriter& out) {
                           out.varint(0);
                           out.varint(3);
                           for (int i = 0; i < 3; ++i) out.varint(UINT64_MAX);
                         }),
                 "more than 64 bits");
  auto children = golden_children;
  children[1].bytes = UINT64_MAX;
  expect_damaged(decode_node(encode(1, children)), "more than 64 bits");
  children = golden_children;
  children[1].entries = UINT64_MAX;
  expect_damaged(decode_node(encode(1, children)), "more than 64 bits");
  children[1].entries = 0;
  expect_damaged(decode_node(encode(1, children)), "no entries");
  expect_damaged(decode_node(encode<ExtentChild>(1, {{id_full_of(1), 0}})), "no content");
}

TEST(TreeNode, RefusesNumbersNotInShortestForm) {
  expect_damaged(decode_node(Bytes{1, 1, 0, 0x80, 0x00, 0}), "shortest");
  expect_damaged(
      decode_node(Bytes{1, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0}),
      "64 bits");
}

}  // namespace
}  // namespace holdfast::repository
