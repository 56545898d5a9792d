// The simulation's Executor: tasks are real threads of which one runs at a time. Wherever a task
// waits, sleeps, joins, starts, ends or passes a point, a scheduler that a seed drives decides who
// runs next. Time is virtual: it passes a little with every decision and leaps when all wait. So
// the same seed gives the same run, a year takes a minute, and an order of events that happens once
// in a million runs can be met and met again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "io/executor.hpp"

namespace holdfast::simulation {

struct ExecutorOptions {
  std::uint64_t seed = 1;
  // What concurrency() answers.
  unsigned concurrency = 3;
  // The wall clock at the beginning: 2026-01-01T00:00:00Z. The monotonic clock begins at an hour.
  base::Time start{1'767'225'600 * base::nanoseconds_per_second};
  // How much time passes with each decision.
  base::Duration step{20'000};
  // How often, of 1024 decisions, a waiting task wakes without a notification, as Signal permits.
  unsigned spurious_wakes = 16;
  // How often, of 1024 decisions, time leaps to the next timeout although others could run: a slow
  // machine.
  unsigned early_timeouts = 8;
};

// Use from within run() only, except for making signals and reading results.
//
// A task must wait through this executor alone, and must hold no mutex while it waits: the one that
// wants the mutex would stop all. Both mistakes end the program with a report: a deadlock at once,
// a foreign wait after minutes.
class SimulatedExecutor final : public io::Executor {
 public:
  explicit SimulatedExecutor(const ExecutorOptions& options = {});
  ~SimulatedExecutor() override;

  // Runs `body` as the first task and returns when it and every task have ended. More than once is
  // fine.
  void run(const std::function<void()>& body);

  [[nodiscard]] std::unique_ptr<io::Task> spawn(std::string name,
                                                std::function<void()> body) override;
  [[nodiscard]] std::unique_ptr<io::Signal> make_signal() override;
  [[nodiscard]] unsigned concurrency() const override;
  void sleep(base::Duration duration, std::stop_token stop) override;

  // Lets others run here: for simulated storage and files, before and after what they do. `label`
  // goes into the trace. Outside of run() it does nothing.
  void point(std::string_view label);

  // Virtual time. Lives as long as the executor.
  [[nodiscard]] base::Clock& clock();
  // Sets the wall clock forwards or back; monotonic time and timeouts don't notice.
  void jump_wall_clock(base::Duration by);

  // Of all decisions so far: which task went on, from where.
  [[nodiscard]] std::uint64_t trace_hash() const;
  [[nodiscard]] std::uint64_t decisions() const;
  // The last decisions and every task's state, for a report of a failure.
  [[nodiscard]] std::string describe() const;

 private:
  class Scheduler;
  class SimulatedSignal;
  class SimulatedTask;
  class SimulatedClock;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<SimulatedClock> clock_;
};

}  // namespace holdfast::simulation
