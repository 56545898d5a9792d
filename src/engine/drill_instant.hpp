// To which instant a drill restores its components.
#pragma once

#include <optional>
#include <vector>

#include "engine/workplace.hpp"
#include "strategy/drill.hpp"

namespace holdfast::engine {

// When the snapshots of one component began that are within reach; ascending.
using CaptureTimes = std::vector<base::Time>;

// Uniform between the oldest instant to which all of them can be restored and the newest snapshot
// of any; nothing if none has a snapshot. Those without any don't count: their restore will tell.
// Never after `limit`, where a log ends: nothing if that is before the oldest.
[[nodiscard]] std::optional<base::Time> random_instant(const std::vector<CaptureTimes>& components,
                                                       base::Random& random,
                                                       std::optional<base::Time> limit = {});

// Nothing: the latest. Only `random` looks into locations; those that are down are left out.
base::Result<std::optional<base::Time>> choose_instant(
    const Workplace& workplace, const strategy::Drill& drill,
    const std::vector<const strategy::Component*>& components);

}  // namespace holdfast::engine
