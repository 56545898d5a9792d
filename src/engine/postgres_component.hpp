// Components of the kind `postgres`: how a plan's snapshot is taken, and how one is put back
// (docs/internals/postgres.md).
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "component_capture.hpp"
#include "engine/backup.hpp"
#include "engine/restore.hpp"
#include "engine/workplace.hpp"
#include "wire/postgres.hpp"

namespace holdfast::engine {

// Where the component's server is. invalid_argument: its password can't be had.
base::Result<wire::PostgresAddress> postgres_address(const Workplace& workplace,
                                                     const strategy::Component& component);

// unsupported: a type of plan that isn't built.
base::Result<BackupReport> capture_postgres_component(const Workplace& workplace,
                                                      const CaptureRequest& request,
                                                      repository::Repository& repository,
                                                      const ProgressCall& progress,
                                                      std::stop_token stop);

using PostgresCompletion = std::function<base::Result<void>(const std::string& data)>;

// Dumps come as files into `files.target`. Of a base backup the data directory itself comes there,
// and tablespaces into `files.target` + ".tablespaces"; a server that is started on it recovers.
// already_exists: the target holds something that isn't an interrupted restore of this snapshot.
// `complete` is called with a data directory that has come whole: until it has gone well, too, the
// restore counts as interrupted.
base::Result<RestoreReport> restore_postgres_component(repository::Repository& repository,
                                                       std::string_view snapshot,
                                                       const source::FilesRestoreOptions& files,
                                                       const ProgressCall& progress,
                                                       std::stop_token stop,
                                                       const PostgresCompletion& complete);

}  // namespace holdfast::engine
