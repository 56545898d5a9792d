// ChunkPipeline: turns plaintext lying in blocks into stored chunks, on as many tasks as there are
// cores. A job is handed in, its id is known when it is done.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "io/bounded_queue.hpp"
#include "repository/block_pool.hpp"
#include "repository/chunk_store.hpp"

namespace holdfast::repository {

// A chunk whose id is or will be known. `id` may be read once wait() said so.
struct ChunkJob {
  ChunkId id{};
  bool done = false;  // guarded by the pipeline
};
using ChunkJobPtr = std::shared_ptr<ChunkJob>;  // shared by the task, and by every entry that has a
                                                // part of the chunk

// Its bytes, on their way. Whoever drops the task gives the block back.
struct ChunkTask {
  ChunkJobPtr job;
  BlockPool::Lease block;
  base::ByteView plaintext;
};

// submit() and wait() may be called by different tasks.
class ChunkPipeline {
 public:
  ChunkPipeline(io::Executor& executor, ChunkStore& store);
  ~ChunkPipeline();  // abandons what is waiting

  base::Result<void> submit(ChunkTask task);
  // Until the job is done, or the pipeline failed.
  base::Result<void> wait(const ChunkJob& job);
  // No more jobs; returns when all are done and every lane's packs are handed to the store.
  base::Result<void> finish();
  // Makes everybody who waits here return `error`.
  void fail(base::Error error);

 private:
  void run_lane();
  ChunkStore& store_;
  io::BoundedQueue<ChunkTask> waiting_;
  std::mutex mutex_;
  std::unique_ptr<io::Signal> changed_;
  std::optional<base::Error> failure_;
  std::vector<std::unique_ptr<io::Task>> tasks_;
};

}  // namespace holdfast::repository
