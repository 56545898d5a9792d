// What each metric says, and what it leaves out.
#include "report/metrics.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "exposition.hpp"
#include "metrics_fixture.hpp"
#include "metrics_text_reader.hpp"

namespace holdfast::report {

namespace {

using Labels = std::map<std::string, std::string>;

const Labels ssd{{"component", "files"}, {"location", "ssd"}};
const Labels nas{{"component", "files"}, {"location", "nas"}};
const Labels s3{{"component", "files"}, {"location", "s3"}};

ReadMetrics rendered() { return read_metrics(render_metrics(full_status(), full_facts())); }

TEST(Metrics, CountAttemptsByPlanAndLocation) {
  const auto read = rendered();
  const Labels daily{{"component", "files"}, {"plan", "daily"}, {"location", "ssd"}};
  EXPECT_EQ(read.value("backup_attempts_total", daily), 12);
  EXPECT_EQ(read.value("backup_success_total", daily), 10);
  EXPECT_EQ(read.value("backup_failures_total", daily), 2);
  EXPECT_EQ(read.value("backup_duration_seconds", daily), 1.5);
  EXPECT_EQ(read.value("backup_size_bytes", daily), 1099511627776.0);
  EXPECT_EQ(read.value("backup_timestamp_seconds", daily), 1'799'999'400.0);
  EXPECT_EQ(read.types.at("backup_attempts_total"), "counter");
  EXPECT_EQ(read.types.at("backup_size_bytes"), "gauge");
}

TEST(Metrics, APlanThatNeverRanHasCountersAndNothingElse) {
  const auto read = rendered();
  const Labels daily{{"component", "files"}, {"plan", "daily"}, {"location", "nas"}};
  EXPECT_EQ(read.value("backup_attempts_total", daily), 0);
  EXPECT_EQ(read.value("backup_failures_total", daily), 0);
  for (const auto* name :
       {"backup_duration_seconds", "backup_size_bytes", "backup_timestamp_seconds"}) {
    EXPECT_FALSE(read.value(name, daily).has_value()) << name;
  }
}

TEST(Metrics, AgesAreCountedUpToTheScrape) {
  const auto read = rendered();
  EXPECT_EQ(read.value("holdfast_recovery_point_age_seconds", ssd), 600);
  EXPECT_EQ(read.value("holdfast_verification_age_seconds", ssd), 7200);
  EXPECT_EQ(read.value("holdfast_status_age_seconds"), 60);
}

TEST(Metrics, WhatWasNotSeenIsUnknownAndHasNoAge) {
  auto status = full_status();
  // What an earlier look knew must not be told as if it were so now.
  status.components[0].places[1].newest = noon;
  status.components[0].places[1].snapshots = 9;
  const auto read = read_metrics(render_metrics(status, full_facts()));
  EXPECT_EQ(read.value("holdfast_recovery_point_unknown", nas), 1);
  EXPECT_FALSE(read.value("holdfast_recovery_point_age_seconds", nas).has_value());
  EXPECT_FALSE(read.value("holdfast_recovery_points", nas).has_value());
  EXPECT_EQ(read.value("holdfast_expected_interval_seconds", nas), 86400);
  EXPECT_EQ(read.value("holdfast_recovery_point_unknown", ssd), 0);
}

TEST(Metrics, AnEmptyPlaceIsKnownToBeEmpty) {
  const auto read = rendered();
  EXPECT_EQ(read.value("holdfast_recovery_point_unknown", s3), 0);
  EXPECT_EQ(read.value("holdfast_recovery_points", s3), 0);
  EXPECT_FALSE(read.value("holdfast_recovery_point_age_seconds", s3).has_value());
  EXPECT_EQ(read.value("holdfast_verification_level", s3), 0);
  EXPECT_FALSE(read.value("holdfast_verification_age_seconds", s3).has_value());
}

TEST(Metrics, AClockThatWentBackMakesNoNegativeAge) {
  auto facts = full_facts();
  facts.now = noon - base::days(1);
  const auto read = read_metrics(render_metrics(full_status(), facts));
  EXPECT_EQ(read.value("holdfast_recovery_point_age_seconds", ssd), 0);
}

TEST(Metrics, TellObjectivesAndTheirState) {
  const auto read = rendered();
  EXPECT_EQ(read.value("holdfast_objective_rpo_seconds", {{"component", "files"}}), 3600);
  EXPECT_EQ(read.value("holdfast_objective_rto_seconds", {{"component", "files"}}), 1800);
  EXPECT_FALSE(read.value("holdfast_objective_rpo_seconds", {{"component", "cache"}}).has_value());
  const auto state = [&](const char* component, const char* name) {
    return read.value("holdfast_objective_state", {{"component", component}, {"state", name}});
  };
  EXPECT_EQ(state("files", "met"), 1);
  EXPECT_EQ(state("files", "missed"), 0);
  EXPECT_EQ(state("files", "unknown"), 0);
  EXPECT_EQ(state("cache", "none"), 1);
  EXPECT_EQ(read.value("holdfast_component_built", {{"component", "cache"}, {"kind", "redis"}}), 0);
  EXPECT_EQ(read.value("holdfast_component_enabled", {{"component", "cache"}}), 1);
}

TEST(Metrics, LevelsAreNumbered) {
  auto status = full_status();
  double number = 1;
  for (const auto* name : {"present", "intact", "readable", "sound", "restorable"}) {
    status.components[0].places[0].proved = name;
    const auto read = read_metrics(render_metrics(status, full_facts()));
    EXPECT_EQ(read.value("holdfast_verification_level", ssd), number++) << name;
  }
}

TEST(Metrics, TellLocationsLogsAndFindings) {
  const auto read = rendered();
  EXPECT_EQ(read.value("holdfast_location_up", {{"location", "ssd"}}), 1);
  EXPECT_EQ(read.value("holdfast_location_up", {{"location", "nas"}}), 0);
  EXPECT_FALSE(read.value("holdfast_location_up", {{"location", "s3"}}).has_value());
  EXPECT_EQ(read.value("holdfast_location_bytes", {{"location", "ssd"}}), 5e9);
  EXPECT_EQ(read.value("holdfast_location_capacity_bytes", {{"location", "ssd"}}), 1e10);
  EXPECT_FALSE(read.value("holdfast_location_bytes", {{"location", "nas"}}).has_value());
  EXPECT_EQ(read.value("holdfast_log_lag_seconds", ssd), 2);
  EXPECT_FALSE(read.value("holdfast_log_lag_seconds", nas).has_value());
  EXPECT_EQ(read.value("holdfast_findings", {{"kind", "failed"}, {"severity", "critical"}}), 2);
  EXPECT_EQ(read.value("holdfast_findings", {{"kind", "size"}, {"severity", "critical"}}), 1);
  EXPECT_FALSE(
      read.value("holdfast_findings", {{"kind", "mended"}, {"severity", "critical"}}).has_value());
  EXPECT_EQ(read.value("holdfast_waiting_copies"), 3);
}

TEST(Metrics, TellTheDaemon) {
  const auto read = rendered();
  EXPECT_EQ(read.value("holdfast_ready"), 1);
  EXPECT_EQ(read.value("holdfast_build_info", {{"version", "1.2.3"}}), 1);
  auto facts = full_facts();
  facts.daemon = MetricsFacts::Daemon::starting;
  EXPECT_EQ(read_metrics(render_metrics(full_status(), facts)).value("holdfast_ready"), 0);
}

TEST(Metrics, TheSameFactTwiceIsToldOnce) {
  auto facts = full_facts();
  facts.locations.push_back(facts.locations.front());
  facts.locations.back().bytes = 1;
  const auto read = read_metrics(render_metrics(full_status(), facts));
  EXPECT_TRUE(read.mistakes.empty());
  EXPECT_EQ(read.value("holdfast_location_bytes", {{"location", "ssd"}}), 5e9);
}

TEST(Metrics, EveryDeclaredOneOccurs) {
  const auto read = rendered();
  std::set<std::string> found;
  for (const auto& sample : read.samples) found.insert(sample.name);
  for (const auto& declaration : metric_declarations()) {
    EXPECT_TRUE(found.contains(std::string(declaration.name))) << declaration.name;
  }
}

TEST(Metrics, TheDocumentIsCurrent) {
  const auto path = std::string(HOLDFAST_TESTS_DIR) + "/../../../docs/metrics.md";
  if (std::getenv("HOLDFAST_ACCEPT") != nullptr) {
    std::ofstream(path, std::ios::binary) << metrics_reference();
    return;
  }
  std::ostringstream committed;
  committed << std::ifstream(path, std::ios::binary).rdbuf();
  EXPECT_TRUE(committed.str() == metrics_reference())
      << "docs/metrics.md is not current; write it anew with HOLDFAST_ACCEPT=1";
}

}  // namespace

}  // namespace holdfast::report
