// Reads the Merkle search trees of section 4 in order, with seeking; holds one node a level.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "repository/node_store.hpp"
#include "repository/tree_node.hpp"

namespace holdfast::repository {

// A subtree that could not be read, told to the caller instead of ending the walk.
struct TreeGap {
  base::Bytes first_key;  // of the lost range, as the parent node states it
  std::uint64_t entries = 0;
  base::Error error;
};

// Used by one task.
class TreeCursor {
 public:
  // What to do about an unreadable node: fail the call, or skip it and remember the gap.
  enum class OnGap { fail, collect };

  TreeCursor(NodeSource& source, TreeRoot root, OnGap on_gap = OnGap::fail);
  ~TreeCursor();
  // The next entry, nothing at the end. Order across nodes is checked: damaged if it is violated.
  base::Result<std::optional<Entry>> next();
  // The entry that next() would give, without taking it; valid until the next call.
  base::Result<const Entry*> peek();  // nullptr at the end
  // Moves forward (never back) to the first entry whose key is >= `key`, without reading nodes that
  // lie wholly before it.
  base::Result<void> seek(base::ByteView key);
  [[nodiscard]] const std::vector<TreeGap>& gaps() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The extents of one content, in order. Used by one task.
class ExtentCursor {
 public:
  // `size`: the entry's; the extents must add up to it (damaged otherwise).
  ExtentCursor(NodeSource& source, const Content& content, std::uint64_t size);
  ~ExtentCursor();
  base::Result<std::optional<Extent>> next();
  // Moves forward (never back) to the extent that holds the byte at `offset`, without reading nodes
  // that lie wholly before it. Where that extent begins; the content's size if `offset` lies
  // beyond.
  base::Result<std::uint64_t> seek(std::uint64_t offset);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Calls `visit` once for every node of the tree (nodes of extents of its entries included) and
// every data chunk that its entries refer to; `enter` decides whether a node's inside is visited
// (false for one that was seen already).
struct TreeVisitor {
  virtual ~TreeVisitor() = default;
  [[nodiscard]] virtual bool enter_node(const ChunkId& id) = 0;
  virtual base::Result<void> data_chunk(const ChunkId& id, std::uint64_t needed_size) = 0;
  virtual base::Result<void> unreadable_node(const TreeGap& gap, const ChunkId& id) = 0;
};
base::Result<void> visit_tree(NodeSource& source, const TreeRoot& root, TreeVisitor& visitor);

}  // namespace holdfast::repository
