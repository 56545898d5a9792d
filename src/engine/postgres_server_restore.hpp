// Restore of dumps into a running PostgreSQL server.
#pragma once

#include <stop_token>
#include <string>

#include "engine/component_restore.hpp"
#include "engine/restore.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

struct ServerRestore {
  const strategy::Component& component;
  const std::string& snapshot;  // of a logical plan
  const std::string& run;
  const ComponentRestoreOptions::Server& server;
};

// The snapshot's files lie in a private folder for as long as it takes. Errors: those of
// source::load_postgres_dumps.
base::Result<RestoreReport> restore_into_server(const Workplace& workplace,
                                                const ServerRestore& what,
                                                repository::Repository& repository,
                                                const ProgressCall& progress, std::stop_token stop);

// Whose snapshot is taken if none is named: the only logical plan's. invalid_argument: there is
// none, or a choice.
base::Result<std::string> plan_of_dumps(const strategy::Component& component);

// What can be known beforehand: it is a URL of a server, without a password in it.
base::Result<void> check_server(const ComponentRestoreOptions::Server& server);

}  // namespace holdfast::engine
