// Encodes tree nodes and decides where they end: a function of the items since the node's start, so
// that equal content gives equal nodes whatever was written before.
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "codec/crc32c.hpp"
#include "repository/tree_node.hpp"

namespace holdfast::repository {

using base::Bytes;
using base::ByteView;
using base::ByteWriter;

namespace {

constexpr std::uint32_t leaf_boundary_mask = 256 - 1;
constexpr std::uint32_t inner_boundary_mask = 64 - 1;

std::uint32_t number_of_id(const ChunkId& id) {
  std::uint32_t value;
  std::memcpy(&value, id.data(), sizeof value);
  return value;
}

template <typename Item>
bool is_boundary(const Item& item) {
  if constexpr (std::is_same_v<Item, Entry>) {
    return (codec::crc32c(item.key) & leaf_boundary_mask) == 0;
  } else if constexpr (std::is_same_v<Item, Extent>) {
    return item.kind == Extent::Kind::data && (number_of_id(item.chunk) & leaf_boundary_mask) == 0;
  } else {
    return (number_of_id(item.id) & inner_boundary_mask) == 0;
  }
}

template <typename Item>
constexpr bool is_inner = std::is_same_v<Item, EntryChild> || std::is_same_v<Item, ExtentChild>;
template <typename Item>
constexpr bool is_keyed = std::is_same_v<Item, Entry> || std::is_same_v<Item, EntryChild>;

}  // namespace

int compare_bytes(ByteView a, ByteView b) noexcept {
  const auto shared = std::min(a.size(), b.size());
  const int order = shared == 0 ? 0 : std::memcmp(a.data(), b.data(), shared);
  if (order != 0) return order;
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

int compare_entries(const Entry& a, const Entry& b) noexcept {
  const int order = compare_bytes(a.key, b.key);
  return order != 0 ? order : compare_bytes(a.version, b.version);
}

template <typename Item>
void NodeEncoder<Item>::grow_slots() {
  std::vector<std::uint32_t> grown(std::max<std::size_t>(64, slots_.size() * 2));
  for (std::uint32_t i = 0; i < chunks_.size(); ++i) {
    auto at = IdHash()(chunks_[i]) & (grown.size() - 1);
    while (grown[at] != 0) at = (at + 1) & (grown.size() - 1);
    grown[at] = i + 1;
  }
  slots_ = std::move(grown);
}

template <typename Item>
std::uint32_t NodeEncoder<Item>::index_of(const ChunkId& id) {
  // Small files lie in the chunk of the file before.
  if (!chunks_.empty() && chunks_.back() == id)
    return static_cast<std::uint32_t>(chunks_.size() - 1);
  if (chunks_.size() * 2 >= slots_.size()) grow_slots();
  auto at = IdHash()(id) & (slots_.size() - 1);
  while (slots_[at] != 0) {
    if (chunks_[slots_[at] - 1] == id) return slots_[at] - 1;
    at = (at + 1) & (slots_.size() - 1);
  }
  chunks_.push_back(id);
  slots_[at] = static_cast<std::uint32_t>(chunks_.size());
  return slots_[at] - 1;
}

template <typename Item>
void NodeEncoder<Item>::add_extent(const Extent& extent) {
  ByteWriter out(items_);
  out.varint(extent.length * 2 + static_cast<std::uint64_t>(extent.kind));
  if (extent.kind == Extent::Kind::hole) return;
  out.varint(index_of(extent.chunk));
  out.varint(extent.offset);
}

template <typename Item>
void NodeEncoder<Item>::add_key(const Bytes& key) {
  const auto bound = std::min(key.size(), last_key_.size());
  const auto shared = static_cast<std::size_t>(
      std::mismatch(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(bound),
                    last_key_.begin())
          .first -
      key.begin());
  ByteWriter out(items_);
  out.varint(shared);
  out.sized(ByteView(key).subspan(shared));
  last_key_.assign(key.begin(), key.end());
  keys_ += key.size();
}

template <typename Item>
void NodeEncoder<Item>::add(const Item& item) {
  ByteWriter out(items_);
  if constexpr (is_keyed<Item>) add_key(item.key);
  if constexpr (std::is_same_v<Item, Entry>) {
    out.sized(item.version);
    out.u8(static_cast<std::uint8_t>(item.kind));
    out.varint(item.size);
    out.u8(static_cast<std::uint8_t>(item.content.index()));
    if (const auto* list = std::get_if<std::vector<Extent>>(&item.content)) {
      out.varint(list->size());
      for (const auto& extent : *list) add_extent(extent);
    } else if (const auto* tree = std::get_if<ExtentTree>(&item.content)) {
      out.u8(tree->level);
      out.raw(tree->root);
    }
    out.sized(item.attributes);
    out.sized(item.token);
  } else if constexpr (std::is_same_v<Item, EntryChild>) {
    out.raw(item.id);
    out.varint(item.entries);
    out.varint(item.bytes);
  } else if constexpr (std::is_same_v<Item, Extent>) {
    add_extent(item);
  } else {
    out.raw(item.id);
    out.varint(item.bytes);
  }
  ++count_;
  const auto size = items_.size() + chunks_.size() * sizeof(ChunkId);
  const bool may_end = !is_inner<Item> || count_ >= 2;
  ends_ = may_end && (size >= node_size_max || keys_ >= node_keys_max ||
                      (size >= node_size_min && is_boundary(item)));
}

template <typename Item>
Bytes NodeEncoder<Item>::take() {
  Bytes node;
  node.reserve(32 + chunks_.size() * sizeof(ChunkId) + items_.size());
  ByteWriter out(node);
  out.u8(1);
  out.u8(is_keyed<Item> ? 1 : 2);
  out.u8(level_);
  out.varint(chunks_.size());
  for (const auto& id : chunks_) out.raw(id);
  out.varint(count_);
  out.raw(items_);
  count_ = 0;
  keys_ = 0;
  ends_ = false;
  items_.clear();
  last_key_.clear();
  chunks_.clear();
  std::fill(slots_.begin(), slots_.end(), 0U);
  return node;
}

template class NodeEncoder<Entry>;
template class NodeEncoder<EntryChild>;
template class NodeEncoder<Extent>;
template class NodeEncoder<ExtentChild>;

}  // namespace holdfast::repository
