// Executor: the only door to concurrency. ThreadExecutor runs every task on a thread of its own;
// the simulation's executor runs them one at a time, in an order that a seed decides. Code that
// blocks does so through a Signal, so that both can be obeyed. Rule: hold no mutex over a storage
// call, a queue operation or a sleep.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/clock.hpp"

namespace holdfast::io {

// A condition variable of the executor that made it.
class Signal {
 public:
  virtual ~Signal() = default;
  // Releases `lock`, waits for a notification, takes `lock` again. May wake without one: call it in
  // a loop.
  virtual void wait(std::unique_lock<std::mutex>& lock) = 0;
  // The same, giving up after `timeout`.
  virtual void wait_for(std::unique_lock<std::mutex>& lock, base::Duration timeout) = 0;
  virtual void notify_all() = 0;
};

// A running task. The destructor waits for its end.
class Task {
 public:
  virtual ~Task() = default;
  virtual void join() = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Starts `body`. `name` is shown by debuggers (15 bytes of it) and in traces.
  [[nodiscard]] virtual std::unique_ptr<Task> spawn(std::string name,
                                                    std::function<void()> body) = 0;
  [[nodiscard]] virtual std::unique_ptr<Signal> make_signal() = 0;
  // How many tasks can make progress at once: the number of cores that this process may use.
  [[nodiscard]] virtual unsigned concurrency() const = 0;
  // Returns early when `stop` is requested.
  virtual void sleep(base::Duration duration, std::stop_token stop) = 0;
};

class ThreadExecutor final : public Executor {
 public:
  [[nodiscard]] std::unique_ptr<Task> spawn(std::string name, std::function<void()> body) override;
  [[nodiscard]] std::unique_ptr<Signal> make_signal() override;
  [[nodiscard]] unsigned concurrency() const override;
  void sleep(base::Duration duration, std::stop_token stop) override;
};

}  // namespace holdfast::io
