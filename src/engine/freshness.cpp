// Ages against promises.
#include "engine/freshness.hpp"

#include <algorithm>

#include "strategy/schedule.hpp"

namespace holdfast::engine {

std::optional<base::Duration> expected_age(const strategy::Component& component,
                                           const std::string& location) {
  std::optional<base::Duration> longest;
  for (const auto& plan : component.plans) {
    if (!plan.enabled || plan.destination(location) == nullptr) continue;
    const auto gap = strategy::longest_gap(plan.when);
    if (gap && (!longest || *gap < *longest)) longest = gap;
  }
  if (!longest) return component.objectives.rpo;
  const base::Duration with_half{longest->nanoseconds + longest->nanoseconds / 2};
  if (!component.objectives.rpo) return with_half;
  return std::max(*component.objectives.rpo, with_half);
}

void set_newest(PlaceStatus& place, base::Time newest, base::Time now) {
  place.newest = newest;
  place.age = now - newest;
  const bool is_late = place.expected && *place.age > *place.expected;
  place.state = is_late ? PlaceStatus::State::late : PlaceStatus::State::fresh;
}

ComponentStatus::Objective judge_objective(const ComponentStatus& component) {
  using Objective = ComponentStatus::Objective;
  if (!component.rpo) return Objective::none;
  bool is_unknown = false;
  for (const auto& place : component.places) {
    if (place.age && *place.age <= *component.rpo) return Objective::met;
    if (place.state == PlaceStatus::State::unknown) is_unknown = true;
  }
  for (const auto& mirror : component.mirrors) {
    if (mirror.state == MirrorStatus::State::in_step) return Objective::met;
    if (mirror.age && *mirror.age <= *component.rpo) return Objective::met;
    // Behind by nobody knows how much is unknown too.
    if (!mirror.age) is_unknown = true;
  }
  return is_unknown ? Objective::unknown : Objective::missed;
}

}  // namespace holdfast::engine
