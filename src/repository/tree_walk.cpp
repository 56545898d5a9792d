// Walking a tree of entries, one node a level.
#include "tree_walk.hpp"

#include <algorithm>
#include <string>

namespace holdfast::repository {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

Error contradiction(const char* what) {
  return {ErrorCode::damaged, std::string("a tree node contradicts the one above it: ") + what};
}

}  // namespace

template <typename List>
Result<List> read_node(NodeSource& source, const ChunkId& id, std::uint8_t level) {
  const auto context = [&] { return "tree node " + base::to_hex(id).substr(0, 16); };
  const auto bytes = TRY_CONTEXT(source.get(id), context());
  auto node = TRY_CONTEXT(decode_node(bytes), context());
  auto* list = std::get_if<List>(&node.items);
  if (node.level != level || list == nullptr) {
    return contradiction("level or kind").with_context(context());
  }
  return std::move(*list);
}

template Result<std::vector<Entry>> read_node(NodeSource&, const ChunkId&, std::uint8_t);
template Result<std::vector<EntryChild>> read_node(NodeSource&, const ChunkId&, std::uint8_t);
template Result<std::vector<Extent>> read_node(NodeSource&, const ChunkId&, std::uint8_t);
template Result<std::vector<ExtentChild>> read_node(NodeSource&, const ChunkId&, std::uint8_t);

TreeWalk::TreeWalk(NodeSource& source, const TreeRoot& root) : source_(source) {
  Floor floor;
  floor.level = static_cast<std::uint8_t>(root.level + 1);
  floor.children.push_back({{}, root.id, root.entries, root.bytes});
  floors_.push_back(std::move(floor));
}

const EntryChild* TreeWalk::child() const {
  if (at_end() || floors_.back().level == 0) return nullptr;
  return &floors_.back().children[floors_.back().at];
}

const Entry* TreeWalk::entry() const {
  if (at_end() || floors_.back().level != 0) return nullptr;
  return &floors_.back().entries[floors_.back().at];
}

Entry TreeWalk::take() {
  CHECK(entry() != nullptr, "no entry to take");
  return std::move(floors_.back().entries[floors_.back().at]);
}

std::uint8_t TreeWalk::child_level() const {
  CHECK(child() != nullptr, "no node to enter");
  return static_cast<std::uint8_t>(floors_.back().level - 1);
}

void TreeWalk::climb() {
  while (!floors_.empty() && floors_.back().at >= floors_.back().size()) floors_.pop_back();
}

void TreeWalk::skip() {
  CHECK(!at_end(), "nothing to skip");
  ++floors_.back().at;
  climb();
}

// The unread node that comes after the current one, on whatever level.
const EntryChild* TreeWalk::following() const {
  for (std::size_t i = floors_.size(); i-- > 0;) {
    // On the last floor `at` is the current item; above it is the one after those below.
    const auto next = floors_[i].at + (i + 1 == floors_.size() ? 1 : 0);
    if (next < floors_[i].children.size()) return &floors_[i].children[next];
  }
  return nullptr;
}

Result<void> TreeWalk::check(const Floor& floor, const EntryChild& parent) const {
  std::uint64_t entries = floor.entries.size();
  std::uint64_t bytes = 0;  // decode_node has seen that neither sum overflows
  for (const auto& child : floor.children) {
    entries += child.entries;
    bytes += child.bytes;
  }
  for (const auto& entry : floor.entries) bytes += entry.size;
  if (entries != parent.entries || bytes != parent.bytes) return contradiction("totals");
  if (floor.size() == 0) {
    return is_root_ ? Result<void>() : Result<void>(contradiction("it is empty"));
  }
  const auto& first = floor.level == 0 ? floor.entries.front().key : floor.children.front().key;
  const auto& last = floor.level == 0 ? floor.entries.back().key : floor.children.back().key;
  if (!is_root_ && compare_bytes(first, parent.key) != 0) return contradiction("first key");
  const auto* next = following();
  if (next != nullptr && compare_bytes(last, next->key) > 0) return contradiction("last key");
  if (floor.level == 0 && has_last_) {
    const int order = compare_bytes(last_key_, first);
    if (order > 0 ||
        (order == 0 && compare_bytes(last_version_, floor.entries.front().version) >= 0)) {
      return contradiction("order of entries");
    }
  }
  return {};
}

Result<void> TreeWalk::enter() {
  const EntryChild* target = child();
  CHECK(target != nullptr, "no node to enter");
  Floor floor;
  floor.level = child_level();
  if (floor.level == 0) {
    floor.entries = TRY(read_node<std::vector<Entry>>(source_, target->id, 0));
  } else {
    floor.children = TRY(read_node<std::vector<EntryChild>>(source_, target->id, floor.level));
  }
  TRY_CONTEXT(check(floor, *target), "tree node " + base::to_hex(target->id).substr(0, 16));
  is_root_ = false;
  if (!floor.entries.empty()) {
    has_last_ = true;
    last_key_ = floor.entries.back().key;
    last_version_ = floor.entries.back().version;
  }
  ++floors_.back().at;
  floors_.push_back(std::move(floor));
  climb();
  return {};
}

void TreeWalk::skip_before(base::ByteView key) {
  // A floor is done with when the node after it, further up, begins before `key`.
  for (std::size_t i = 0; i + 1 < floors_.size(); ++i) {
    const auto& above = floors_[i];
    if (above.at < above.children.size() && compare_bytes(above.children[above.at].key, key) < 0) {
      floors_.resize(i + 1);
      break;
    }
  }
  if (at_end()) return;
  auto& floor = floors_.back();
  const auto at = static_cast<std::ptrdiff_t>(floor.at);
  if (floor.level == 0) {
    const auto found = std::lower_bound(floor.entries.begin() + at, floor.entries.end(), key,
                                        [](const Entry& entry, base::ByteView wanted) {
                                          return compare_bytes(entry.key, wanted) < 0;
                                        });
    floor.at = static_cast<std::size_t>(found - floor.entries.begin());
  } else {
    // The last node that begins before `key` may hold it.
    const auto found = std::lower_bound(floor.children.begin() + at, floor.children.end(), key,
                                        [](const EntryChild& child, base::ByteView wanted) {
                                          return compare_bytes(child.key, wanted) < 0;
                                        });
    const auto index = static_cast<std::size_t>(found - floor.children.begin());
    if (index > floor.at) floor.at = index - 1;
  }
  climb();
}

}  // namespace holdfast::repository
