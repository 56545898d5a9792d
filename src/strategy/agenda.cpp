// What runs next.
#include "strategy/agenda.hpp"

#include <algorithm>
#include <functional>
#include <tuple>

#include "strategy/schedule.hpp"

namespace holdfast::strategy {

using base::Time;

namespace {

constexpr base::Duration minute = base::minutes(1);

// The slot of a plan in the same minute; nothing if there is none.
std::optional<Time> slot_of_minute(const Plan& plan, Time at, const TimeZone& zone) {
  const Time begin{at.nanoseconds - at.nanoseconds % minute.nanoseconds};
  const auto slot = next_due(plan, {begin.nanoseconds - 1}, zone);
  return slot && *slot < begin + minute ? slot : std::nullopt;
}

using Start = std::function<std::optional<Time>(Time slot)>;

// The runs that start in (after, until], of slots that jitter delays so much at most: at least the
// first `limit`, if there are so many. Of those that a window delays to one instant only the last:
// one run catches up.
std::vector<AgendaEntry> runs_of(const When& timing, base::Duration jitter, const Start& start_of,
                                 Time after, Time until, const TimeZone& zone, std::size_t limit) {
  std::vector<AgendaEntry> runs;
  // What was due before may start only now: all that jitter delays, and the last of what waits for
  // the end of a window.
  auto slot = newest_due(timing, after - jitter, zone);
  if (!slot) slot = next_due(timing, after - jitter, zone);
  Time latest = after;
  while (slot && *slot <= until && (runs.size() < limit || *slot <= latest)) {
    const auto start = start_of(*slot);
    if (!start) break;  // windows without an end
    if (!runs.empty() && runs.back().start == *start) {
      runs.back().slot = *slot;
    } else if (*start > after && *start <= until) {
      runs.push_back({.slot = *slot, .start = *start});
      latest = std::max(latest, *start);
    }
    slot = next_due(timing, *slot, zone);
  }
  return runs;
}

}  // namespace

std::optional<Time> start_of(const Strategy& strategy, const Component& component, const Plan& plan,
                             Time slot, const TimeZone& zone) {
  auto windows = plan.blackout;
  windows.insert(windows.end(), strategy.blackout.begin(), strategy.blackout.end());
  const auto jitter = plan.jitter.nanoseconds > 0
                          ? jitter_of(component.name + "/" + plan.name, slot, plan.jitter)
                          : base::Duration{};
  const auto delayed = slot + jitter;
  const auto own = after_blackout(windows, delayed, zone);
  const auto* origin = plan.copy_of.empty() ? nullptr : component.plan(plan.copy_of);
  if (!own || origin == nullptr || !origin->copy_of.empty()) return own;
  const auto copied = slot_of_minute(*origin, slot, zone);
  if (!copied) return own;
  const auto theirs = start_of(strategy, component, *origin, *copied, zone);
  return theirs ? std::max(own, theirs) : own;
}

std::vector<AgendaEntry> agenda(const Strategy& strategy, Time after, Time until,
                                const TimeZone& zone, std::size_t limit) {
  std::vector<AgendaEntry> all;
  const auto add = [&](std::vector<AgendaEntry> runs, const std::string& component,
                       const std::string& plan, bool is_verification) {
    for (auto& run : runs) {
      run.component = component;
      run.plan = plan;
      run.is_verification = is_verification;
      all.push_back(std::move(run));
    }
  };
  for (const auto& component : strategy.components) {
    if (!component.enabled) continue;
    for (const auto& plan : component.plans) {
      const auto start = [&](Time slot) { return start_of(strategy, component, plan, slot, zone); };
      add(runs_of(timing_of(plan), plan.jitter, start, after, until, zone, limit), component.name,
          plan.name, false);
    }
    for (const auto& each : component.verifications) {
      if (!each.enabled) continue;
      const auto start = [&](Time slot) { return after_blackout(strategy.blackout, slot, zone); };
      add(runs_of(each.when, {}, start, after, until, zone, limit), component.name, each.name,
          true);
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const AgendaEntry& a, const AgendaEntry& b) {
    return std::tie(a.start, a.is_verification) < std::tie(b.start, b.is_verification);
  });
  if (all.size() > limit) all.resize(limit);
  return all;
}

}  // namespace holdfast::strategy
