// Import: an old backup file (or folder) taken in as a snapshot of a component, as of the time at
// which it was made.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "engine/plan_run.hpp"
#include "engine/progress.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

struct ImportRequest {
  std::string path;  // absolute
  base::Time taken_at;
  const strategy::Component* component = nullptr;  // borrowed
  const strategy::Plan* plan = nullptr;            // by whose rules it is kept; borrowed
};

struct ImportReport {
  PlanRunReport run;   // as a run of the plan: what each location has of it
  std::string sha256;  // of the file; empty for a folder
  // Locations where retention lets it go with the next run of the plan.
  std::vector<std::string> expired_at;
};

// Captures it at the first location of the plan that is up and copies it to the others. Nothing
// expires meanwhile. invalid_argument: it is from the future; conflict: it was changed while it was
// read; not_found: there is nothing.
base::Result<ImportReport> import_backup(const Workplace& workplace, const ImportRequest& request,
                                         const ProgressCall& progress, std::stop_token stop);

}  // namespace holdfast::engine
