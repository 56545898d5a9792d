// Copies the content of one snapshot between repositories of different domains: reads it from one
// and writes it into the other as a backup would.
#pragma once

#include <memory>
#include <unordered_map>
#include <variant>
#include <vector>

#include "repository/copy.hpp"
#include "repository/snapshot_writer.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::repository {

// Used by one task. Borrows everything.
class ContentCopy {
 public:
  ContentCopy(Repository& from, RepositoryReader& reader, SnapshotWriter& writer,
              const CopyOptions& options);
  // Adds all entries of the tree to the writer, which is to be committed then.
  base::Result<void> run(const TreeRoot& root);
  // Chunks of the original that were read, each once.
  [[nodiscard]] std::uint64_t chunks_read() const { return chunks_read_; }

 private:
  // What the writer is told when the chunks are there.
  struct Begin {
    std::uint64_t size;
  };
  struct End {
    Entry entry;
  };
  using Step = std::variant<Entry, Begin, Extent, End>;

  base::Result<void> add(Entry entry);
  base::Result<void> add_extent(const Extent& extent);
  base::Result<void> carry_out();
  base::Result<void> fetch_wanted();
  base::Result<void> write(const Extent& extent);

  const LocalIndex& source_;
  RepositoryReader& reader_;
  SnapshotWriter& writer_;
  const CopyOptions& options_;
  std::vector<bool> seen_;
  std::vector<Step> steps_;
  std::unordered_map<ChunkId, base::Bytes, IdHash>
      chunks_;  // wanted by steps_; empty: not here yet
  std::uint64_t chunks_read_ = 0;
};

}  // namespace holdfast::repository
