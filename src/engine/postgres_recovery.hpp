// Recovery of a PostgreSQL component to an instant: which base and which log, where it stops, and
// the WAL and settings with which a server carries it out (docs/internals/logs.md).
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "engine/log_window.hpp"
#include "engine/progress.hpp"
#include "engine/recovery_target.hpp"
#include "repository/repository.hpp"
#include "repository/snapshot_list.hpp"
#include "strategy/component.hpp"

namespace holdfast::engine {

struct PostgresRecovery {
  std::string snapshot;  // the base, hexadecimal
  base::Time captured;   // when it began
  LogBase base;
  LogWindow window;
  RecoveryTarget target;
};

// Finds the newest base from which the log leads to the target. not_found: there is none here;
// the message says how far the log goes.
base::Result<PostgresRecovery> find_recovery(const repository::Repository& repository,
                                             const repository::SnapshotList& list,
                                             const strategy::Component& component,
                                             const RecoveryTarget& target);

// Up to where a server was told to recover.
struct RecoveryStop {
  std::uint32_t timeline = 0;
  std::uint64_t position = 0;
  base::Time last_commit;   // the newest transaction that is in it; zero: none after the base
  std::uint64_t bytes = 0;  // of WAL that was written
};

// Writes the WAL into `data`/pg_wal, checking each record, up to where the target says, and the
// settings of the recovery. A server that is started on `data` then recovers to there, and opens.
// not_found: the log holds no such transaction, restore point or position. damaged: the WAL isn't
// what a server wrote.
base::Result<RecoveryStop> prepare_recovery(repository::Repository& repository,
                                            const PostgresRecovery& recovery,
                                            const std::string& data, const ProgressCall& progress,
                                            const std::stop_token& stop);

}  // namespace holdfast::engine
