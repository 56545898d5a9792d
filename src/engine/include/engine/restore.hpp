// Restore of a snapshot, or of a part of it, into a directory.
#pragma once

#include <stop_token>
#include <string>

#include "engine/progress.hpp"
#include "repository/snapshot_list.hpp"
#include "source/files/restore.hpp"

namespace holdfast::engine {

struct RestoreReport {
  repository::ObjectHash snapshot{};
  source::FilesRestoreReport files;
  double duration_seconds = 0;
};

// `name`: id, unique prefix or "latest". The report says what could not be restored.
base::Result<RestoreReport> restore(repository::Repository& repository, std::string_view name,
                                    const source::FilesRestoreOptions& options,
                                    const ProgressCall& progress, std::stop_token stop);

}  // namespace holdfast::engine
