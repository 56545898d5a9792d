// Cursors over entries and extents, and the visit of everything that a tree needs.
#include "repository/tree_cursor.hpp"

#include <algorithm>

#include "tree_walk.hpp"

namespace holdfast::repository {

using base::Error;
using base::ErrorCode;
using base::Result;

struct TreeCursor::State {
  State(NodeSource& source, const TreeRoot& root, OnGap policy)
      : walk(source, root), on_gap(policy) {}

  // Reads the node that comes next, or records that it can't be had. An outage and a request to
  // stop are no gaps: nothing is known of the node then.
  Result<void> enter() {
    auto entered = walk.enter();
    if (entered.ok()) return {};
    const auto code = entered.error().code();
    if (on_gap == OnGap::fail || code == ErrorCode::unavailable || code == ErrorCode::cancelled) {
      return entered;
    }
    const auto& lost = *walk.child();
    gaps.push_back({lost.key, lost.entries, std::move(entered).error()});
    walk.skip();
    return {};
  }

  // Reads until an entry comes next, or the end.
  Result<void> settle() {
    while (walk.child() != nullptr) TRY(enter());
    return {};
  }

  TreeWalk walk;
  OnGap on_gap;
  std::vector<TreeGap> gaps;
};

TreeCursor::TreeCursor(NodeSource& source, TreeRoot root, OnGap on_gap)
    : state_(std::make_unique<State>(source, root, on_gap)) {}
TreeCursor::~TreeCursor() = default;

Result<std::optional<Entry>> TreeCursor::next() {
  TRY(state_->settle());
  if (state_->walk.at_end()) return std::optional<Entry>();
  std::optional<Entry> entry(state_->walk.take());
  state_->walk.skip();
  return entry;
}

Result<const Entry*> TreeCursor::peek() {
  TRY(state_->settle());
  return state_->walk.entry();
}

Result<void> TreeCursor::seek(base::ByteView key) {
  auto& walk = state_->walk;
  walk.skip_before(key);
  while (walk.child() != nullptr && compare_bytes(walk.child()->key, key) < 0) {
    TRY(state_->enter());
    walk.skip_before(key);
  }
  return {};
}

const std::vector<TreeGap>& TreeCursor::gaps() const { return state_->gaps; }

// A list is a floor of extents; a tree begins with a floor of one child, the root, whose size is
// the entry's.
struct ExtentCursor::State {
  struct Floor {
    std::uint8_t level = 0;
    std::vector<ExtentChild> children;
    std::vector<Extent> extents;
    std::size_t at = 0;
    [[nodiscard]] std::uint64_t bytes() const {
      std::uint64_t total = 0;
      for (const auto& child : children) total += child.bytes;
      for (const auto& extent : extents) total += extent.length;
      return total;
    }
  };

  explicit State(NodeSource& nodes) : source(nodes) {}

  Result<void> enter() {
    auto& above = floors.back();
    const auto target = above.children[above.at];
    Floor floor;
    floor.level = static_cast<std::uint8_t>(above.level - 1);
    if (floor.level == 0) {
      floor.extents = TRY(read_node<std::vector<Extent>>(source, target.id, 0));
    } else {
      floor.children = TRY(read_node<std::vector<ExtentChild>>(source, target.id, floor.level));
    }
    if (floor.bytes() != target.bytes) return sizes_differ();
    ++above.at;
    floors.push_back(std::move(floor));
    return {};
  }

  static Error sizes_differ() {
    return {ErrorCode::damaged, "the extents of a content don't add up to its size"};
  }

