// Builds the Merkle search trees of section 4: entries of a snapshot, extents of a large file.
// Streaming: holds one unfinished node a level, whatever the number of items.
#pragma once

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "repository/node_store.hpp"
#include "repository/tree_node.hpp"

namespace holdfast::repository {

// Entries in strictly ascending order of (key, version). Used by one task.
class TreeBuilder {
 public:
  explicit TreeBuilder(NodeSink& sink);
  ~TreeBuilder();
  base::Result<void> add(const Entry& entry);  // invalid_argument if out of order
  base::Result<TreeRoot> finish();

 private:
  struct Levels;
  std::unique_ptr<Levels> levels_;
};

// Extents of one content, in order. Used by one task.
class ExtentTreeBuilder {
 public:
  explicit ExtentTreeBuilder(NodeSink& sink);
  ~ExtentTreeBuilder();
  base::Result<void> add(const Extent& extent);  // neighbours that continue each other are joined
  // Nothing was added: no content. Up to inline_extents_max: a list. Else a tree.
  base::Result<Content> finish();

 private:
  struct Levels;
  std::unique_ptr<Levels> levels_;
};

}  // namespace holdfast::repository
