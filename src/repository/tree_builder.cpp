// Both builders are the same tower of node encoders: a node that ends gives its level above one
// child.
#include "repository/tree_builder.hpp"

#include <limits>
#include <optional>
#include <utility>

namespace holdfast::repository {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// The child that stands for what a node holds, without its id.
void count_in(EntryChild& sum, const Entry& entry) {
  if (sum.entries == 0) sum.key = entry.key;
  ++sum.entries;
  sum.bytes += entry.size;
}
void count_in(EntryChild& sum, const EntryChild& child) {
  if (sum.entries == 0) sum.key = child.key;
  sum.entries += child.entries;
  sum.bytes += child.bytes;
}
void count_in(ExtentChild& sum, const Extent& extent) { sum.bytes += extent.length; }
void count_in(ExtentChild& sum, const ExtentChild& child) { sum.bytes += child.bytes; }

template <typename Leaf, typename Child>
class Tower {
 public:
  explicit Tower(NodeSink& sink) : sink_(sink) {}

  Result<void> add(const Leaf& item) {
    leaf_.encoder.add(item);
    count_in(leaf_.sum, item);
    if (!leaf_.encoder.ends_here()) return {};
    return hand_up(TRY(close(leaf_)), 0);
  }

  struct Root {
    std::uint8_t level = 0;
    Child child;
  };

  // The root: the only child of the lowest level that has only one.
  Result<Root> finish() {
    CHECK(!finished_, "a tree is finished once");
    finished_ = true;
    if (upper_.empty()) return Root{0, TRY(close(leaf_))};
    if (!leaf_.encoder.empty()) TRY(hand_up(TRY(close(leaf_)), 0));
    for (std::size_t i = 0;; ++i) {  // upper_ grows meanwhile
      auto& level = *upper_[i];
      if (level.children == 1) return Root{static_cast<std::uint8_t>(i), std::move(level.only)};
      const bool is_top = i + 1 == upper_.size();
      if (!level.row.encoder.empty()) {
        auto child = TRY(close(level.row));
        if (is_top) return Root{static_cast<std::uint8_t>(i + 1), std::move(child)};
        TRY(hand_up(std::move(child), i + 1));
      }
    }
  }

 private:
  template <typename Item>
  struct Row {
    explicit Row(std::uint8_t level) : encoder(level) {}
    NodeEncoder<Item> encoder;
    Child sum;
  };
  struct Upper {
    explicit Upper(std::uint8_t level) : row(level) {}
    Row<Child> row;
    std::uint64_t children = 0;  // ever given to this level
    Child only;                  // the first of them
  };

  // Stores the unfinished node of a row.
  template <typename Item>
  Result<Child> close(Row<Item>& row) {
    Child child = std::exchange(row.sum, Child());
    child.id = TRY(sink_.put(row.encoder.take()));
    return child;
  }

  // Gives a child to upper_[at], whose nodes are of level at + 1, and further up what that ends.
  Result<void> hand_up(Child child, std::size_t at) {
    while (true) {
      if (at == upper_.size()) {
        if (at == node_level_max) return Error(ErrorCode::invalid_argument, "a tree is too high");
        upper_.push_back(std::make_unique<Upper>(static_cast<std::uint8_t>(at + 1)));
      }
      auto& level = *upper_[at];
      level.row.encoder.add(child);
      count_in(level.row.sum, child);
      if (level.children++ == 0) level.only = std::move(child);
      if (!level.row.encoder.ends_here()) return {};
      child = TRY(close(level.row));
      ++at;
    }
  }

  NodeSink& sink_;
  Row<Leaf> leaf_{0};
  std::vector<std::unique_ptr<Upper>> upper_;
  bool finished_ = false;
};

Error refused(const char* why) { return {ErrorCode::invalid_argument, why}; }

Result<void> check_extent(const Extent& extent) {
  if (extent.length == 0 || extent.length > extent_length_max)
    return refused("an extent of a wrong length");
  if (extent.kind == Extent::Kind::hole) return {};
  if (extent.offset > UINT32_MAX || extent.length > UINT32_MAX - extent.offset) {
    return refused("an extent reaches beyond any chunk");
  }
  return {};
}

Result<void> check_entry(const Entry& entry) {
  if (entry.key.size() > key_size_max || entry.version.size() > key_size_max ||
      entry.key.size() + entry.version.size() + entry.attributes.size() + entry.token.size() >
          entry_bytes_max) {
    return refused("an entry's name or attributes are too long");
  }
  if (entry.kind < EntryKind::file || entry.kind > EntryKind::object) {
    return refused("an entry of an unknown kind");
  }
  if (const auto* tree = std::get_if<ExtentTree>(&entry.content)) {
    if (tree->level > node_level_max) return refused("a tree of extents is too high");
  }
  const auto* list = std::get_if<std::vector<Extent>>(&entry.content);
  if (list == nullptr) return {};
  if (list->empty() || list->size() > inline_extents_max) {
    return refused("an entry's list of extents has a wrong length");
  }
  std::uint64_t total = 0;
  for (const auto& extent : *list) {
    TRY(check_extent(extent));
    if (__builtin_add_overflow(total, extent.length, &total)) break;
  }
  if (total != entry.size) return refused("an entry's extents don't add up to its size");
  return {};
}

}  // namespace

