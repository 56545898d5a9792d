// What is known, one sample a fact.
#include "report/metrics.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "exposition.hpp"
#include "strategy/plan.hpp"

namespace holdfast::report {

namespace {

using engine::ComponentStatus;
using engine::PlaceStatus;

// A clock that was set back makes nothing younger than new.
base::Duration age_of(base::Time then, base::Time now) {
  return std::max(now - then, base::Duration{});
}

double unix_seconds(base::Time time) { return base::Duration{time.nanoseconds}.seconds(); }

void add_backups(Exposition& out, const std::vector<BackupFacts>& backups) {
  for (const auto& one : backups) {
    const Exposition::Labels labels{one.component, one.plan, one.location};
    out.count("backup_attempts_total", labels, one.attempts);
    out.count("backup_success_total", labels, one.successes);
    out.count("backup_failures_total", labels, one.failures);
    if (one.duration) out.measure("backup_duration_seconds", labels, *one.duration);
    if (one.size) out.count("backup_size_bytes", labels, *one.size);
    if (one.newest) out.measure("backup_timestamp_seconds", labels, unix_seconds(*one.newest));
  }
}

void add_place(Exposition& out, const std::string& component, const PlaceStatus& place,
               base::Time now) {
  const Exposition::Labels labels{component, place.location};
  const bool is_unknown = place.state == PlaceStatus::State::unknown;
  out.count("holdfast_recovery_point_unknown", labels, is_unknown ? 1 : 0);
  if (!is_unknown) out.count("holdfast_recovery_points", labels, place.snapshots);
  if (!is_unknown && place.newest) {
    out.measure("holdfast_recovery_point_age_seconds", labels, age_of(*place.newest, now));
  }
  if (place.expected) {
    out.measure("holdfast_expected_interval_seconds", labels, *place.expected);
  }
  const auto level = strategy::parse_level(place.proved).value_or(strategy::Level::none);
  out.count("holdfast_verification_level", labels, static_cast<std::uint64_t>(level));
  if (place.proved_at) {
    out.measure("holdfast_verification_age_seconds", labels, age_of(*place.proved_at, now));
  }
}

void add_component(Exposition& out, const ComponentStatus& component, base::Time now) {
  out.count("holdfast_component_built", {component.name, component.kind},
            component.is_built ? 1 : 0);
  out.count("holdfast_component_enabled", {component.name}, component.is_enabled ? 1 : 0);
  if (component.rpo)
    out.measure("holdfast_objective_rpo_seconds", {component.name}, *component.rpo);
  if (component.rto)
    out.measure("holdfast_objective_rto_seconds", {component.name}, *component.rto);
  using Objective = ComponentStatus::Objective;
  for (const auto state :
       {Objective::met, Objective::missed, Objective::unknown, Objective::none}) {
    out.count("holdfast_objective_state", {component.name, engine::objective_name(state)},
              component.objective == state ? 1 : 0);
  }
  for (const auto& place : component.places) add_place(out, component.name, place, now);
}

void add_locations(Exposition& out, const std::vector<LocationFacts>& locations) {
  for (const auto& one : locations) {
    if (one.state != LocationFacts::State::unknown) {
      out.count("holdfast_location_up", {one.name}, one.state == LocationFacts::State::up ? 1 : 0);
    }
    if (one.bytes) out.count("holdfast_location_bytes", {one.name}, *one.bytes);
    if (one.capacity) out.count("holdfast_location_capacity_bytes", {one.name}, *one.capacity);
  }
}

void add_findings(Exposition& out, const std::vector<catalog::FindingRecord>& findings) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts;
  for (const auto& one : findings) {
    if (!one.closed) ++counts[{one.kind, one.severity}];
  }
  for (const auto& [key, count] : counts) {
    out.count("holdfast_findings", {key.first, key.second}, count);
  }
}

}  // namespace

std::string render_metrics(const engine::StrategyStatus& status, const MetricsFacts& facts) {
  Exposition out;
  add_backups(out, facts.backups);
  for (const auto& component : status.components) add_component(out, component, facts.now);
  add_locations(out, facts.locations);
  for (const auto& log : facts.logs) {
    if (log.lag) out.measure("holdfast_log_lag_seconds", {log.component, log.location}, *log.lag);
    if (log.canary_age)
      out.measure("holdfast_canary_age_seconds", {log.component, log.location}, *log.canary_age);
    if (log.canary_delay)
      out.measure("holdfast_canary_delay_seconds", {log.component, log.location},
                  *log.canary_delay);
  }
  add_findings(out, status.findings);
  out.count("holdfast_waiting_copies", {}, status.waiting_copies);
  out.measure("holdfast_status_age_seconds", {}, age_of(status.at, facts.now));
  out.count("holdfast_ready", {}, facts.daemon == MetricsFacts::Daemon::ready ? 1 : 0);
  out.count("holdfast_build_info", {facts.version}, 1);
  return out.text();
}

}  // namespace holdfast::report
