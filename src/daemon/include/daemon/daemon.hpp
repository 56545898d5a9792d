// Daemon: makes what a strategy declares happen (docs/internals/daemon.md).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/location_use.hpp"
#include "engine/log_follower.hpp"
#include "engine/status.hpp"
#include "engine/workplace.hpp"
#include "io/executor.hpp"

namespace holdfast::daemon {

// A strategy with what it stands on. Runs keep the one that they began with, so that another can
// take its place meanwhile.
using SharedWorkplace = std::shared_ptr<const engine::Workplace>;

struct DaemonOptions {
  // Reads the strategy again. It must be of the same name and environment.
  std::function<base::Result<SharedWorkplace>()> read_again = {};
  std::function<unsigned()> hangups = {};  // how many SIGHUP have come
  std::string notify_socket;               // of the service manager; empty: none
  base::Duration status_every = base::minutes(1);
  base::Duration uses_every = base::minutes(15);
  base::Duration maintenance_every = base::days(1);
  base::Duration commits_every = base::seconds(10);
  base::Duration stop_grace = base::seconds(20);
};

// What the daemon last saw. Borrowed parts live as long as `workplace`.
struct View {
  SharedWorkplace workplace;
  std::shared_ptr<const engine::StrategyStatus> status;          // nullptr: it has not looked yet
  std::shared_ptr<const std::vector<engine::LocationUse>> uses;  // empty until it has counted
  std::vector<engine::LogState> logs;                            // of this moment
  base::Duration beat;   // monotonic: when the loop last came by
  std::size_t runs = 0;  // under way
};

class Daemon {
 public:
  // conflict: another daemon has the catalog.
  static base::Result<std::unique_ptr<Daemon>> open(SharedWorkplace workplace,
                                                    DaemonOptions options, io::Executor& executor);
  ~Daemon();

  // Returns when `stop` was requested and all runs have ended, or haven't within the grace.
  enum class Left { nothing, hanging_runs };
  base::Result<Left> run(std::stop_token stop);

  // Thread-safe.
  [[nodiscard]] View view() const;
  // Something was written into the catalog: an event, the wish to cancel a run.
  void wake();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast::daemon
