// Checks of promises: what a strategy says it will keep and can't. Most are warnings: the strategy
// can run, but should not be believed. A log that nothing can be restored from is an error, and so
// is what is not encrypted where the environment requires it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "strategy/diagnostic.hpp"
#include "strategy/model.hpp"

namespace holdfast::strategy {

// Adds warnings (promises that can't be kept) and notes, and settles the diagnostics: RPO against
// schedules, RTO against access times, locations on the component's own host, 3-2-1, connections
// without TLS and things without encryption (as the environment demands), locks longer than what is
// kept, logs without a base, verification that never happens.
void check_promises(const Strategy& strategy, Diagnostics& diagnostics);

// How much of a component is lost at worst when it fails, by its schedule alone: the longest time
// between two recovery points of its quickest plan, with windows in which nothing starts, jitter
// and the age of what is copied; nothing if no plan runs by itself. Measured on days on which no
// clock is changed.
[[nodiscard]] std::optional<base::Duration> worst_loss(const Strategy& strategy,
                                                       const Component& component);
// Of one plan. `component` owns it.
[[nodiscard]] std::optional<base::Duration> worst_loss(const Strategy& strategy,
                                                       const Component& component,
                                                       const Plan& plan);

// Of a log: whether a plan brings a base for it to the location.
[[nodiscard]] bool has_base_at(const Component& component, std::string_view location);

}  // namespace holdfast::strategy
