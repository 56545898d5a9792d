// The paths that a component of files is made of.
#pragma once

#include <string>
#include <vector>

#include "strategy/model.hpp"

namespace holdfast::engine {

// Relative ones start in the strategy's folder; without "." and "..", without a slash at the end.
[[nodiscard]] std::string absolute_path(const strategy::Strategy& strategy,
                                        const std::string& path);
// Empty for kinds that have none.
[[nodiscard]] std::vector<std::string> source_paths(const strategy::Strategy& strategy,
                                                    const strategy::Component& component);

}  // namespace holdfast::engine
