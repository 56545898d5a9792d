// Metrics: how a strategy stands, as text that Prometheus reads (exposition format 0.0.4). Names,
// labels and meanings are a promise to dashboards and alerts of others: docs/metrics.md is rendered
// from the same table, and what stands there is never changed, only added to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "engine/status.hpp"
#include "report/backup_facts.hpp"
#include "report/location_facts.hpp"

namespace holdfast::report {

// How far what is durable of a log lies behind the component.
struct LogFacts {
  std::string component;
  std::string location;
  std::optional<base::Duration> lag;  // nothing: not known
  // Of the newest canary that is durable there; nothing: there is none.
  std::optional<base::Duration> canary_age;
  std::optional<base::Duration> canary_delay;  // from its commit until it was
};

// What a daemon knows beside the status.
struct MetricsFacts {
  base::Time now;  // of the scrape; ages are counted up to here
  std::string version;
  enum class Daemon { ready, starting } daemon = Daemon::starting;
  std::vector<BackupFacts> backups;
  std::vector<LocationFacts> locations;
  std::vector<LogFacts> logs;
};

enum class MetricType { counter, gauge };

struct MetricDeclaration {
  std::string_view name;
  MetricType type = MetricType::gauge;
  std::vector<std::string_view> labels;  // in the order in which they are written
  std::string_view help;                 // one line
};

// Every metric there is, in the order of the text.
[[nodiscard]] const std::vector<MetricDeclaration>& metric_declarations();

// "text/plain; version=0.0.4; charset=utf-8".
extern const std::string_view metrics_content_type;

// Ends with a newline. A value that isn't known is left out, never NaN and never an old one; of two
// facts about the same thing the first counts. Pure.
[[nodiscard]] std::string render_metrics(const engine::StrategyStatus& status,
                                         const MetricsFacts& facts);

// docs/metrics.md.
[[nodiscard]] std::string metrics_reference();

}  // namespace holdfast::report
