// Looking into every location, and at the catalog for what only it knows.
#include "engine/status.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "component_places.hpp"
#include "engine/component_snapshots.hpp"
#include "engine/freshness.hpp"
#include "engine/log_window.hpp"
#include "engine/mirror_lag.hpp"
#include "engine/place.hpp"
#include "proof_status.hpp"
#include "strategy/agenda.hpp"

namespace holdfast::engine {

using base::Result;

namespace {

// A location as it was found: its snapshots, or why there are none to see.
struct Seen {
  std::optional<repository::SnapshotList> list;
  std::map<std::string, Result<LogStanding>> logs;  // of components that keep one there
  std::string message;
};

Seen look_at(const Workplace& workplace, const strategy::Location& location) {
  Seen seen;
  const auto place = open_place(workplace, location);
  if (!place.ok()) {
    seen.message = place.error().to_string();
    return seen;
  }
  auto list = repository::list_snapshots(place.value()->repository());
  if (!list.ok()) {
    seen.message = list.error().to_string();
    return seen;
  }
  seen.list = std::move(list).value();
  for (const auto& component : workplace.strategy.components) {
    const bool keeps_log =
        std::any_of(component.plans.begin(), component.plans.end(), [&](const auto& plan) {
          return plan.is_log() && plan.enabled && plan.destination(location.name) != nullptr;
        });
    if (!keeps_log || component.kind != strategy::ComponentKind::postgres) continue;
    seen.logs.emplace(component.name,
                      log_standing(place.value()->repository(), *seen.list, component));
  }
  return seen;
}

PlaceStatus place_status(const strategy::Component& component, const std::string& location,
                         const Seen& seen, base::Time now) {
  PlaceStatus place;
  place.location = location;
  place.expected = expected_age(component, location);
  place.message = seen.message;
  if (!seen.list) return place;
  const auto snapshots = snapshots_of(*seen.list, component);
  place.snapshots = snapshots.size();
  place.state = PlaceStatus::State::empty;
  if (snapshots.empty()) return place;
  const auto& newest = *snapshots.back();
  place.newest_snapshot = base::to_hex(newest.id);
  auto point = newest.summary.started;
  const auto log = seen.logs.find(component.name);
  if (log != seen.logs.end() && !log->second.ok()) {
    place.message = "its log: " + log->second.error().to_string();
  } else if (log != seen.logs.end()) {
    const auto& standing = log->second.value();
    const bool is_broken = standing.beyond == LogStanding::Beyond::unreachable;
    if (standing.end) place.log = PlaceStatus::Log::flows;
    if (is_broken) place.log = PlaceStatus::Log::broken;
    place.log_end = standing.end;
    if (standing.end) point = std::max(point, standing.end->at);
  }
  set_newest(place, point, now);
  return place;
}

std::vector<std::string> mirrors_of(const strategy::Strategy& strategy,
                                    const strategy::Component& component) {
  std::vector<std::string> names;
  for (const auto& location : strategy.locations) {
    if (location.kind != strategy::LocationKind::mirror) continue;
    for (const auto& plan : component.plans) {
      if (plan.destination(location.name) == nullptr) continue;
      names.push_back(location.name);
      break;
    }
  }
  return names;
}

MirrorStatus mirror_status(const Workplace& workplace, const strategy::Component& component,
                           const std::string& name) {
  MirrorStatus made;
  made.location = name;
  const auto lag = mirror_lag(workplace, component, *workplace.strategy.location(name), {});
  if (!lag.ok()) {
    made.message = lag.error().to_string();
    return made;
  }
  made.state =
      lag.value().is_in_step() ? MirrorStatus::State::in_step : MirrorStatus::State::behind;
  made.refs_behind = lag.value().refs_behind;
  made.age = lag.value().age;
  return made;
}

}  // namespace

Result<StrategyStatus> status_of(const Workplace& workplace) {
  const auto& strategy = workplace.strategy;
  StrategyStatus status;
  status.at = workplace.clock.now();
  std::map<std::string, Seen> seen;
  const auto drills = TRY(last_drills(workplace));
  const auto agenda =
      strategy::agenda(strategy, status.at, status.at + base::days(32), workplace.zone, 10'000);
  for (const auto& component : strategy.components) {
    if (component.kind == strategy::ComponentKind::part) continue;
    ComponentStatus made;
    made.name = component.name;
    made.kind = strategy::component_kind_name(component.kind);
    made.is_built = strategy::is_built(component.kind) == strategy::Built::yes;
    made.is_enabled = component.enabled;
    made.rpo = component.objectives.rpo;
    made.rto = component.objectives.rto;
    for (const auto* location : places_of(strategy, component)) {
      auto found = seen.find(location->name);
      if (found == seen.end()) {
        found = seen.emplace(location->name, look_at(workplace, *location)).first;
      }
      auto place = place_status(component, location->name, found->second, status.at);
      const auto* list = found->second.list ? &*found->second.list : nullptr;
      TRY(add_proofs(workplace, component, list, status.at, place, made));
      made.places.push_back(std::move(place));
    }
    // Mirrors of buckets aren't built yet.
    if (component.kind == strategy::ComponentKind::git && component.enabled) {
      for (const auto& name : mirrors_of(strategy, component)) {
        made.mirrors.push_back(mirror_status(workplace, component, name));
      }
    }
    made.objective = judge_objective(made);
    add_drills(strategy, component, drills, status.at, made);
    auto runs = TRY(workplace.catalog.runs().list(
        {.component = component.name, .plan = {}, .kind = {}, .state = {}, .limit = 1}));
    if (!runs.empty()) made.last_run = std::move(runs.front());
    const auto next = std::find_if(agenda.begin(), agenda.end(), [&](const auto& entry) {
      return entry.component == component.name && !entry.is_verification;
    });
    if (next != agenda.end()) {
      made.next_run = next->start;
      made.next_plan = next->plan;
    }
    status.components.push_back(std::move(made));
  }
  status.findings = TRY(workplace.catalog.findings().list_open());
  status.waiting_copies = TRY(workplace.catalog.copies().waiting()).size();
  return status;
}

std::string_view place_log_name(PlaceStatus::Log log) noexcept {
  constexpr std::array names{"none", "flows", "broken"};
  return names[static_cast<std::size_t>(log)];
}

std::string_view place_state_name(PlaceStatus::State state) noexcept {
  constexpr std::array names{"fresh", "late", "empty", "unknown"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view verification_state_name(VerificationStatus::State state) noexcept {
  constexpr std::array names{"current", "waiting", "overdue", "failed", "unknown"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view mirror_state_name(MirrorStatus::State state) noexcept {
  constexpr std::array names{"in step", "behind", "unknown"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view objective_name(ComponentStatus::Objective objective) noexcept {
  constexpr std::array names{"met", "missed", "unknown", "none"};
  return names[static_cast<std::size_t>(objective)];
}

}  // namespace holdfast::engine
