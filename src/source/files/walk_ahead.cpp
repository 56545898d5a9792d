// Batches go round between the walking and the taking task.
#include "walk_ahead.hpp"

namespace holdfast::source {

namespace {

constexpr std::size_t batches_max = 4;
constexpr std::size_t items_per_batch = 256;
// Items hold their directories open: this bounds how many are.
constexpr std::size_t directories_per_batch = 48;

}  // namespace

WalkAhead::WalkAhead(io::Executor& executor, TreeWalk walk)
    : walk_(std::move(walk)), filled_(executor, batches_max), free_(executor, batches_max) {
  for (std::size_t i = 0; i < batches_max; ++i) {
    auto batch = std::make_unique<Batch>();
    batch->items.resize(items_per_batch);
    free_.push(std::move(batch));
  }
  task_ = executor.spawn("walk", [this] { run(); });
}

WalkAhead::~WalkAhead() {
  free_.abandon();
  filled_.abandon();
  task_->join();
}

void WalkAhead::run() {
  while (auto batch = free_.pop()) {
    const bool more = fill(**batch);
    if (!filled_.push(std::move(*batch))) return;
    if (!more) break;
  }
  filled_.close();
}

bool WalkAhead::fill(Batch& batch) {
  std::size_t directories = 0;
  for (batch.count = 0; batch.count < batch.items.size() && directories < directories_per_batch;) {
    WalkItem& item = batch.items[batch.count];
    if (!walk_.next(item)) return false;
    if (item.self != nullptr) ++directories;
    ++batch.count;
  }
  return true;
}

void WalkAhead::give_back() {
  if (current_ == nullptr) return;
  free_.push(std::move(current_));
  current_ = nullptr;
}

WalkItem* WalkAhead::next() {
  // The item before may hold the last reference to its directories: closing them here keeps them
  // few.
  if (current_ != nullptr && at_ > 0) {
    current_->items[at_ - 1].parent = nullptr;
    current_->items[at_ - 1].self = nullptr;
  }
  while (current_ == nullptr || at_ == current_->count) {
    give_back();
    auto batch = filled_.pop();
    if (!batch) return nullptr;
    current_ = std::move(*batch);
    at_ = 0;
  }
  return &current_->items[at_++];
}

}  // namespace holdfast::source
