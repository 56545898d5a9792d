// Hostile nodes: decoding refuses or gives a node that encodes again; it neither crashes nor takes
// memory that the bytes don't pay for.
#include <gtest/gtest.h>

#include "memory_peak.hpp"
#include "mutation.hpp"
#include "repository/tree_node.hpp"
#include "tree_fixture.hpp"

namespace holdfast::repository {
namespace {

using base::Bytes;

std::vector<Bytes> valid_nodes() {
  base::SeededRandom random(11);
  NodeEncoder<Entry> entries(0);
  for (const auto& entry : any_entries(random, 40)) entries.add(entry);
  NodeEncoder<EntryChild> children(2);
  for (std::uint64_t i = 0; i < 30; ++i) {
    children.add(
        {numbered_key(i), random_id(random), 1 + random.below(1000), random.number() >> 20});
  }
  NodeEncoder<Extent> extents(0);
  for (int i = 0; i < 60; ++i) extents.add(any_extent(random));
  NodeEncoder<ExtentChild> extent_children(1);
  for (int i = 0; i < 30; ++i)
    extent_children.add({random_id(random), 1 + (random.number() >> 20)});
  return {entries.take(), children.take(), extents.take(), extent_children.take()};
}

Bytes encoded_again(const Node& node) {
  return std::visit(
      [&](const auto& items) {
        using Item = typename std::decay_t<decltype(items)>::value_type;
        NodeEncoder<Item> encoder(node.level);
        for (const auto& item : items) encoder.add(item);
        return encoder.take();
      },
      node.items);
}

// What decodes must be sound: encoded again it gives a node that decodes to the same.
void expect_refused_or_sound(const Bytes& bytes) {
  const auto node = decode_node(bytes);
  if (!node.ok()) return;
  const auto canonical = encoded_again(node.value());
  const auto again = decode_node(canonical);
  ASSERT_TRUE(again.ok()) << again.error().to_string();
  ASSERT_EQ(encoded_again(again.value()), canonical);
}

TEST(TreeNodeFuzz, TruncatedAtEveryLength) {
  for (const auto& node : valid_nodes()) {
    ASSERT_TRUE(decode_node(node).ok());
    for (std::size_t size = 0; size < node.size(); ++size) {
      const Bytes cut(node.begin(), node.begin() + static_cast<std::ptrdiff_t>(size));
      ASSERT_FALSE(decode_node(cut).ok()) << size;
    }
  }
}

TEST(TreeNodeFuzz, Mutated) {
  base::SeededRandom random(12);
  for (const auto& node : valid_nodes()) {
    for (int round = 0; round < 20'000; ++round) expect_refused_or_sound(mutated(node, random));
  }
}

TEST(TreeNodeFuzz, Noise) {
  base::SeededRandom random(13);
  for (int round = 0; round < 50'000; ++round) {
    Bytes bytes(random.below(400));
    random.fill(bytes);
    if (bytes.size() > 4) {
      bytes[0] = 1;
      bytes[1] = static_cast<base::Byte>(1 + random.below(2));
      bytes[2] = static_cast<base::Byte>(random.below(3));
      bytes[3] = static_cast<base::Byte>(random.below(3));
    }
    expect_refused_or_sound(bytes);
  }
}

// The worst that eight mebibytes can ask for.
TEST(TreeNodeFuzz, MemoryIsBounded) {
  constexpr std::uint32_t entries = 100'000;
  Bytes bytes = {1, 1, 0, 0};
  base::ByteWriter out(bytes);
  out.varint(entries);
  for (std::uint32_t i = 0; i < entries; ++i) {
    // Nothing shared, three bytes of key, no version, a file of 64 holes of a byte, no attributes,
    // no token.
    out.raw(Bytes{0, 3, static_cast<base::Byte>(i >> 16), static_cast<base::Byte>(i >> 8),
                  static_cast<base::Byte>(i), 0, 1, 64, 1, 64});
    out.raw(Bytes(64, 3));
    out.raw(Bytes{0, 0});
  }
  ASSERT_LE(bytes.size(), node_bytes_max);
  reset_memory_peak();
  const auto before = memory_status("VmHWM");
  ASSERT_GT(before, 0U);
  EXPECT_FALSE(decode_node(bytes).ok());
  EXPECT_LT(memory_status("VmHWM") - before, 128U * 1024 * 1024);
}

}  // namespace
}  // namespace holdfast::repository
