// LiveSet: which chunks the snapshots need: one bit for each entry of the local index. The mark
// phase of prune, and of verification.
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "repository/node_store.hpp"
#include "repository/repository.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::repository {

class LiveSet {
 public:
  // Over the index `Segments::all` as it is now; an update of it makes the set useless.
  explicit LiveSet(const Repository& repository);

  // Adds everything that a tree needs. What is nowhere in the index, or can't be read, goes to
  // `missing` and the walk goes on; without `missing` the first one is the call's error.
  struct Missing {
    ChunkId id{};
    bool is_node = false;
    base::Error error;
  };
  base::Result<void> add_tree(NodeSource& nodes, const TreeRoot& root,
                              std::vector<Missing>* missing = nullptr);

  [[nodiscard]] bool contains(const ChunkId& id) const;
  [[nodiscard]] std::uint64_t size() const noexcept { return count_; }

 private:
  class Marker;
  const LocalIndex& index_;
  std::vector<bool> bits_;
  std::uint64_t count_ = 0;
};

}  // namespace holdfast::repository