  NodeSource& source;
  std::vector<Floor> floors;
  std::uint64_t position = 0;  // in the content, of what comes next
  bool is_wrong = false;       // the list doesn't add up
};

ExtentCursor::ExtentCursor(NodeSource& source, const Content& content, std::uint64_t size)
    : state_(std::make_unique<State>(source)) {
  State::Floor floor;
  if (const auto* tree = std::get_if<ExtentTree>(&content)) {
    floor.level = static_cast<std::uint8_t>(tree->level + 1);
    floor.children.push_back({tree->root, size});
  } else if (const auto* list = std::get_if<std::vector<Extent>>(&content)) {
    floor.extents = *list;
  }
  state_->is_wrong = floor.bytes() != size;
  state_->floors.push_back(std::move(floor));
}

ExtentCursor::~ExtentCursor() = default;

Result<std::optional<Extent>> ExtentCursor::next() {
  auto& floors = state_->floors;
  if (state_->is_wrong) return State::sizes_differ();
  while (!floors.empty()) {
    auto& floor = floors.back();
    if (floor.at < floor.extents.size()) {
      state_->position += floor.extents[floor.at].length;
      return std::optional<Extent>(floor.extents[floor.at++]);
    }
    if (floor.at < floor.children.size()) {
      TRY(state_->enter());
    } else {
      floors.pop_back();
    }
  }
  return std::optional<Extent>();
}

Result<std::uint64_t> ExtentCursor::seek(std::uint64_t offset) {
  auto& floors = state_->floors;
  auto& position = state_->position;
  if (state_->is_wrong) return State::sizes_differ();
  while (!floors.empty()) {
    auto& floor = floors.back();
    if (floor.at < floor.extents.size()) {
      const auto length = floor.extents[floor.at].length;
      if (offset - position < length || offset < position) return position;
      position += length;
      ++floor.at;
    } else if (floor.at < floor.children.size()) {
      const auto bytes = floor.children[floor.at].bytes;
      if (offset < position || offset - position < bytes) {
        TRY(state_->enter());
      } else {
        position += bytes;
        ++floor.at;
      }
    } else {
      floors.pop_back();
    }
  }
  return position;
}

namespace {

// Collects the data chunks of one node, so that each is told once with the most that the node needs
// of it.
class ChunkNeeds {
 public:
  void add(const Extent& extent) {
    if (extent.kind != Extent::Kind::data) return;
    const auto end = extent.offset + extent.length;
    if (!needs_.empty() && needs_.back().id == extent.chunk) {
      needs_.back().size = std::max(needs_.back().size, end);
    } else {
      needs_.push_back({extent.chunk, end});
    }
  }

  Result<void> tell(TreeVisitor& visitor) {
    std::sort(needs_.begin(), needs_.end(), [](const Need& a, const Need& b) {
      return a.id != b.id ? a.id < b.id : a.size > b.size;
    });
    for (std::size_t i = 0; i < needs_.size(); ++i) {
      if (i > 0 && needs_[i].id == needs_[i - 1].id) continue;
      TRY(visitor.data_chunk(needs_[i].id, needs_[i].size));
    }
    needs_.clear();
    return {};
  }

 private:
  struct Need {
    ChunkId id;
    std::uint64_t size;
  };
  std::vector<Need> needs_;
};

// Recursion is at most as deep as trees are high: a node's children are one level lower.
class Visit {
 public:
  Visit(NodeSource& source, TreeVisitor& visitor) : source_(source), visitor_(visitor) {}

  Result<void> extents(const ChunkId& id, std::uint8_t level, const base::Bytes& owner) {
    if (!visitor_.enter_node(id)) return {};
    if (level > 0) {
      auto children = read_node<std::vector<ExtentChild>>(source_, id, level);
      if (!children.ok()) return lost(id, {owner, 1, std::move(children).error()});
      for (const auto& child : children.value()) {
        TRY(extents(child.id, static_cast<std::uint8_t>(level - 1), owner));
      }
      return {};
    }
    auto list = read_node<std::vector<Extent>>(source_, id, 0);
    if (!list.ok()) return lost(id, {owner, 1, std::move(list).error()});
    ChunkNeeds needs;
    for (const auto& extent : list.value()) needs.add(extent);
    return needs.tell(visitor_);
  }

  Result<void> entries(TreeWalk& walk) {
    ChunkNeeds needs;
    while (!walk.at_end()) {
      if (const auto* child = walk.child()) {
        TRY(needs.tell(visitor_));
        if (!visitor_.enter_node(child->id)) {
          walk.skip();
          continue;
        }
        auto entered = walk.enter();
        if (entered.ok()) continue;
        TRY(lost(child->id, {child->key, child->entries, std::move(entered).error()}));
        walk.skip();
        continue;
      }
      const auto& entry = *walk.entry();
      if (const auto* list = std::get_if<std::vector<Extent>>(&entry.content)) {
        for (const auto& extent : *list) needs.add(extent);
      } else if (const auto* tree = std::get_if<ExtentTree>(&entry.content)) {
        TRY(extents(tree->root, tree->level, entry.key));
      }
      walk.skip();
    }
    return needs.tell(visitor_);
  }

 private:
  Result<void> lost(const ChunkId& id, const TreeGap& gap) {
    if (gap.error.code() == ErrorCode::cancelled) return gap.error;
    return visitor_.unreadable_node(gap, id);
  }
  NodeSource& source_;
  TreeVisitor& visitor_;
};

}  // namespace

Result<void> visit_tree(NodeSource& source, const TreeRoot& root, TreeVisitor& visitor) {
  TreeWalk walk(source, root);
  return Visit(source, visitor).entries(walk);
}

}  // namespace holdfast::repository
