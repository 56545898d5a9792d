// TreeWalk: a place in a tree of entries between what was taken and what wasn't read yet. Cursor,
// diff and visit are made of it. What a node says of the nodes below is checked when they are read.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "repository/node_store.hpp"
#include "repository/tree_node.hpp"

namespace holdfast::repository {

// Reads and decodes a node of which level and kind are known. `List` is one of the vectors of
// NodeItems.
template <typename List>
base::Result<List> read_node(NodeSource& source, const ChunkId& id, std::uint8_t level);

class TreeWalk {
 public:
  TreeWalk(NodeSource& source, const TreeRoot& root);

  [[nodiscard]] bool at_end() const { return floors_.empty(); }
  // What comes next: a node that wasn't read, or an entry. Exactly one isn't nullptr unless
  // at_end(). The root's key counts as empty.
  [[nodiscard]] const EntryChild* child() const;
  [[nodiscard]] const Entry* entry() const;
  [[nodiscard]] Entry take();  // moves the entry out; skip() after that
  // Of the node that child() names.
  [[nodiscard]] std::uint8_t child_level() const;
  // Steps over the entry, or over the node and all below it.
  void skip();
  // Reads the node; its first item comes next. After an error the place is unchanged: skip() the
  // node, or give up.
  base::Result<void> enter();
  // Skips entries and unread nodes that certainly lie before `key`. Afterwards child() may begin
  // before `key`: enter it and call again.
  void skip_before(base::ByteView key);

 private:
  struct Floor {
    std::uint8_t level = 0;  // of the nodes that children name, plus one; 0: entries
    std::vector<EntryChild> children;
    std::vector<Entry> entries;
    std::size_t at = 0;
    [[nodiscard]] std::size_t size() const { return children.size() + entries.size(); }
  };
  [[nodiscard]] const EntryChild* following() const;
  base::Result<void> check(const Floor& floor, const EntryChild& parent) const;
  void climb();

  NodeSource& source_;
  std::vector<Floor> floors_;
  bool is_root_ = true;  // the root wasn't entered yet
  bool has_last_ = false;
  base::Bytes last_key_;  // of the last leaf that was read, its last entry
  base::Bytes last_version_;
};

}  // namespace holdfast::repository
