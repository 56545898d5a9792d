// What has been proved of a component, for its status: by verifications at each location, by
// drills.
#pragma once

#include <vector>

#include "engine/drill.hpp"
#include "engine/status.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::engine {

// Fills what the ledger says of one place, and adds the verifications that are declared to the
// component's. `list`: what lies there; nullptr if it can't be seen.
base::Result<void> add_proofs(const Workplace& workplace, const strategy::Component& component,
                              const repository::SnapshotList* list, base::Time now,
                              PlaceStatus& place, ComponentStatus& status);

// Adds the last drill, the verifications that are drills, and whether the RTO is kept.
// `drills_done`: the last one of each, newest first.
void add_drills(const strategy::Strategy& strategy, const strategy::Component& component,
                const std::vector<DrillReport>& drills_done, base::Time now,
                ComponentStatus& status);

}  // namespace holdfast::engine
