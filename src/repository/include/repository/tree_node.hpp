// The bytes of tree nodes (docs/internals/repository_format.md section 4): encoding, decoding, and
// where a node ends.
#pragma once

#include <variant>
#include <vector>

#include "base/result.hpp"
#include "repository/entry.hpp"

namespace holdfast::repository {

constexpr std::size_t node_size_min = 8 * 1024;    // no boundary below
constexpr std::size_t node_size_max = 128 * 1024;  // always a boundary
constexpr std::size_t node_keys_max =
    4 * 1024 * 1024;  // of its keys, prefixes not taken out: a boundary too
constexpr std::size_t key_size_max = 64 * 1024;  // of a key or a version
constexpr std::size_t entry_bytes_max =
    4 * 1024 * 1024;  // of an entry's key, version, attributes and token together
constexpr std::size_t node_bytes_max =
    8 * 1024 * 1024;  // follows from the others; a decoder refuses more
constexpr std::size_t node_items_max = node_size_max;  // follows: an item takes a byte at least
constexpr std::uint8_t node_level_max = 16;
constexpr std::uint64_t extent_length_max = (std::uint64_t{1} << 63) - 1;

struct EntryChild {
  base::Bytes key;  // of the first entry below
  ChunkId id{};
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
};

struct ExtentChild {
  ChunkId id{};
  std::uint64_t bytes = 0;
};

// A decoded node: exactly one of the four lists.
using NodeItems = std::variant<std::vector<Entry>, std::vector<EntryChild>, std::vector<Extent>,
                               std::vector<ExtentChild>>;

struct Node {
  std::uint8_t level = 0;
  NodeItems items;
};

// Checks everything that can be checked without other nodes: order of keys, indices, limits,
// lengths. Never crashes on hostile bytes.
base::Result<Node> decode_node(base::ByteView plaintext);

// Collects the items of one node and encodes them. Items come in order; the caller asks ends_here()
// after each. Item is one of the four of NodeItems.
template <typename Item>
class NodeEncoder {
 public:
  explicit NodeEncoder(std::uint8_t level) : level_(level) {}
  void add(const Item& item);
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] bool ends_here() const { return ends_; }
  // The node's plaintext; the encoder is empty afterwards.
  [[nodiscard]] base::Bytes take();

 private:
  void add_extent(const Extent& extent);
  void add_key(const base::Bytes& key);
  std::uint32_t index_of(const ChunkId& id);
  void grow_slots();

  std::uint8_t level_;
  std::uint64_t count_ = 0;
  std::size_t keys_ = 0;  // bytes of all keys
  bool ends_ = false;
  base::Bytes items_;
  base::Bytes last_key_;
  std::vector<ChunkId> chunks_;
  std::vector<std::uint32_t> slots_;  // open addressing by id: index into chunks_ + 1, 0 is free
};

// Bytewise order; what keys and versions are sorted by.
[[nodiscard]] int compare_bytes(base::ByteView a, base::ByteView b) noexcept;
// Order of entries: by key, then by version.
[[nodiscard]] int compare_entries(const Entry& a, const Entry& b) noexcept;

}  // namespace holdfast::repository
