// Freshness: how old a recovery point may be, and whether it is older. The part of status that
// looks at nothing.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "engine/status.hpp"
#include "strategy/component.hpp"

namespace holdfast::engine {

// Not older than this: what was promised, or else half as much again as the longest pause of the
// plans that go there. Nothing: nobody says.
[[nodiscard]] std::optional<base::Duration> expected_age(const strategy::Component& component,
                                                         const std::string& location);

// Its recovery point, and from it and `expected` its age and state.
void set_newest(PlaceStatus& place, base::Time newest, base::Time now);

// From the places, the mirrors and the RPO.
[[nodiscard]] ComponentStatus::Objective judge_objective(const ComponentStatus& component);

}  // namespace holdfast::engine
