// BoundedQueue<T>: hands values from task to task and holds at most `capacity` of them.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "base/check.hpp"
#include "io/executor.hpp"

namespace holdfast::io {

// Thread-safe, many producers and many consumers.
template <typename T>
class BoundedQueue {
 public:
  BoundedQueue(Executor& executor, std::size_t capacity)
      : capacity_(capacity), changed_(executor.make_signal()) {
    CHECK(capacity > 0, "a queue without room");
  }

  // Waits for room. False, and `value` is dropped, once the queue is closed.
  bool push(T value) {
    std::unique_lock lock(mutex_);
    while (!closed_ && values_.size() >= capacity_) changed_->wait(lock);
    if (closed_) return false;
    values_.push_back(std::move(value));
    changed_->notify_all();
    return true;
  }

  // Waits for a value. Nothing once the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    while (!closed_ && values_.empty()) changed_->wait(lock);
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    changed_->notify_all();
    return value;
  }

  // No more pushes; what is in the queue can still be popped.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_->notify_all();
  }

  // Closes and drops what is inside: the way out after an error.
  void abandon() {
    std::deque<T> dropped;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      dropped.swap(values_);
      changed_->notify_all();
    }
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::unique_ptr<Signal> changed_;
  std::deque<T> values_;
  bool closed_ = false;
};

}  // namespace holdfast::io
