// Rebuild of a catalog that was lost: snapshots say themselves to which component, plan and run
// they belong; from all locations together follow runs, copies, and up to where each plan was
// served.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/workplace.hpp"

namespace holdfast::engine {

struct RebuildReport {
  std::uint64_t snapshots = 0;        // of the strategy's components, in all locations
  std::uint64_t runs = 0;             // that the catalog didn't know
  std::uint64_t copies = 0;           // likewise
  std::uint64_t slots = 0;            // that moved on
  std::vector<std::string> not_read;  // locations that were down or damaged, and why
};

// Adds what is missing and changes nothing that is there: a second time adds nothing. What left no
// snapshot (failed runs, events, verifications, evidence) isn't in it. One piece of evidence says
// that the catalog was rebuilt.
base::Result<RebuildReport> rebuild_catalog(const Workplace& workplace);

}  // namespace holdfast::engine
