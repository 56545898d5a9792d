// Facts: names that lead nowhere, and statements that contradict each other. They are errors.
#pragma once

#include "strategy/diagnostic.hpp"
#include "strategy/model.hpp"

namespace holdfast::strategy {

void check_facts(const Strategy& strategy, Diagnostics& diagnostics);

// The part of it that is about drills, scenarios, alerts and who is told.
void check_drill_facts(const Strategy& strategy, Diagnostics& diagnostics);

// All names of a list of named things.
template <typename T>
[[nodiscard]] std::vector<std::string> names_of(const std::vector<T>& things) {
  std::vector<std::string> names;
  names.reserve(things.size());
  for (const auto& each : things) names.push_back(each.name);
  return names;
}

}  // namespace holdfast::strategy
