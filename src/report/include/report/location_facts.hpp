// LocationFacts: a location as such, whatever lies there of whom.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/location_use.hpp"
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
// declared capacity and what was counted there, if it was. Pure.
[[nodiscard]] std::vector<LocationFacts> location_facts(
    const strategy::Strategy& strategy, const engine::StrategyStatus& status,
    const std::vector<engine::LocationUse>& uses);

}  // namespace holdfast::report