struct TreeBuilder::Levels {
  explicit Levels(NodeSink& sink) : tower(sink) {}
  Tower<Entry, EntryChild> tower;
  base::Bytes last_key;
  base::Bytes last_version;
  bool is_empty = true;
  std::uint64_t bytes = 0;
};

TreeBuilder::TreeBuilder(NodeSink& sink) : levels_(std::make_unique<Levels>(sink)) {}
TreeBuilder::~TreeBuilder() = default;

Result<void> TreeBuilder::add(const Entry& entry) {
  auto& levels = *levels_;
  if (!levels.is_empty) {
    const int order = compare_bytes(levels.last_key, entry.key);
    if (order > 0 || (order == 0 && compare_bytes(levels.last_version, entry.version) >= 0)) {
      return Error(ErrorCode::invalid_argument,
                   "'" + base::printable(base::as_text(entry.key)) + "' comes out of order");
    }
  }
  TRY_CONTEXT(check_entry(entry), "'" + base::printable(base::as_text(entry.key)) + "'");
  if (__builtin_add_overflow(levels.bytes, entry.size, &levels.bytes)) {
    return refused("the entries' sizes add up to more than 64 bits");
  }
  levels.is_empty = false;
  levels.last_key.assign(entry.key.begin(), entry.key.end());
  levels.last_version.assign(entry.version.begin(), entry.version.end());
  return levels.tower.add(entry);
}

Result<TreeRoot> TreeBuilder::finish() {
  const auto root = TRY(levels_->tower.finish());
  return TreeRoot{root.level, root.child.id, root.child.entries, root.child.bytes};
}

// The first extents wait in `list`: only one more makes a tree.
struct ExtentTreeBuilder::Levels {
  explicit Levels(NodeSink& sink) : tower(sink) {}

  Result<void> take(const Extent& extent) {
    if (!is_tree && list.size() < inline_extents_max) {
      list.push_back(extent);
      return {};
    }
    is_tree = true;
    for (const auto& waiting : list) TRY(tower.add(waiting));
    list.clear();
    return tower.add(extent);
  }

  Tower<Extent, ExtentChild> tower;
  std::vector<Extent> list;
  bool is_tree = false;
  std::optional<Extent> last;  // may still grow
  std::uint64_t bytes = 0;
};

ExtentTreeBuilder::ExtentTreeBuilder(NodeSink& sink) : levels_(std::make_unique<Levels>(sink)) {}
ExtentTreeBuilder::~ExtentTreeBuilder() = default;

Result<void> ExtentTreeBuilder::add(const Extent& extent) {
  auto& levels = *levels_;
  TRY(check_extent(extent));
  if (__builtin_add_overflow(levels.bytes, extent.length, &levels.bytes) ||
      levels.bytes > extent_length_max) {
    return refused("the extents' lengths add up to too much");
  }
  if (levels.last && levels.last->kind == extent.kind) {
    auto& last = *levels.last;
    const bool continues =
        extent.kind == Extent::Kind::hole ||
        (last.chunk == extent.chunk && last.offset + last.length == extent.offset);
    if (continues) {
      last.length += extent.length;
      return {};
    }
  }
  if (levels.last) TRY(levels.take(*levels.last));
  levels.last = extent;
  return {};
}

Result<Content> ExtentTreeBuilder::finish() {
  auto& levels = *levels_;
  if (levels.last) TRY(levels.take(*levels.last));
  levels.last.reset();
  if (!levels.is_tree) {
    if (levels.list.empty()) return Content();
    return Content(std::move(levels.list));
  }
  const auto root = TRY(levels.tower.finish());
  return Content(ExtentTree{root.level, root.child.id});
}

}  // namespace holdfast::repository
