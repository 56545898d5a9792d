// ChunkStore: stores chunks: deduplicates, compresses, encrypts, packs, and commits packs and index
// segments in the background while its callers go on. Every task that puts has a lane of its own
// (compressor, buffer, open pack), so that tasks don't wait for each other.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

#include "codec/compression.hpp"
#include "io/bounded_queue.hpp"
#include "repository/chunk_tally.hpp"
#include "repository/pack_builder.hpp"
#include "repository/session.hpp"

namespace holdfast::repository {

// What a stage took in, and the processor time it took.
struct StageCost {
  std::uint64_t bytes = 0;
  base::Duration time;
};
// The work on chunks, by stage: naming (plaintext), compressing (plaintext that was new), packing
// (what is encrypted, hashed for the pack's name and handed to the storage).
struct StoreStages {
  StageCost name;
  StageCost compress;
  StageCost pack;
};

struct StoreTotals {
  std::uint64_t bytes_new = 0;     // plaintext of chunks that were not known
  std::uint64_t bytes_stored = 0;  // of packs and index segments
  std::uint64_t chunks_new = 0;
  StoreStages stages;  // of the lanes that are finished
};

// put() may be called by many tasks, each with its own lane.
class ChunkStore {
 public:
  // count: chunks are named and looked up, and those that aren't known are counted; nothing of them
  // is kept, and there is nothing to flush. bytes_new is what storing would come to.
  enum class Effect { store, count };
  ChunkStore(Repository& repository, Session& session, int compression_level,
             Effect effect = Effect::store);
  // Abandons what is not committed.
  ~ChunkStore();

  class Lane {
   public:
    explicit Lane(int compression_level) : compressor_(compression_level) {}

   private:
    friend class ChunkStore;
    codec::Compressor compressor_;
    base::Bytes scratch_;
    std::unique_ptr<PackBuilder> data_;
    std::unique_ptr<PackBuilder> tree_;
    StoreStages stages_;
  };
  [[nodiscard]] Lane make_lane() const { return Lane(compression_level_); }

  // Stores a chunk unless it is known. Not durable before flush().
  base::Result<ChunkId> put(Lane& lane, ChunkType type, base::ByteView plaintext);
  // Whether the chunk is known and may be referred to; the session then relies on its pack.
  base::Result<bool> is_known(const ChunkId& id);
  // Hands the lane's open packs over; call it for each lane before flush().
  base::Result<void> finish(Lane& lane);
  // Waits until every pack handed over is durable, then makes the index of them durable. No put may
  // run meanwhile.
  base::Result<void> flush();
  [[nodiscard]] StoreTotals totals() const;

 private:
  void count(const ChunkId& id, std::size_t size);
  // True: the caller must store it. False: it is known, or another lane is storing it.
  bool claim(const ChunkId& id);
  base::Result<void> hand_over(std::unique_ptr<PackBuilder>& builder);
  // Uploaders commit packs, several at once; the recorder notes each that is durable.
  void run_uploader();
  void run_recorder();
  base::Result<void> record(SealedPack pack);
  void join_all();
  base::Result<void> write_segment();
  void fail(base::Error error);
  [[nodiscard]] std::optional<base::Error> failure() const;

  Repository& repository_;
  Session& session_;
  const int compression_level_;
  const Effect effect_;
  LocalIndex& index_;

  mutable std::mutex mutex_;
  std::unordered_set<ChunkId, IdHash> claimed_;  // not yet in index_
  ChunkTally counted_;                           // in place of those, where nothing is stored
  std::optional<base::Error> failure_;
  StoreStages stages_;

  // The recorder's own.
  IndexSegment pending_;
  base::Duration pending_since_;

  std::atomic<std::uint64_t> bytes_new_{0};
  std::atomic<std::uint64_t> bytes_stored_{0};
  std::atomic<std::uint64_t> chunks_new_{0};
  io::BoundedQueue<SealedPack> sealed_;
  io::BoundedQueue<SealedPack> durable_;  // without their uploads
  std::vector<std::unique_ptr<io::Task>> uploaders_;
  std::unique_ptr<io::Task> recorder_;
};

}  // namespace holdfast::repository
