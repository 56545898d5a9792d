// ChunkTally: which chunks a preview has counted, in memory that is bounded whatever the preview
// meets.
#pragma once

#include <vector>

#include "repository/ids.hpp"

namespace holdfast::repository {

// Not thread-safe.
class ChunkTally {
 public:
  // At most `ids_max` are remembered: 3 Mi take 32 MiB, and are about 6 TiB in chunks of the usual
  // size.
  explicit ChunkTally(std::size_t ids_max = std::size_t{3} * 1024 * 1024);

  // Whether this is the first time. Once there is no room, everything that isn't remembered is new
  // each time: a count then errs upwards.
  [[nodiscard]] bool add(const ChunkId& id);

  [[nodiscard]] std::size_t size() const noexcept { return count_; }

 private:
  // Where `mark` is or would go.
  [[nodiscard]] std::size_t slot_of(std::uint64_t mark) const noexcept;
  void grow();

  const std::size_t ids_max_;
  std::size_t count_ = 0;
  // Open addressing: the first eight bytes of an id; 0 is none. Ids are uniform already; that two
  // of 3 Mi share them happens once in four million previews.
  std::vector<std::uint64_t> marks_;
};

}  // namespace holdfast::repository
