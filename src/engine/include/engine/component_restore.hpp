// Restore of a component: which snapshot, from which location, into which directory.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "engine/progress.hpp"
#include "engine/recovery_target.hpp"
#include "engine/restore.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

struct ComponentRestoreOptions {
  // Of a time: where no log is kept, the newest snapshot that had begun then.
  RecoveryTarget at;
  std::string from;  // a location; empty: the quickest that has it
  std::string plan;  // whose snapshot; empty: any plan's
  source::FilesRestoreOptions files;
  // into: below files.target. in_place: to where it was captured: files to their paths, what a
  // command printed to its restore command; files.target is "/" then.
  enum class Target { into, in_place } target = Target::into;
  // Of PostgreSQL, with a snapshot of dumps: they are loaded into a running server, and come to no
  // files.target.
  struct Server {
    std::string url;       // without a password
    std::string database;  // only this one; empty: all
    std::string name;      // under which; empty: its own
  };
  std::optional<Server> server = {};
  // Of git: a tag, branch or commit, of which only the tree comes, as a tar; empty: all of it.
  std::string archive = {};
  // Stops what uses the component before, and starts it after, as its `service` says.
  enum class Service { leave, stop_and_start } service = Service::leave;
};

struct ComponentRestoreReport {
  std::string run;
  std::string location;
  base::Time captured;  // when the snapshot that was restored had begun
  // Of a recovery: up to where a server that is started on it recovers.
  struct Recovered {
    std::uint64_t position = 0;
    std::uint32_t timeline = 0;
    base::Time last_commit;  // the newest transaction in it; zero: none since the base
    std::uint64_t log_bytes = 0;
  };
  std::optional<Recovered> recovered;
  std::string into;  // where it went: a path, or the restore command
  RestoreReport restored;
  std::vector<std::string> passed_over;  // locations that were down, and why
};

// Leaves a run and a piece of evidence. invalid_argument: what the kind of component can't do.
// not_found: no location that is up has a snapshot from then
// or before.
base::Result<ComponentRestoreReport> restore_component(const Workplace& workplace,
                                                       const strategy::Component& component,
                                                       const ComponentRestoreOptions& options,
                                                       const ProgressCall& progress,
                                                       std::stop_token stop);

}  // namespace holdfast::engine
