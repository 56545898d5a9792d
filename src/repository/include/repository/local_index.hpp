// LocalIndex: all index segments of a repository as memory-mapped, sorted runs in the local cache:
// one large merged run and a few recent ones. Nothing of it is in heap but the runs' headers. A
// cache: rebuilt from segments when it is missing or doesn't check.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/file_system.hpp"
#include "repository/index_segment.hpp"

namespace holdfast::repository {

struct FoundChunk {
  PackInfo pack;
  ChunkPlace place;
  // Whether both say the same; the numbers that a run gives its packs don't matter.
  [[nodiscard]] bool is_same_place(const FoundChunk& other) const;
};

// Lookups and avoid() may be called by any thread at any time; update(), add() and clear() by one
// at a time. A lookup sees the index before or after a change, never between.
class LocalIndex {
 public:
  // `directory`: absolute, in the cache, for this repository and set of keys only. Files in it that
  // don't check are removed. The index is that of the last update (after a crash in the middle of
  // one, it may still have what that was to drop).
  static base::Result<std::unique_ptr<LocalIndex>> open(io::FileSystem& files,
                                                        std::string directory);
  ~LocalIndex();

  // Makes the index that of exactly the segments in `wanted` (object hashes): fetches those it
  // lacks through `fetch`, one at a time, drops what only vanished segments said, merges runs where
  // there are too many. `superseded` is honoured. A segment that `fetch` reports as damaged,
  // unsupported, absent (not_found) or foreign is skipped and returned; outage and all else fails
  // the call (what was fetched until then is kept). Foreign is wrong_key: that is remembered, and
  // returned by later calls without a fetch, unless the error says that a retry may help; or
  // permission_denied, which isn't remembered.
  using Fetch = std::function<base::Result<IndexSegment>(const ObjectHash& segment)>;
  struct Skipped {
    ObjectHash segment;
    base::Error error;
  };
  base::Result<std::vector<Skipped>> update(std::span<const ObjectHash> wanted, const Fetch& fetch);
  // Adds one segment that this process has just written, without a fetch; invalid_argument if
  // check_segment refuses it.
  base::Result<void> add(const ObjectHash& name, const IndexSegment& segment);

  // Any place that is not in a pack excluded by avoid().
  [[nodiscard]] std::optional<FoundChunk> find(const ChunkId& id) const;
  // All such places, each once, at most `places_max`; what find() gives comes first. A writer's
  // segment may name places that hold something else.
  [[nodiscard]] std::vector<FoundChunk> find_all(const ChunkId& id,
                                                 std::size_t places_max = 1'000) const;
  // Packs whose chunks find() must not give (condemned by a prune). Replaces the set.
  void avoid(std::span<const ObjectHash> packs);

  // Forgets everything: the next update fetches all segments.
  base::Result<void> clear();

  [[nodiscard]] std::vector<ObjectHash> segments() const;  // those that count, sorted
  [[nodiscard]] std::uint64_t chunk_count()
      const;  // entries in all runs, duplicates counted each time
  // Every pack once.
  base::Result<void> each_pack(
      const std::function<base::Result<void>(const PackInfo&)>& visit) const;
  // Every entry in all runs, ascending by id (a merge of the runs); duplicates follow each other.
  base::Result<void> each_chunk(
      const std::function<base::Result<void>(const FoundChunk&)>& visit) const;
  // A dense number for each entry of find()'s results, below chunk_count(), stable until the next
  // update: for bitmaps (mark).
  [[nodiscard]] std::optional<std::uint64_t> number_of(const ChunkId& id) const;

 private:
  struct State;
  explicit LocalIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::repository
