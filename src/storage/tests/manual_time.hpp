// Time that stands still until a test, or a sleep, moves it.
#pragma once

#include <mutex>
#include <vector>

#include "io/executor.hpp"

namespace holdfast::storage {

// Thread-safe.
class ManualClock final : public base::Clock {
 public:
  [[nodiscard]] base::Time now() const override {
    const std::lock_guard lock(mutex_);
    return base::Time{1'800'000'000 * base::nanoseconds_per_second} + passed_;
  }
  [[nodiscard]] base::Duration monotonic() const override {
    const std::lock_guard lock(mutex_);
    return base::seconds(1000) + passed_;
  }
  void advance(base::Duration duration) {
    const std::lock_guard lock(mutex_);
    passed_ = passed_ + duration;
  }

 private:
  mutable std::mutex mutex_;
  base::Duration passed_;
};

// Sleeps by moving the clock, and remembers how long; threads are real ones.
class ManualExecutor final : public io::Executor {
 public:
  explicit ManualExecutor(ManualClock& clock) : clock_(clock) {}
  [[nodiscard]] std::unique_ptr<io::Task> spawn(std::string name,
                                                std::function<void()> body) override {
    return threads_.spawn(std::move(name), std::move(body));
  }
  [[nodiscard]] std::unique_ptr<io::Signal> make_signal() override {
    return threads_.make_signal();
  }
  [[nodiscard]] unsigned concurrency() const override { return threads_.concurrency(); }
  void sleep(base::Duration duration, std::stop_token stop) override {
    if (stop.stop_requested()) return;
    clock_.advance(duration);
    const std::lock_guard lock(mutex_);
    sleeps_.push_back(duration);
  }
  [[nodiscard]] std::vector<base::Duration> sleeps() const {
    const std::lock_guard lock(mutex_);
    return sleeps_;
  }

 private:
  ManualClock& clock_;
  io::ThreadExecutor threads_;
  mutable std::mutex mutex_;
  std::vector<base::Duration> sleeps_;
};

}  // namespace holdfast::storage
