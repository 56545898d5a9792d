// The table of metrics, and its document. What stands here is frozen: a name, a label or a meaning
// that somebody's alert relies on may not change; new rows come at the end of their group.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "report/metrics.hpp"

namespace holdfast::report {

namespace {

std::vector<std::string_view> by_plan() { return {"component", "plan", "location"}; }
std::vector<std::string_view> by_place() { return {"component", "location"}; }

// Of components: what plans did, what could be restored, what was promised and proved.
std::vector<MetricDeclaration> of_components() {
  using enum MetricType;
  return {
      {"backup_attempts_total", counter, by_plan(),
       "Attempts of a plan to bring a snapshot to a location, copies that were tried again "
       "included."},
      {"backup_success_total", counter, by_plan(), "Snapshots of a plan that came to a location."},
      {"backup_failures_total", counter, by_plan(),
       "Attempts of a plan that brought no snapshot to a location; cancelled runs are none."},
      {"backup_duration_seconds", gauge, by_plan(), "How long the plan's last good run took."},
      {"backup_size_bytes", gauge, by_plan(), "Size of what the plan's last good run captured."},
      {"backup_timestamp_seconds", gauge, by_plan(),
       "Unix time at which the newest run of the plan began whose snapshot is at the location."},
      {"holdfast_recovery_point_age_seconds", gauge, by_place(),
       "Age of the newest recovery point that was seen in the location's repository. Absent when "
       "there is none or it could not be seen."},
      {"holdfast_recovery_point_unknown", gauge, by_place(),
       "1 when the location could not be looked at, so that nothing is known of what could be "
       "restored from it; else 0."},
      {"holdfast_recovery_points", gauge, by_place(),
       "Snapshots of the component at the location. Absent when they could not be seen."},
      {"holdfast_expected_interval_seconds", gauge, by_place(),
       "The recovery point at the location should not be older than this."},
      {"holdfast_objective_rpo_seconds", gauge, {"component"}, "The promised recovery point."},
      {"holdfast_objective_rto_seconds", gauge, {"component"}, "The promised recovery time."},
      {"holdfast_objective_state",
       gauge,
       {"component", "state"},
       "Whether the newest recovery point anywhere keeps the promise: 1 for the state that holds "
       "(met, missed, unknown, or none was promised), 0 for the others."},
      {"holdfast_verification_level", gauge, by_place(),
       "The highest level that a snapshot at the location has reached: 0 none, 1 present, 2 "
       "intact, 3 readable, 4 sound, 5 restorable."},
      {"holdfast_verification_age_seconds", gauge, by_place(),
       "Time since that level was last reached. Absent when nothing was verified."},
      {"holdfast_component_built",
       gauge,
       {"component", "kind"},
       "Whether this version can back the component up: when it is 0, nothing does."},
      {"holdfast_component_enabled", gauge, {"component"}, "Whether the component is switched on."},
  };
}

// Of locations, logs, findings, and the daemon itself.
std::vector<MetricDeclaration> of_surroundings() {
  using enum MetricType;
  return {
      {"holdfast_location_up",
       gauge,
       {"location"},
       "1 when the location answered when it was last looked at, else 0. Absent until then."},
      {"holdfast_location_bytes", gauge, {"location"}, "What lies at the location."},
      {"holdfast_location_capacity_bytes",
       gauge,
       {"location"},
       "The location's declared capacity."},
      {"holdfast_log_lag_seconds", gauge, by_place(),
       "How far what is durable of the component's log lies behind the component. Absent when it "
       "isn't known."},
      {"holdfast_canary_age_seconds", gauge, by_place(),
       "Age of the newest canary that is durable there: what would be lost now, and the pause "
       "between two canaries."},
      {"holdfast_canary_delay_seconds", gauge, by_place(),
       "How long that canary took from its commit until it was durable there."},
      {"holdfast_findings",
       gauge,
       {"kind", "severity"},
       "Open findings. One that was mended is gone: sum(holdfast_findings) or vector(0)."},
      {"holdfast_waiting_copies", gauge, {}, "Copies that wait for their location."},
      {"holdfast_status_age_seconds",
       gauge,
       {},
       "Time since the locations were looked at for the figures above."},
      {"holdfast_ready",
       gauge,
       {},
       "1 when the daemon carries out the strategy, 0 while it starts."},
      {"holdfast_build_info", gauge, {"version"}, "Always 1."},
  };
}

}  // namespace

const std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

const std::vector<MetricDeclaration>& metric_declarations() {
  static const auto all = [] {
    auto made = of_components();
    auto others = of_surroundings();
    std::move(others.begin(), others.end(), std::back_inserter(made));
    return made;
  }();
  return all;
}

std::string metrics_reference() {
  std::string text =
      "# Metrics\n\n"
      "<!-- Rendered from the table in src/report; a test compares. To change it, change that. "
      "-->\n\n"
      "`GET /metrics` of `holdfast daemon` answers in Prometheus' text format 0.0.4. Names, labels "
      "and "
      "meanings are frozen: they are only ever added to. What isn't known is absent, never an old "
      "value; whether a copy could be seen at all is a metric of its own. Freshness is read from "
      "the "
      "repositories, not from what runs said of themselves. Counters begin anew when the catalog "
      "was "
      "lost; gauges don't.\n\n"
      "| metric | type | labels | |\n|---|---|---|---|\n";
  for (const auto& one : metric_declarations()) {
    std::string labels;
    for (const auto& label : one.labels) {
      labels += fmt::format("{}`{}`", labels.empty() ? "" : ", ", label);
    }
    text += fmt::format("| `{}` | {} | {} | {} |\n", one.name,
                        one.type == MetricType::counter ? "counter" : "gauge", labels, one.help);
  }
  text +=
      "\n## Alerts worth having\n\n"
      "```yaml\n"
      "- alert: RecoveryPointTooOld\n"
      "  expr: holdfast_objective_state{state=~\"missed|unknown\"} == 1\n"
      "- alert: CopyTooOld\n"
      "  expr: holdfast_recovery_point_age_seconds > holdfast_expected_interval_seconds\n"
      "- alert: CopyUnseen\n"
      "  expr: holdfast_recovery_point_unknown == 1\n"
      "  for: 15m\n"
      "- alert: NothingToRestore\n"
      "  expr: holdfast_recovery_points == 0\n"
      "- alert: BackupFails\n"
      "  expr: rate(backup_failures_total[5m]) > 0\n"
      "- alert: NobodyLooks\n"
      "  expr: holdfast_status_age_seconds > 900 or absent(holdfast_ready)\n"
      "```\n";
  return text;
}

}  // namespace holdfast::report
