// The tasks that hash, compress and encrypt.
#include "repository/chunk_pipeline.hpp"

#include <algorithm>

namespace holdfast::repository {

namespace {
constexpr std::size_t tasks_waiting_max = 64;  // memory is bounded by blocks, not by this
}

ChunkPipeline::ChunkPipeline(io::Executor& executor, ChunkStore& store)
    : store_(store), waiting_(executor, tasks_waiting_max), changed_(executor.make_signal()) {
  const auto lanes = std::clamp(executor.concurrency(), 1U, 16U);
  for (unsigned i = 0; i < lanes; ++i) {
    tasks_.push_back(executor.spawn("chunks-" + std::to_string(i), [this] { run_lane(); }));
  }
}

ChunkPipeline::~ChunkPipeline() {
  waiting_.abandon();
  for (auto& task : tasks_) task->join();
}

base::Result<void> ChunkPipeline::submit(ChunkTask task) {
  if (waiting_.push(std::move(task))) return {};
  const std::lock_guard lock(mutex_);
  return failure_ ? *failure_ : base::Error(base::ErrorCode::cancelled, "storing was given up");
}

base::Result<void> ChunkPipeline::wait(const ChunkJob& job) {
  std::unique_lock lock(mutex_);
  while (!job.done && !failure_) changed_->wait(lock);
  if (job.done) return {};
  return *failure_;
}

base::Result<void> ChunkPipeline::finish() {
  waiting_.close();
  for (auto& task : tasks_) task->join();
  const std::lock_guard lock(mutex_);
  if (failure_) return *failure_;
  return {};
}

void ChunkPipeline::fail(base::Error error) {
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(error);
    changed_->notify_all();
  }
  waiting_.abandon();
}

void ChunkPipeline::run_lane() {
  auto lane = store_.make_lane();
  while (auto task = waiting_.pop()) {
    auto id = store_.put(lane, ChunkType::data, task->plaintext);
    if (!id.ok()) {
      fail(std::move(id).error());
      return;
    }
    task->block.reset();
    const std::lock_guard lock(mutex_);
    task->job->id = id.value();
    task->job->done = true;
    changed_->notify_all();
  }
  if (auto finished = store_.finish(lane); !finished.ok()) fail(std::move(finished).error());
}

}  // namespace holdfast::repository
