// LogCanary: a row that is written every so often, so that it can be told how long a commit takes
// until it is safe: the sample is durable minus commit.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "engine/log_follower.hpp"
#include "io/executor.hpp"
#include "wire/postgres.hpp"

namespace holdfast::engine {

// Writes into the schema `holdfast` of the database of its address, which it makes if it may, by a
// task of its own. Thread-safe.
class LogCanary {
 public:
  // Everything is borrowed. `address` is asked for before each connection.
  using Address = std::function<base::Result<wire::PostgresAddress>()>;
  LogCanary(Address address, base::Duration every, const base::Clock& clock,
            io::Executor& executor);
  ~LogCanary();
  LogCanary(const LogCanary&) = delete;
  LogCanary& operator=(const LogCanary&) = delete;

  // What a location has by now.
  void durable(const std::string& location, const LogPosition& position, base::Time since);
  [[nodiscard]] std::optional<CanaryState> state(const std::string& location) const;
  // Why none is written; empty if they are.
  [[nodiscard]] std::string message() const;

 private:
  void run();
  base::Result<void> write(wire::PostgresConnection& connection);

  struct Written {
    std::uint64_t position = 0;  // of the log after its commit
    base::Time at;               // when it was committed
  };

  const Address address_;
  const base::Duration every_;
  const base::Clock& clock_;
  io::Executor& executor_;
  std::stop_source stop_;

  mutable std::mutex mutex_;      // guards what follows
  std::vector<Written> written_;  // the newest, ascending
  std::map<std::string, CanaryState> states_;
  std::string message_;
  std::unique_ptr<io::Task> task_;  // last: it ends first
};

}  // namespace holdfast::engine
