// Decodes tree nodes. The bytes are authenticated by their id, but a writer that is broken or
// hostile may have made them: every field is checked, and nothing is allocated that the bytes don't
// pay for.
#include "repository/tree_node.hpp"

#include <algorithm>
#include <cstring>

namespace holdfast::repository {

using base::Byte;
using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// Reads fields and remembers the first failure instead of returning it with each: a node has many
// small fields, and after a failure everything reads as zero.
class FieldReader {
 public:
  explicit FieldReader(ByteView in) : at_(in.data()), end_(in.data() + in.size()) {}

  std::uint8_t u8() {
    if (at_ == end_) return fail_short();
    return *at_++;
  }

  std::uint64_t varint() {
    if (at_ != end_ && *at_ < 0x80) [[likely]]
      return *at_++;
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) return fail_short();
      const Byte byte = *at_++;
      if (shift == 63 && byte > 1) break;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) != 0) continue;
      if (byte != 0) return value;
      fail("a number is not in its shortest form");
      return 0;
    }
    fail("a number is longer than 64 bits");
    return 0;
  }

  ByteView raw(std::size_t size) {
    if (remaining() < size) {
      fail_short();
      return {};
    }
    const ByteView view(at_, size);
    at_ += size;
    return view;
  }

  ByteView sized() {
    const auto size = varint();
    if (remaining() < size) {
      fail_short();
      return {};
    }
    return raw(static_cast<std::size_t>(size));
  }

  ChunkId id() {
    ChunkId out{};
    const auto bytes = raw(out.size());
    if (bytes.size() == out.size()) std::memcpy(out.data(), bytes.data(), out.size());
    return out;
  }

  void fail(const char* why) {
    if (why_ == nullptr) why_ = why;
    at_ = end_;
  }
  [[nodiscard]] bool failed() const { return why_ != nullptr; }
  [[nodiscard]] std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] Error error() const {
    return {ErrorCode::damaged, std::string("a tree node is malformed: ") + why_};
  }

 private:
  std::uint8_t fail_short() {
    fail("it ends before its last field");
    return 0;
  }
  const Byte* at_;
  const Byte* end_;
  const char* why_ = nullptr;
};

// What the items of a node share.
struct Context {
  FieldReader& in;
  std::vector<ChunkId> chunks;
  Bytes last_key;
  std::size_t keys = 0;     // bytes of all keys
  std::size_t extents = 0;  // of all entries
};

void add_checked(FieldReader& in, std::uint64_t& total, std::uint64_t part) {
  if (__builtin_add_overflow(total, part, &total)) in.fail("its sizes add up to more than 64 bits");
}

// Rebuilds the key from the shared part of the one before.
void read_key(Context& context, Bytes& key) {
  const auto shared = context.in.varint();
  const auto rest = context.in.sized();
  if (shared > context.last_key.size()) {
    context.in.fail("a key shares more with the one before than that has");
    return;
  }
  // Before anything is allocated: shared prefixes cost the bytes nothing.
  const auto size = static_cast<std::size_t>(shared) + rest.size();
  context.keys += size;
  if (size > key_size_max || context.keys > node_keys_max + 2 * key_size_max) {
    context.in.fail("its keys are too long");
    return;
  }
  key.reserve(size);
  key.assign(context.last_key.begin(),
             context.last_key.begin() + static_cast<std::ptrdiff_t>(shared));
  key.insert(key.end(), rest.begin(), rest.end());
}

void read_item(Context& context, Extent& extent) {
  auto& in = context.in;
  const auto tag = in.varint();
  extent.kind = (tag & 1) == 0 ? Extent::Kind::data : Extent::Kind::hole;
  extent.length = tag >> 1;
  if (extent.length == 0) in.fail("an extent is empty");
  if (extent.kind == Extent::Kind::hole) return;
  const auto chunk = in.varint();
  extent.offset = in.varint();
  if (chunk >= context.chunks.size()) {
    in.fail("an extent names a chunk that the node doesn't list");
    return;
  }
  // A chunk's size is a u32.
  if (extent.offset > UINT32_MAX || extent.length > UINT32_MAX - extent.offset) {
    in.fail("an extent reaches beyond any chunk");
  }
  extent.chunk = context.chunks[static_cast<std::size_t>(chunk)];
}

std::vector<Extent> read_extent_list(Context& context, std::uint64_t size) {
  auto& in = context.in;
  const auto count = in.varint();
  std::vector<Extent> list;
  context.extents += static_cast<std::size_t>(std::min<std::uint64_t>(count, inline_extents_max));
  if (count == 0 || count > inline_extents_max || count > in.remaining() ||
      context.extents > node_items_max + inline_extents_max) {
    in.fail("an entry's list of extents has a wrong length");
    return list;
  }
  list.resize(static_cast<std::size_t>(count));
  std::uint64_t total = 0;
  for (auto& extent : list) {
    read_item(context, extent);
    add_checked(in, total, extent.length);
  }
  if (total != size) in.fail("an entry's extents don't add up to its size");
  return list;
}

