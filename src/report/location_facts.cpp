// A location that some component could be looked for at answers.
#include "report/location_facts.hpp"

namespace holdfast::report {

namespace {

LocationFacts::State state_of(const std::string& name, const engine::StrategyStatus& status) {
  auto state = LocationFacts::State::unknown;
  for (const auto& component : status.components) {
    for (const auto& place : component.places) {
      if (place.location != name) continue;
      if (place.state != engine::PlaceStatus::State::unknown) return LocationFacts::State::up;
      state = LocationFacts::State::down;
    }
  }
  return state;
}

}  // namespace

std::vector<LocationFacts> location_facts(const strategy::Strategy& strategy,
                                          const engine::StrategyStatus& status,
                                          const std::vector<engine::LocationUse>& uses) {
  std::vector<LocationFacts> list;
  for (const auto& location : strategy.locations) {
    if (location.kind != strategy::LocationKind::repository) continue;
    LocationFacts facts;
    facts.name = location.name;
    facts.state = state_of(location.name, status);
    facts.capacity = location.capacity;
    for (const auto& use : uses) {
      if (use.location == location.name) facts.bytes = use.bytes;
    }
    list.push_back(std::move(facts));
  }
  return list;
}

}  // namespace holdfast::report
