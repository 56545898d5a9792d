// Lending and taking back blocks.
#include "repository/block_pool.hpp"

namespace holdfast::repository {

BlockPool::BlockPool(io::Executor& executor, std::size_t block_size, std::size_t blocks_max)
    : block_size_(block_size), blocks_max_(blocks_max), changed_(executor.make_signal()) {}

BlockPool::Lease BlockPool::take() {
  std::unique_ptr<Block> block;
  {
    std::unique_lock lock(mutex_);
    while (!closed_ && free_.empty() && made_ == blocks_max_) changed_->wait(lock);
    if (closed_) return nullptr;
    if (!free_.empty()) {
      block = std::move(free_.back());
      free_.pop_back();
    } else {
      ++made_;
    }
  }
  if (!block) {
    block = std::make_unique<Block>();
    block->bytes_ = std::make_unique_for_overwrite<base::Byte[]>(block_size_);
    block->size_ = block_size_;
  }
  return {block.release(), [this](Block* done) { give_back(done); }};
}

void BlockPool::give_back(Block* block) {
  const std::lock_guard lock(mutex_);
  free_.emplace_back(block);
  changed_->notify_all();
}

void BlockPool::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_->notify_all();
}

}  // namespace holdfast::repository
