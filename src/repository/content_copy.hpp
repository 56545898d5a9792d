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
  // Chunks of the original that were read, each once (twice where a prune moved them meanwhile).
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
  // Steps, and the chunks that they want; empty ones are not here yet.
  struct Batch {
    std::vector<Step> steps;
    std::unordered_map<ChunkId, base::Bytes, IdHash> chunks;
  };

  base::Result<void> add(Entry entry);
  base::Result<void> add_extent(const Extent& extent);
  void count(const ChunkId& id);
  // Begins to fetch what was gathered, and meanwhile writes what was fetched.
  base::Result<void> go_on();
  void begin_fetch();
  base::Result<void> end_fetch();
  base::Result<void> fetch();
  base::Result<void> write_batch(Batch batch);
  base::Result<void> write(const Batch& batch, const Extent& extent);

  const LocalIndex& source_;
  io::Executor& executor_;
  RepositoryReader& reader_;
  SnapshotWriter& writer_;
  const CopyOptions& options_;
  std::vector<bool> seen_;  // by the index's numbers as of numbers_of_
  std::uint64_t numbers_of_ = 0;
  std::uint64_t chunks_read_ = 0;
  Batch gathered_;
  Batch fetched_;  // the task's while it runs
  base::Result<void> fetch_outcome_;
  std::unique_ptr<io::Task> task_;  // its end comes before that of what it fills
};

}  // namespace holdfast::repository
