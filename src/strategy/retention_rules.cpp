// From the plans of a component to the rules of a location.
#include "kinds.hpp"
#include "strategy/retention.hpp"

namespace holdfast::strategy {

std::vector<RetentionRule> rules_at(const Component& component, std::string_view location) {
  std::vector<RetentionRule> rules;
  for (const auto& plan : component.plans) {
    const auto* destination = plan.destination(location);
    if (destination == nullptr || destination->keep.empty()) continue;
    rules.push_back({plan.name, destination->keep, plan.demand, plan.is_log()});
  }
  return rules;
}

bool makes_bases(const Component& component, const Plan& plan) {
  const auto* origin = plan.copy_of.empty() ? &plan : component.plan(plan.copy_of);
  return origin != nullptr && is_base_of_log(component.kind, origin->type);
}

}  // namespace holdfast::strategy
