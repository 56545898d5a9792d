// A status and facts in which everything occurs.
#pragma once

#include "report/metrics.hpp"

namespace holdfast::report {

constexpr base::Time noon{1'800'000'000 * base::nanoseconds_per_second};

inline engine::StrategyStatus full_status() {
  using engine::PlaceStatus;
  engine::PlaceStatus fresh;
  fresh.location = "ssd";
  fresh.state = PlaceStatus::State::fresh;
  fresh.snapshots = 7;
  fresh.newest = noon - base::minutes(10);
  fresh.age = base::minutes(9);
  fresh.expected = base::hours(1);
  fresh.proved = "sound";
  fresh.proved_at = noon - base::hours(2);
  engine::PlaceStatus unknown;
  unknown.location = "nas";
  unknown.message = "not mounted";
  unknown.expected = base::days(1);
  engine::PlaceStatus empty;
  empty.location = "s3";
  empty.state = PlaceStatus::State::empty;
  engine::ComponentStatus files;
  files.name = "files";
  files.kind = "files";
  files.rpo = base::hours(1);
  files.rto = base::minutes(30);
  files.objective = engine::ComponentStatus::Objective::met;
  files.places = {fresh, unknown, empty};
  engine::ComponentStatus redis;
  redis.name = "cache";
  redis.kind = "redis";
  redis.is_built = false;
  engine::StrategyStatus status;
  status.at = noon - base::minutes(1);
  status.components = {files, redis};
  status.waiting_copies = 3;
  catalog::FindingRecord finding;
  finding.kind = "failed";
  finding.severity = "critical";
  status.findings = {finding, finding};
  finding.kind = "size";
  status.findings.push_back(finding);
  finding.kind = "mended";
  finding.closed = noon;
  status.findings.push_back(finding);
  return status;
}

inline MetricsFacts full_facts() {
  MetricsFacts facts;
  facts.now = noon;
  facts.version = "1.2.3";
  facts.daemon = MetricsFacts::Daemon::ready;
  facts.backups = {{.component = "files",
                    .plan = "daily",
                    .location = "ssd",
                    .attempts = 12,
                    .successes = 10,
                    .failures = 2,
                    .duration = base::milliseconds(1500),
                    .size = 1ULL << 40,
                    .newest = noon - base::minutes(10)},
                   {.component = "files",
                    .plan = "daily",
                    .location = "nas",
                    .duration = {},
                    .size = {},
                    .newest = {}}};
  facts.locations = {
      {.name = "ssd",
       .state = LocationFacts::State::up,
       .bytes = 5'000'000'000,
       .capacity = 10'000'000'000},
      {.name = "nas", .state = LocationFacts::State::down, .bytes = {}, .capacity = 1},
      {.name = "s3", .bytes = {}, .capacity = {}}};
  facts.logs = {{.component = "files",
                 .location = "ssd",
                 .lag = base::seconds(2),
                 .canary_age = base::seconds(3),
                 .canary_delay = base::milliseconds(700)},
                {.component = "files", .location = "nas", .lag = {}}};
  return facts;
}

}  // namespace holdfast::report
