// LogWindow: how far a log goes on from a base, over the lineages that follow, and until which
// instant that is (docs/internals/logs.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/log_follower.hpp"
#include "repository/log.hpp"
#include "repository/log_map.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::engine {

// What a snapshot says of the log that goes with it.
struct LogBase {
  std::string source;  // the number of the cluster
  std::uint32_t lineage = 0;
  std::uint64_t start = 0;  // from here on the snapshot needs the log; it holds it itself
  std::uint64_t end = 0;    // up to here
};
// Nothing for a snapshot that no log goes with. Needs the reading key.
base::Result<std::optional<LogBase>> log_base(const repository::Repository& repository,
                                              const repository::SnapshotRecord& snapshot);

// A transaction is dated before it is durable: by so much at most (an asynchronous commit waits for
// three times wal_writer_delay). Until then a mark doesn't show that none is missing.
inline constexpr base::Duration commit_patience = base::seconds(5);

struct LogWindow {
  repository::LogMap map{{}};
  // What follows the base without a gap, along the newest lineage that it leads to. Empty: nothing.
  std::vector<repository::LogRange> ranges;
  std::optional<LogPosition> end;  // nothing if there is no log after the base
};
// `pieces`: all of the log's.
base::Result<LogWindow> log_window(const repository::Repository& repository,
                                   std::vector<repository::LogPiece> pieces, const LogBase& base);

// How the log stands at a repository, from the newest base on.
struct LogStanding {
  std::optional<LogPosition> end;  // nothing: there is no base, or no log after it
  // More of the log lies beyond a gap after `end`: only a new base leads there.
  enum class Beyond { nothing, unreachable } beyond = Beyond::nothing;
};
base::Result<LogStanding> log_standing(const repository::Repository& repository,
                                       const repository::SnapshotList& list,
                                       const strategy::Component& component);

}  // namespace holdfast::engine
