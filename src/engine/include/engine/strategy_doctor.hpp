// The doctor of a strategy: whether what it stands on is there: its keys, its locations, what its
// components are made of, the catalog.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "engine/workplace.hpp"
#include "storage/examination.hpp"

namespace holdfast::engine {

struct Examination {
  std::string subject;  // "strategy", "location ssd", "component uploads"
  std::vector<storage::Check> checks;
};

// Touches nothing but probes of its own at the locations. Something that can't be looked at is
// unknown or a problem in it, not an error.
base::Result<std::vector<Examination>> examine_strategy(const Workplace& workplace,
                                                        std::stop_token stop);

}  // namespace holdfast::engine
