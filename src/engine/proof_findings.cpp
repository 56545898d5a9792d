// From the ledger, from what status says is overdue, and from the last run of each drill.
#include "proof_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/units.hpp"
#include "engine/drill.hpp"
#include "engine/findings.hpp"
#include "strategy/when.hpp"

namespace holdfast::engine {

using base::Result;
using catalog::FindingRecord;
using catalog::VerificationOutcome;
using catalog::VerificationRecord;

namespace {

using State = VerificationStatus::State;

FindingRecord finding(const Workplace& workplace, const char* kind, base::Time now) {
  FindingRecord record;
  record.kind = kind;
  record.severity = severity_of(workplace.strategy, kind);
  record.opened = now;
  return record;
}

// Of the newest run that looked there, the first look that passed nothing. `ledger`: newest first.
const VerificationRecord* bad_look(const std::vector<VerificationRecord>& ledger) {
  for (const auto& record : ledger) {
    if (record.run != ledger.front().run) break;
    if (record.outcome != VerificationOutcome::passed) return &record;
  }
  return nullptr;
}

// The newest that found damage, whatever was looked at since at lower levels.
const VerificationRecord* newest_failure(const std::vector<VerificationRecord>& ledger) {
  const auto found = std::find_if(ledger.begin(), ledger.end(), [](const auto& record) {
    return record.outcome == VerificationOutcome::failed;
  });
  return found == ledger.end() ? nullptr : &*found;
}

std::string told_overdue(const VerificationStatus& status) {
  const auto age = status.age
                       ? fmt::format("its last was {} ago", base::format_duration(*status.age))
                       : std::string("there was none yet");
  const auto expected = status.expected ? strategy::describe(*status.expected) : std::string();
  return fmt::format("is overdue: {}, expected within {}", age, expected);
}

const VerificationStatus* overdue_at(const ComponentStatus& status, const std::string& location) {
  const auto& all = status.verifications;
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) {
    return each.state == State::overdue && each.drill.empty() && each.location == location;
  });
  return found == all.end() ? nullptr : &*found;
}

std::string advice_on(const std::string& run) {
  return run.empty() ? std::string("holdfast runs list") : "holdfast runs log " + run;
}

// What is wrong with the last run of a drill; nothing if nothing is.
std::optional<std::string> trouble_of(const DrillReport& report) {
  if (report.outcome == DrillOutcome::failed) return "failed: " + report.end.message;
  if (!report.is_late()) return std::nullopt;
  return fmt::format("took {}, more than {}", base::format_duration(report.total),
                     strategy::describe(*report.within));
}

}  // namespace

Result<std::vector<FindingRecord>> verification_findings(const Workplace& workplace,
                                                         const ComponentStatus& status,
                                                         base::Time now) {
  std::vector<FindingRecord> found;
  for (const auto& place : status.places) {
    const auto ledger = TRY(workplace.catalog.verifications().list(status.name, place.location));
    auto record = finding(workplace, "verification", now);
    record.component = status.name;
    record.location = place.location;
    const auto* bad = place.damaged > 0 ? newest_failure(ledger) : bad_look(ledger);
    const auto* overdue = overdue_at(status, place.location);
    if (bad != nullptr) {
      record.message =
          fmt::format("verification of {} at {} ({}): {} {}", status.name, place.location,
                      bad->level, catalog::verification_outcome_name(bad->outcome), bad->message);
      record.advice = advice_on(bad->run);
    } else if (overdue != nullptr) {
      record.message = fmt::format("verification {} of {} at {} {}", overdue->name, status.name,
                                   place.location, told_overdue(*overdue));
      record.advice =
          fmt::format("holdfast verify {} --verification {}", status.name, overdue->name);
    } else {
      continue;
    }
    found.push_back(std::move(record));
  }
  return found;
}

Result<std::vector<FindingRecord>> drill_findings(const Workplace& workplace,
                                                  const StrategyStatus& status) {
  std::vector<FindingRecord> found;
  const auto add = [&](const std::string& drill, std::string message, std::string advice) {
    const bool is_known = std::any_of(found.begin(), found.end(),
                                      [&](const auto& each) { return each.plan == drill; });
    if (is_known) return;
    auto record = finding(workplace, "drill", status.at);
    record.plan = drill;
    record.message = std::move(message);
    record.advice = std::move(advice);
    found.push_back(std::move(record));
  };
  const auto done = TRY(last_drills(workplace));
  for (const auto& report : done) {
    if (workplace.strategy.drill(report.drill) == nullptr) continue;
    if (const auto trouble = trouble_of(report)) {
      add(report.drill, fmt::format("drill {} {}", report.drill, *trouble), advice_on(report.run));
    }
  }
  for (const auto& component : status.components) {
    if (!component.is_enabled || !component.is_built) continue;
    for (const auto& each : component.verifications) {
      if (each.drill.empty() || each.state != State::overdue) continue;
      add(each.drill, fmt::format("drill {} {}", each.drill, told_overdue(each)),
          "holdfast drill " + each.drill);
    }
  }
  return found;
}

}  // namespace holdfast::engine
