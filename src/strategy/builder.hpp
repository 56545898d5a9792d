// From a checked tree to the model.
#pragma once

#include <string>

#include "fields.hpp"
#include "strategy/diagnostic.hpp"
#include "strategy/model.hpp"

namespace holdfast::strategy {

// What plans and components take from `defaults`.
struct Defaults {
  std::optional<Keep> keep;
  Position keep_position;
  Level demand = Level::none;
  std::string host;
  base::Duration jitter;
  base::Duration stall;
  std::vector<Verification> verifications;
};

// `root` is a checked map. Reports what the tables can't know: a type that the kind doesn't have, a
// pick that doesn't fit its period.
void build(const Node& root, Strategy& strategy, Diagnostics& diagnostics);

// The parts of it.
[[nodiscard]] Keep build_keep(const Node& node, Diagnostics& diagnostics);
[[nodiscard]] When build_when(const Fields& fields);
[[nodiscard]] Verification build_verification(const Member& member);
[[nodiscard]] Location build_location(const Member& member, Diagnostics& diagnostics);
[[nodiscard]] Plan build_plan(const Member& member, ComponentKind kind, const Strategy& strategy,
                              const Defaults& defaults, Diagnostics& diagnostics);
[[nodiscard]] Component build_component(const Member& member, const Strategy& strategy,
                                        const Defaults& defaults, Diagnostics& diagnostics);
[[nodiscard]] Drill build_drill(const Member& member);
[[nodiscard]] Scenario build_scenario(const Member& member);
[[nodiscard]] std::vector<Alert> build_alerts(const Node& node);

}  // namespace holdfast::strategy
