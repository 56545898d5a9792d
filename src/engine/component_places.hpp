// The locations of a component that are repositories.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "strategy/model.hpp"

namespace holdfast::engine {

// Those that plans of it go to, in the strategy's order; only the one called `only` if that isn't
// empty. Borrowed.
[[nodiscard]] std::vector<const strategy::Location*> places_of(const strategy::Strategy& strategy,
                                                               const strategy::Component& component,
                                                               std::string_view only = {});

// Where a path of the strategy leads: absolute, without "." and "..", without a slash at its end.
[[nodiscard]] std::string absolute_path(const strategy::Strategy& strategy,
                                        const std::string& path);

}  // namespace holdfast::engine
