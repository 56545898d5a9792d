// LogDesk: the logs that a strategy wants kept, each followed by a task of its own.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "daemon/daemon.hpp"
#include "engine/log_follower.hpp"
#include "io/executor.hpp"

namespace holdfast::daemon {

class LogDesk {
 public:
  // Begins at once; holds the workplace.
  LogDesk(SharedWorkplace workplace, io::Executor& executor);
  // Stores what has come, and ends.
  ~LogDesk();
  LogDesk(const LogDesk&) = delete;
  LogDesk& operator=(const LogDesk&) = delete;

  // Thread-safe.
  [[nodiscard]] std::vector<engine::LogState> states() const;

 private:
  struct Followed {
    std::unique_ptr<engine::LogFollower> follower;
    std::unique_ptr<io::Task> task;
  };
  SharedWorkplace workplace_;
  std::stop_source stop_;
  std::vector<Followed> followed_;
};

}  // namespace holdfast::daemon
