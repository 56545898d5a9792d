// LocationFacts: a location as such, whatever lies there of whom.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/status.hpp"
#include "strategy/model.hpp"

namespace holdfast::report {

struct LocationFacts {
  std::string name;
  // unknown: nobody has looked there.
  enum class State { up, down, unknown } state = State::unknown;
  std::optional<std::uint64_t> bytes;     // what lies there
  std::optional<std::uint64_t> capacity;  // bytes, as declared
};

// The strategy's repositories in its order: up or down as the status has found them, with their
// declared capacity. What lies there nobody has counted. Pure.
[[nodiscard]] std::vector<LocationFacts> location_facts(const strategy::Strategy& strategy,
                                                        const engine::StrategyStatus& status);

}  // namespace holdfast::report
