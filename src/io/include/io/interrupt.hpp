// Interrupt: the first SIGINT, SIGTERM or SIGHUP asks the program to stop, the second ends it at
// once. Where it is asked for, SIGHUP is only counted: a daemon reads its strategy again.
#pragma once

#include <memory>
#include <stop_token>

#include "io/executor.hpp"

namespace holdfast::io {

// Handles the signals while it lives; at most one at a time in a process. A signal that was ignored
// when it was made (nohup) stays ignored. Needs an executor with real threads: one task waits for
// the signal.
class Interrupt {
 public:
  enum class Hangup { stops, is_counted };
  explicit Interrupt(Executor& executor, Hangup hangup = Hangup::stops);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Requested soon after the first signal.
  [[nodiscard]] std::stop_token token() const;
  // The first signal's number, 0 before: the exit status of an interrupted program is 128 and this.
  [[nodiscard]] int signal() const noexcept;
  // How many SIGHUP came, where they are counted.
  [[nodiscard]] unsigned hangups() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::io
