// Backup of files: one snapshot of some paths.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "codec/compression.hpp"
#include "engine/progress.hpp"
#include "repository/chunk_store.hpp"
#include "repository/repository.hpp"
#include "repository/snapshot.hpp"
#include "source/files/capture.hpp"

namespace holdfast::engine {

struct BackupOptions {
  source::FilesCaptureOptions capture;  // roots: absolute paths
  repository::Tags tags;
  std::string source = "files";  // the kind of component
  std::string host;              // empty: this machine's name
  std::string label;             // component; empty for paths given by hand
  std::string command;           // for the record; never holds a secret
  int compression_level = codec::compression_level_default;
};

struct BackupReport {
  std::optional<repository::ObjectHash> snapshot;  // nothing after a dry run
  std::optional<repository::ObjectHash> parent;
  source::FilesCaptureResult capture;
  std::uint64_t bytes_new = 0;     // plaintext that the repository didn't have
  std::uint64_t bytes_stored = 0;  // what it took in the repository; 0 after a dry run
  double duration_seconds = 0;
  repository::StoreStages stages;
  std::vector<repository::SnapshotWarning> warnings;  // the first 10,000
  std::uint64_t warning_count = 0;
  std::vector<std::string> notes;  // what the run's log should say, and is no reason to worry
};

// Takes a snapshot; on return it is durable and counts.
base::Result<BackupReport> back_up(repository::Repository& repository, const BackupOptions& options,
                                   const ProgressCall& progress, std::stop_token stop);

// Walks, reads, chunks and looks up as a backup would, and stores nothing. Needs what a backup
// needs. bytes_new is what a backup would report; where it can't be told exactly, it is more
// (SnapshotWriter::conclude).
base::Result<BackupReport> preview_backup(repository::Repository& repository,
                                          const BackupOptions& options,
                                          const ProgressCall& progress, std::stop_token stop);

}  // namespace holdfast::engine
