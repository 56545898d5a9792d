// Taking a snapshot, whatever it is of: begun, filled by a source, committed, reported.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/backup.hpp"
#include "repository/snapshot_writer.hpp"

namespace holdfast::engine {

// Writes the entries; what it counts goes into the report and the snapshot's statistics.
using SnapshotCapture =
    std::function<base::Result<source::FilesCaptureResult>(repository::SnapshotWriter& writer)>;

// `options`: host, program and start are filled in where they are empty. Nothing is committed
// unless `capture` succeeds; on return the snapshot is durable and counts. Of a preview nothing is
// stored.
base::Result<BackupReport> take_snapshot(repository::Repository& repository,
                                         repository::SnapshotOptions options,
                                         const SnapshotCapture& capture);

// As SnapshotOptions wants them: raw, ascending, each once.
[[nodiscard]] std::vector<base::Bytes> snapshot_paths(const std::vector<std::string>& paths);

}  // namespace holdfast::engine
