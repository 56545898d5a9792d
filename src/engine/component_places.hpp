// The locations of a component that are repositories.
#pragma once

#include <string_view>
#include <vector>

#include "strategy/model.hpp"

namespace holdfast::engine {

// Those that plans of it go to, in the strategy's order; only the one called `only` if that isn't
// empty. Borrowed.
[[nodiscard]] std::vector<const strategy::Location*> places_of(const strategy::Strategy& strategy,
                                                               const strategy::Component& component,
                                                               std::string_view only = {});

}  // namespace holdfast::engine
