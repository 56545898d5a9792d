// The variables of the environment in which a strategy's secrets lie: no child inherits them.
#pragma once

#include <string>
#include <vector>

#include "strategy/model.hpp"

namespace holdfast::engine {

// Names, each once: those that references of the strategy name, and those in which this program
// itself finds keys and credentials of storages.
[[nodiscard]] std::vector<std::string> secret_variables(const strategy::Strategy& strategy);

}  // namespace holdfast::engine
