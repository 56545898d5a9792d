// LogLane: one location's share of a log: what arrives in the tail is stored there, and what was
// missed is fetched from other locations.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/location.hpp"
#include "engine/log_follower.hpp"
#include "engine/workplace.hpp"
#include "io/executor.hpp"
#include "log_tail.hpp"
#include "repository/log_map.hpp"

namespace holdfast::engine {

struct LogLaneOptions {
  std::string stream;    // of the log in repositories
  std::string location;  // its name
  base::Duration flush;  // what has come is durable after so long
  // Locations that have more of this lineage than up to `position`.
  std::function<std::vector<std::string>(std::uint32_t lineage, std::uint64_t position)> ahead;
};

// Works as a task of its own from its making to its end.
class LogLane {
 public:
  // Everything is borrowed.
  LogLane(const Workplace& workplace, LogTail& tail, LogLaneOptions options,
          io::Executor& executor);
  // Stores what has come, and ends.
  ~LogLane();
  LogLane(const LogLane&) = delete;
  LogLane& operator=(const LogLane&) = delete;

  [[nodiscard]] LogLaneState state() const;

 private:
  base::Result<void> serve();
  base::Result<void> look(repository::Repository& repository);
  // One part; whether there was anything to do.
  base::Result<bool> store_next(repository::Repository& repository);
  base::Result<void> store_part(repository::Repository& repository, LogTail::Part part);
  base::Result<void> store_origin(repository::Repository& repository, const LogOrigin& origin);
  void remove_short(repository::Repository& repository);
  base::Result<void> join_tail(repository::Repository& repository, const LogTail::State& tail);
  base::Result<void> catch_up(repository::Repository& repository, std::uint32_t lineage,
                              std::uint64_t until);
  void set(LogLaneState::State state, const std::string& message);
  void set_durable(std::uint32_t lineage, std::uint64_t position, base::Time at);

  const Workplace& workplace_;
  LogTail& tail_;
  const LogLaneOptions options_;
  io::Executor& executor_;
  std::stop_source stop_;

  // The task's own.
  std::vector<std::string> short_;  // names of pieces that a whole block will replace
  std::uint32_t origin_stored_ = 0;
  base::Time marked_;  // of the last piece's last mark

  mutable std::mutex mutex_;  // guards what follows
  LogLaneState state_;
  std::unique_ptr<io::Task> task_;  // last: it ends first
};

}  // namespace holdfast::engine
