// What runs next.
#include "strategy/agenda.hpp"

#include <algorithm>
#include <tuple>

#include "strategy/schedule.hpp"

namespace holdfast::strategy {

using base::Time;

std::optional<Time> start_of(const Strategy& strategy, const Component& component, const Plan& plan,
                             Time slot, const TimeZone& zone) {
  auto windows = plan.blackout;
  windows.insert(windows.end(), strategy.blackout.begin(), strategy.blackout.end());
  const auto delayed = slot + jitter_of(component.name + "/" + plan.name, slot, plan.jitter);
  return after_blackout(windows, delayed, zone);
}

std::vector<AgendaEntry> agenda(const Strategy& strategy, Time after, Time until,
                                const TimeZone& zone, std::size_t limit) {
  std::vector<AgendaEntry> all;
  for (const auto& component : strategy.components) {
    if (!component.enabled) continue;
    for (const auto& plan : component.plans) {
      auto slot = next_due(plan, after, zone);
      for (std::size_t count = 0; slot && *slot <= until && count < limit; ++count) {
        const auto start = start_of(strategy, component, plan, *slot, zone);
        if (start) all.push_back({*slot, *start, component.name, plan.name, false});
        slot = next_due(plan, *slot, zone);
      }
    }
    for (const auto& each : component.verifications) {
      if (!each.enabled) continue;
      for (const auto slot : due_between(each.when, after, until, zone, limit)) {
        all.push_back({slot, slot, component.name, each.name, true});
      }
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const AgendaEntry& a, const AgendaEntry& b) {
    return std::tie(a.start, a.is_verification) < std::tie(b.start, b.is_verification);
  });
  if (all.size() > limit) all.resize(limit);
  return all;
}

}  // namespace holdfast::strategy
