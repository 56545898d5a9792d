// Copies the chunks of one snapshot between repositories of one domain, as ciphertext: one task
// walks the tree and finds out what the target lacks, others fill packs with it and store them.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "ciphertext_pack.hpp"
#include "io/bounded_queue.hpp"
#include "repository/copy.hpp"
#include "repository/session.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::repository {

// Used by one task. Borrows everything.
class CiphertextCopy final : public TreeVisitor {
 public:
  // `session`: of the target.
  CiphertextCopy(Repository& from, RepositoryReader& reader, Repository& to, Session& session,
                 const CopyOptions& options);
  ~CiphertextCopy();
  CiphertextCopy(const CiphertextCopy&) = delete;
  CiphertextCopy& operator=(const CiphertextCopy&) = delete;

  // Stores what the target lacks of a tree and of all that it refers to, with its index.
  base::Result<CopyTotals> run(const TreeRoot& root);

  [[nodiscard]] bool enter_node(const ChunkId& id) override;
  base::Result<void> data_chunk(const ChunkId& id, std::uint64_t needed_size) override;
  base::Result<void> unreadable_node(const TreeGap& gap, const ChunkId& id) override;

 private:
  // Chunks of one type that wait to be copied.
  struct Waiting {
    std::vector<FoundChunk> chunks;
    std::uint64_t bytes = 0;
  };

  base::Result<bool> is_new(ChunkType type, const ChunkId& id);
  base::Result<void> hand_out(ChunkType type, Waiting waiting);
  // Until all that was handed out is stored and indexed.
  base::Result<void> settle();
  base::Result<void> wait_for_tasks();
  // Looks for chunks whose packs have gone, and hands them out anew.
  base::Result<void> find_again(std::vector<PackPlan> moved);
  [[nodiscard]] base::Error why_moved() const;
  base::Result<void> renew_numbers();
  [[nodiscard]] bool is_segment_due() const;
  base::Result<void> write_segment();

  void run_task();
  void store(PackPlan plan);
  void record(const SealedPack& sealed);
  void fail(base::Error error);
  [[nodiscard]] base::Result<void> state() const;
  void report_progress() const;

  Repository& from_;
  RepositoryReader& reader_;
  Repository& to_;
  Session& session_;
  const CopyOptions& options_;
  const LocalIndex& source_;
  LocalIndex& target_;
  // By LocalIndex::number_of in the source, as of `numbers_of_`.
  std::vector<bool> seen_;
  std::uint64_t numbers_of_ = 0;
  Waiting data_;
  Waiting tree_;
  base::Duration pending_since_;
  std::optional<base::Error> visit_failure_;  // of enter_node, which can't return it

  mutable std::mutex mutex_;  // guards what follows, up to the tasks
  const std::unique_ptr<io::Signal> changed_;
  std::size_t under_way_ = 0;    // plans
  std::vector<PackPlan> moved_;  // plans that met a pack which has gone
  std::optional<base::Error> moved_error_;
  IndexSegment pending_;
  CopyTotals totals_;
  std::optional<base::Error> failure_;

  io::BoundedQueue<PackPlan> plans_;
  std::vector<std::unique_ptr<io::Task>> tasks_;
};

}  // namespace holdfast::repository