void read_content(Context& context, Entry& entry) {
  auto& in = context.in;
  switch (in.u8()) {
    case 0: return;
    case 1: entry.content = read_extent_list(context, entry.size); return;
    case 2: {
      ExtentTree tree;
      tree.level = in.u8();
      tree.root = in.id();
      if (tree.level > node_level_max) in.fail("a tree of extents is too high");
      entry.content = tree;
      return;
    }
    default: in.fail("an entry's content is of an unknown kind");
  }
}

void read_item(Context& context, Entry& entry) {
  auto& in = context.in;
  read_key(context, entry.key);
  const auto version = in.sized();
  if (version.size() > key_size_max) in.fail("a version is too long");
  entry.version.assign(version.begin(), version.end());
  const auto kind = in.u8();
  if (kind < static_cast<std::uint8_t>(EntryKind::file) ||
      kind > static_cast<std::uint8_t>(EntryKind::object)) {
    in.fail("an entry is of an unknown kind");
  }
  entry.kind = static_cast<EntryKind>(kind);
  entry.size = in.varint();
  read_content(context, entry);
  const auto attributes = in.sized();
  entry.attributes.assign(attributes.begin(), attributes.end());
  const auto token = in.sized();
  entry.token.assign(token.begin(), token.end());
}

void read_item(Context& context, EntryChild& child) {
  read_key(context, child.key);
  child.id = context.in.id();
  child.entries = context.in.varint();
  child.bytes = context.in.varint();
  if (child.entries == 0) context.in.fail("a node below it has no entries");
}

void read_item(Context& context, ExtentChild& child) {
  child.id = context.in.id();
  child.bytes = context.in.varint();
  if (child.bytes == 0) context.in.fail("a node below it has no content");
}

// Whether `next` may follow `previous`. Versions of one key may lie in several nodes, whose keys
// are equal then.
bool in_order(const Entry& previous, const Entry& next) {
  return compare_entries(previous, next) < 0;
}
bool in_order(const EntryChild& previous, const EntryChild& next) {
  return compare_bytes(previous.key, next.key) <= 0;
}

template <typename Item>
constexpr std::size_t item_bytes_min = 1;
template <>
constexpr std::size_t item_bytes_min<Entry> = 8;
template <>
constexpr std::size_t item_bytes_min<EntryChild> = 36;
template <>
constexpr std::size_t item_bytes_min<ExtentChild> = 33;

template <typename Item>
std::vector<Item> read_items(Context& context) {
  auto& in = context.in;
  std::vector<Item> items;
  const auto count = in.varint();
  if (count > node_items_max || count > in.remaining() / item_bytes_min<Item>) {
    in.fail("it counts more items than it holds");
    return items;
  }
  items.resize(static_cast<std::size_t>(count));
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < items.size() && !in.failed(); ++i) {
    auto& item = items[i];
    read_item(context, item);
    if constexpr (std::is_same_v<Item, Entry> || std::is_same_v<Item, EntryChild>) {
      if (i > 0 && !in.failed() && !in_order(items[i - 1], item))
        in.fail("its keys are not in order");
      context.last_key.assign(item.key.begin(), item.key.end());
    }
    if constexpr (std::is_same_v<Item, Entry>) {
      add_checked(in, bytes, item.size);
    } else if constexpr (std::is_same_v<Item, Extent>) {
      add_checked(in, bytes, item.length);
    } else {
      add_checked(in, bytes, item.bytes);
    }
    if constexpr (std::is_same_v<Item, EntryChild>) add_checked(in, entries, item.entries);
  }
  return items;
}

void read_chunk_ids(Context& context, std::uint8_t level) {
  auto& in = context.in;
  const auto count = in.varint();
  if (count > in.remaining() / sizeof(ChunkId) || (level > 0 && count > 0)) {
    in.fail("it counts more chunks than it holds");
    return;
  }
  context.chunks.resize(static_cast<std::size_t>(count));
  for (auto& id : context.chunks) id = in.id();
}

}  // namespace

Result<Node> decode_node(ByteView plaintext) {
  if (plaintext.size() > node_bytes_max) {
    return Error(ErrorCode::damaged,
                 "a tree node of " + std::to_string(plaintext.size()) + " bytes");
  }
  FieldReader in(plaintext);
  const auto version = in.u8();
  if (version != 1 && !in.failed()) {
    return Error(ErrorCode::unsupported, "a tree node of version " + std::to_string(version))
        .with_hint("use a newer holdfast");
  }
  const auto kind = in.u8();
  Node node;
  node.level = in.u8();
  if ((kind != 1 && kind != 2) || node.level > node_level_max)
    in.fail("its kind or level is unknown");
  Context context{in, {}, {}, 0, 0};
  read_chunk_ids(context, node.level);
  if (kind == 1 && node.level == 0) {
    node.items = read_items<Entry>(context);
  } else if (kind == 1) {
    node.items = read_items<EntryChild>(context);
  } else if (node.level == 0) {
    node.items = read_items<Extent>(context);
  } else {
    node.items = read_items<ExtentChild>(context);
  }
  if (!in.failed() && in.remaining() != 0) in.fail("bytes follow its last item");
  const bool is_empty = std::visit([](const auto& items) { return items.empty(); }, node.items);
  if (is_empty && (node.level > 0 || kind == 2)) in.fail("it is empty");
  if (in.failed()) return in.error();
  return node;
}

}  // namespace holdfast::repository
