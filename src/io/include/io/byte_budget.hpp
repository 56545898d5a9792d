// ByteBudget: one limit for all bytes in flight. A stage takes its share before it allocates and
// the share goes back when the last holder lets go of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>

#include "io/executor.hpp"

namespace holdfast::io {

// Thread-safe. Outlives its shares.
class ByteBudget {
 public:
  ByteBudget(Executor& executor, std::uint64_t limit)
      : limit_(limit), changed_(executor.make_signal()) {}

  // What take() gave; movable, returns its bytes when destroyed.
  class Share {
   public:
    Share() = default;
    Share(ByteBudget& budget, std::uint64_t size) : budget_(&budget), size_(size) {}
    Share(Share&& other) noexcept : budget_(other.budget_), size_(other.size_) {
      other.budget_ = nullptr;
    }
    Share& operator=(Share&& other) noexcept {
      if (this != &other) {
        release();
        budget_ = other.budget_;
        size_ = other.size_;
        other.budget_ = nullptr;
      }
      return *this;
    }
    ~Share() { release(); }
    void release() noexcept {
      if (budget_ != nullptr) budget_->give_back(size_);
      budget_ = nullptr;
    }

   private:
    ByteBudget* budget_ = nullptr;
    std::uint64_t size_ = 0;
  };

  // Waits until `size` bytes are free. A request above the limit is cut to the limit, so that it
  // can't wait for ever.
  [[nodiscard]] Share take(std::uint64_t size) {
    size = std::min(size, limit_);
    std::unique_lock lock(mutex_);
    while (used_ + size > limit_) changed_->wait(lock);
    used_ += size;
    return {*this, size};
  }

 private:
  void give_back(std::uint64_t size) noexcept {
    const std::lock_guard lock(mutex_);
    used_ -= size;
    changed_->notify_all();
  }
  const std::uint64_t limit_;
  std::mutex mutex_;
  std::unique_ptr<Signal> changed_;
  std::uint64_t used_ = 0;
};

}  // namespace holdfast::io
