// Finding them by the destinations of plans.
#include "component_places.hpp"

#include <algorithm>

namespace holdfast::engine {

std::vector<const strategy::Location*> places_of(const strategy::Strategy& strategy,
                                                 const strategy::Component& component,
                                                 std::string_view only) {
  std::vector<const strategy::Location*> found;
  for (const auto& location : strategy.locations) {
    if (location.kind != strategy::LocationKind::repository) continue;
    if (!only.empty() && location.name != only) continue;
    const bool is_used = std::any_of(
        component.plans.begin(), component.plans.end(),
        [&](const strategy::Plan& plan) { return plan.destination(location.name) != nullptr; });
    if (is_used) found.push_back(&location);
  }
  return found;
}

}  // namespace holdfast::engine
