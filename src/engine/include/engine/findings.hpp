// Findings: what is wrong with how a strategy is kept, from what was seen of it. Opened once,
// closed when mended (docs/internals/daemon.md has the table); telling people is somebody else's
// work.
#pragma once

#include <string>
#include <vector>

#include "catalog/finding.hpp"
#include "engine/location_use.hpp"
#include "engine/status.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

// What was seen. Uses may be empty: then nothing is said about storage.
struct Sight {
  const StrategyStatus& status;
  const std::vector<LocationUse>& uses;
};

// All that is wrong now, by the catalog's runs and copies and by what was seen. Changes nothing.
base::Result<std::vector<catalog::FindingRecord>> find(const Workplace& workplace,
                                                       const Sight& sight);

// Opens those that are new and closes those that are no longer there, of the kinds that find()
// knows. Gives those that were opened.
base::Result<std::vector<catalog::FindingRecord>> record_findings(
    const Workplace& workplace, const std::vector<catalog::FindingRecord>& found,
    const Sight& sight);

// A kind that find() doesn't know: opened and closed by whoever sees it.
inline constexpr std::string_view strategy_finding = "strategy";

// What the strategy says about a kind, else our default.
[[nodiscard]] std::string severity_of(const strategy::Strategy& strategy, std::string_view kind);

}  // namespace holdfast::engine
