// Restore of a component: which snapshot, from which location, into which directory.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "engine/progress.hpp"
#include "engine/restore.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

struct ComponentRestoreOptions {
  std::optional<base::Time> at;  // the newest that had begun then; nothing: the newest
  std::string from;              // a location; empty: the quickest that has it
  std::string plan;              // whose snapshot; empty: any plan's
  source::FilesRestoreOptions files;
  // into: below files.target. in_place: to where it was captured: files to their paths, what a
  // command printed to its restore command; files.target is "/" then.
  enum class Target { into, in_place } target = Target::into;
  // Of git: a tag, branch or commit, of which only the tree comes, as a tar; empty: all of it.
  std::string archive = {};
  // Stops what uses the component before, and starts it after, as its `service` says.
  enum class Service { leave, stop_and_start } service = Service::leave;
};

struct ComponentRestoreReport {
  std::string run;
  std::string location;
  base::Time captured;  // the instant that was restored
  std::string into;     // where it went: a path, or the restore command
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
