// Findings about proofs: verifications that failed, could not be made or are overdue, and drills.
#pragma once

#include <vector>

#include "catalog/finding.hpp"
#include "engine/status.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

// Of one component: at most one of the kind `verification` a location: damage of what lies there,
// else what the newest look gave, else that one is overdue.
base::Result<std::vector<catalog::FindingRecord>> verification_findings(
    const Workplace& workplace, const ComponentStatus& status, base::Time now);

// At most one a drill: its last run failed or took too long, or the next is overdue.
base::Result<std::vector<catalog::FindingRecord>> drill_findings(const Workplace& workplace,
                                                                 const StrategyStatus& status);

}  // namespace holdfast::engine
