// Chores: what is done again and again beside the runs, each in a task of its own and never twice
// at a time.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "io/executor.hpp"

namespace holdfast::daemon {

// Its calls are the loop's, but for ask().
class Chores {
 public:
  using Body = std::function<void(std::stop_token)>;
  Chores(io::Executor& executor, const base::Clock& clock) : executor_(executor), clock_(clock) {}
  ~Chores() { stop(); }

  // Done first after `first`, and then `every` so long after its last end. All are added before
  // the first start_due().
  void add(std::string name, base::Duration first, base::Duration every, Body body);
  // Does it again as soon as possible. Thread-safe.
  void ask(const std::string& name);
  void start_due();
  // Asks those under way to end.
  void request_stop() { stop_.request_stop(); }
  [[nodiscard]] bool is_idle() const noexcept;
  // Asks, and waits for them.
  void stop();

 private:
  struct Chore {
    std::string name;
    base::Duration every;
    base::Duration next;  // monotonic
    Body body;
    std::atomic<bool> is_asked{false};
    std::atomic<bool> has_ended{true};
    std::unique_ptr<io::Task> task;
  };

  io::Executor& executor_;
  const base::Clock& clock_;
  std::stop_source stop_;
  std::vector<std::unique_ptr<Chore>> chores_;
};

}  // namespace holdfast::daemon
