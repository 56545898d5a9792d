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
  // Stops what uses the component before, and starts it after, as its `service` says.
  enum class Service { leave, stop_and_start } service = Service::leave;
};

struct ComponentRestoreReport {
  std::string run;
  std::string location;
  base::Time captured;  // the instant that was restored
  RestoreReport restored;
  std::vector<std::string> passed_over;  // locations that were down, and why
};

// Leaves a run and a piece of evidence. not_found: no location that is up has a snapshot from then
// or before.
base::Result<ComponentRestoreReport> restore_component(const Workplace& workplace,
                                                       const strategy::Component& component,
                                                       const ComponentRestoreOptions& options,
                                                       const ProgressCall& progress,
                                                       std::stop_token stop);

}  // namespace holdfast::engine
