// Each kind of finding, one function.
#include "engine/findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <set>

#include "base/units.hpp"
#include "proof_findings.hpp"
#include "strategy/schedule.hpp"
#include "strategy/when.hpp"

namespace holdfast::engine {

using base::Result;
using catalog::FindingRecord;
using catalog::RunState;
using strategy::Finding;

namespace {

constexpr std::array known_kinds{"failed",    "missing", "size",  "storage", "verification",
                                 "objective", "upload",  "drill", "gap"};
constexpr double storage_above_default = 80;
constexpr double size_below_default = 50;
constexpr double size_above_default = 200;
// The size of fewer snapshots than this says nothing about the next.
constexpr std::size_t sizes_min = 3;
constexpr std::size_t sizes_max = 10;

const strategy::Alert* alert_of(const strategy::Strategy& strategy, std::string_view kind) {
  for (const auto& alert : strategy.alerts) {
    if (strategy::finding_name(alert.finding) == kind) return &alert;
  }
  return nullptr;
}

class Finder {
 public:
  Finder(const Workplace& workplace, const Sight& sight)
      : workplace_(workplace), strategy_(workplace.strategy), sight_(sight) {}

  Result<std::vector<FindingRecord>> all() {
    for (const auto& status : sight_.status.components) {
      const auto* component = strategy_.component(status.name);
      if (component == nullptr || !status.is_enabled || !status.is_built) continue;
      TRY(add_runs(*component));
      TRY(add_missing(*component, status));
      add_objective(status);
      add_gaps(status);
      add_all(TRY(verification_findings(workplace_, status, sight_.status.at)));
    }
    add_all(TRY(drill_findings(workplace_, sight_.status)));
    add_storage();
    TRY(add_uploads());
    return std::move(found_);
  }

 private:
  FindingRecord& add(std::string_view kind, std::string message, std::string advice) {
    FindingRecord record;
    record.kind = kind;
    record.severity = severity_of(strategy_, kind);
    record.message = std::move(message);
    record.advice = std::move(advice);
    record.opened = sight_.status.at;
    return found_.emplace_back(std::move(record));
  }

  Result<void> add_runs(const strategy::Component& component);
  void add_size(const strategy::Component& component, const strategy::Plan& plan,
                const std::vector<catalog::RunRecord>& runs);
  Result<void> add_missing(const strategy::Component& component, const ComponentStatus& status);
  void add_objective(const ComponentStatus& status);
  void add_gaps(const ComponentStatus& status);
  void add_all(std::vector<FindingRecord> records) {
    std::move(records.begin(), records.end(), std::back_inserter(found_));
  }
  void add_storage();
  Result<void> add_uploads();

  const Workplace& workplace_;
  const strategy::Strategy& strategy_;
  const Sight& sight_;
  std::vector<FindingRecord> found_;
};

// The newest runs of a plan in such states, newest first.
Result<std::vector<catalog::RunRecord>> newest_runs(catalog::Runs& runs,
                                                    const strategy::Component& component,
                                                    const strategy::Plan& plan,
                                                    const std::vector<std::string>& plans,
                                                    const std::vector<RunState>& states,
                                                    std::uint64_t limit) {
  const auto kind = plan.copy_of.empty() ? catalog::RunKind::backup : catalog::RunKind::copy;
  std::vector<catalog::RunRecord> own;
  for (const auto& each : plans) {
    const auto served = catalog::split_plans(each);
    if (std::find(served.begin(), served.end(), plan.name) == served.end()) continue;
    for (const auto state : states) {
      auto newest = TRY(runs.list({.component = component.name,
                                   .plan = each,
                                   .kind = kind,
                                   .state = state,
                                   .limit = limit}));
      std::move(newest.begin(), newest.end(), std::back_inserter(own));
    }
  }
  std::stable_sort(own.begin(), own.end(),
                   [](const auto& a, const auto& b) { return a.start.started > b.start.started; });
  return own;
}

Result<void> Finder::add_runs(const strategy::Component& component) {
  auto& runs = workplace_.catalog.runs();
  const auto plans = TRY(runs.plans_of(component.name));
  for (const auto& plan : component.plans) {
    // One that was cancelled or interrupted proves nothing either way.
    const auto judged =
        TRY(newest_runs(runs, component, plan, plans,
                        {RunState::succeeded, RunState::warnings, RunState::failed}, 1));
    if (judged.empty()) continue;
    const auto& last = judged.front();
    if (last.end.state == RunState::failed) {
      auto& made = add("failed",
                       fmt::format("{}/{} failed: {}", component.name, plan.name, last.end.message),
                       "holdfast runs log " + last.id);
      made.component = component.name;
      made.plan = plan.name;
    }
    add_size(component, plan,
             TRY(newest_runs(runs, component, plan, plans,
                             {RunState::succeeded, RunState::warnings}, sizes_max + 1)));
  }
  return {};
}

// `runs`: of this plan that ended well, newest first.
void Finder::add_size(const strategy::Component& component, const strategy::Plan& plan,
                      const std::vector<catalog::RunRecord>& runs) {
  std::vector<std::uint64_t> sizes;
  for (const auto& run : runs) {
    if (run.start.kind == catalog::RunKind::backup) {
      sizes.push_back(run.end.size);
    }
    if (sizes.size() > sizes_max) break;
  }
  if (sizes.size() <= sizes_min) return;
  const auto newest = static_cast<double>(sizes.front());
  std::sort(sizes.begin() + 1, sizes.end());
  const auto usual = static_cast<double>(sizes[1 + (sizes.size() - 1) / 2]);
  const auto* alert = alert_of(strategy_, "size");
  const auto below =
      alert != nullptr ? alert->below_percent.value_or(size_below_default) : size_below_default;
  const auto above =
      alert != nullptr ? alert->above_percent.value_or(size_above_default) : size_above_default;
  if (usual == 0 || (newest >= usual * below / 100 && newest <= usual * above / 100)) return;
  auto& made = add(
      "size",
      fmt::format("the newest snapshot of {}/{} holds {}, the ones before it usually {}",
                  component.name, plan.name, base::format_size(static_cast<std::uint64_t>(newest)),
                  base::format_size(static_cast<std::uint64_t>(usual))),
      "compare it with the one before (holdfast snapshot diff); nothing of this component "
      "expires meanwhile");
  made.component = component.name;
  made.plan = plan.name;
}

// Whether the clock or a log drives a plan that goes there: only then can something be missing.
bool is_driven(const strategy::Component& component, const std::string& location) {
  return std::any_of(component.plans.begin(), component.plans.end(), [&](const auto& plan) {
    const bool by_itself = plan.when.is_timed() || plan.when.kind == strategy::WhenKind::continuous;
    return plan.enabled && by_itself && plan.destination(location) != nullptr;
  });
}

Result<void> Finder::add_missing(const strategy::Component& component,
                                 const ComponentStatus& status) {
  const auto* alert = alert_of(strategy_, "missing");
  for (const auto& place : status.places) {
    if (!is_driven(component, place.location)) continue;
    auto expected = place.expected;
    if (alert != nullptr && alert->after) expected = alert->after;
    if (!expected || place.state == PlaceStatus::State::unknown) continue;
    std::string message;
    if (place.age && *place.age > *expected) {
      message = fmt::format(
          "the newest recovery point of {} at {} is {} old, and should be at "
          "most {}",
          component.name, place.location, base::format_duration(*place.age),
          strategy::describe(*expected));
    } else if (!place.newest) {
      // A strategy that has only just begun owes nothing yet.
      bool is_due = false;
      for (const auto& plan : component.plans) {
        if (!plan.enabled || plan.destination(place.location) == nullptr) continue;
        const auto slot = TRY(workplace_.catalog.slots().get(component.name, plan.name));
        is_due |= slot && sight_.status.at - slot->first_seen > *expected;
      }
      if (!is_due) continue;
      message = fmt::format("{} has no recovery point at {}", component.name, place.location);
    }
    if (message.empty()) continue;
    auto& made = add("missing", std::move(message),
                     fmt::format("holdfast runs list --component {}", component.name));
    made.component = component.name;
    made.location = place.location;
  }
  return {};
}

void Finder::add_gaps(const ComponentStatus& status) {
  for (const auto& place : status.places) {
    if (place.log != PlaceStatus::Log::broken) continue;
    auto& made =
        add("gap",
            fmt::format("the log of {} at {} has a gap{}: nothing leads beyond it", status.name,
                        place.location,
                        place.log_end ? " after " + base::format_utc(place.log_end->at) : ""),
            "a new base backup closes the window: holdfast backup " + status.name);
    made.component = status.name;
    made.location = place.location;
  }
}

void Finder::add_objective(const ComponentStatus& status) {
  using Objective = ComponentStatus::Objective;
  if (status.objective != Objective::missed && status.objective != Objective::unknown) return;
  auto& made = add("objective",
                   fmt::format("the recovery point objective of {} ({}) is {}", status.name,
                               strategy::describe(*status.rpo), objective_name(status.objective)),
                   "holdfast status shows its recovery points");
  made.component = status.name;
}

void Finder::add_storage() {
  const auto* alert = alert_of(strategy_, "storage");
  for (const auto& use : sight_.uses) {
    const auto percent = use.percent();
    const auto* location = strategy_.location(use.location);
    if (!percent || location == nullptr) continue;
    auto above = alert != nullptr ? alert->above_percent.value_or(storage_above_default)
                                  : storage_above_default;
    if (location->warn_percent) above = *location->warn_percent;
    if (*percent <= above) continue;
    auto& made = add("storage",
                     fmt::format("location {} is {:.0f}% full, more than {:.0f}%", use.location,
                                 *percent, above),
                     "give it more room, keep less, or let maintenance prune");
    made.location = use.location;
  }
}

Result<void> Finder::add_uploads() {
  const auto waiting = TRY(workplace_.catalog.copies().waiting());
  std::set<std::pair<std::string, std::string>> told;
  for (const auto& copy : waiting) {
    if (!told.insert({copy.component, copy.location}).second) continue;
    auto& made = add("upload",
                     fmt::format("{} waits for {} since {}: {}", copy.location, copy.component,
                                 base::format_utc(copy.changed), copy.message),
                     "mount or reach the location; the copy is caught up by itself");
    made.component = copy.component;
    made.location = copy.location;
  }
  return {};
}

}  // namespace

std::string severity_of(const strategy::Strategy& strategy, std::string_view kind) {
  if (const auto* alert = alert_of(strategy, kind)) return alert->severity;
  const bool is_mild = kind == "size" || kind == "storage" || kind == "upload";
  return is_mild ? "medium" : "high";
}

Result<std::vector<FindingRecord>> find(const Workplace& workplace, const Sight& sight) {
  return Finder(workplace, sight).all();
}

namespace {

// What is open of a location that nobody could see stays open.
bool is_unseen(const FindingRecord& record, const Sight& sight) {
  if (record.kind == "storage") {
    return std::none_of(sight.uses.begin(), sight.uses.end(), [&](const LocationUse& use) {
      return use.location == record.location && use.percent();
    });
  }
  if (record.kind != "missing" && record.kind != "gap") return false;
  for (const auto& component : sight.status.components) {
    if (component.name != record.component) continue;
    for (const auto& place : component.places) {
      if (place.location == record.location) return place.state == PlaceStatus::State::unknown;
    }
  }
  return false;
}

}  // namespace

Result<std::vector<FindingRecord>> record_findings(const Workplace& workplace,
                                                   const std::vector<FindingRecord>& found,
                                                   const Sight& sight) {
  auto& findings = workplace.catalog.findings();
  std::vector<FindingRecord> opened;
  std::set<std::string> present;
  for (const auto& record : found) {
    present.insert(record.key());
    if (TRY(findings.open(record)) == catalog::Findings::Opened::now) opened.push_back(record);
  }
  const auto open = TRY(findings.list_open());
  for (const auto& record : open) {
    const bool is_known =
        std::find(known_kinds.begin(), known_kinds.end(), record.kind) != known_kinds.end();
    if (!is_known || present.contains(record.key())) continue;
    if (is_unseen(record, sight)) continue;
    TRY(findings.close(record.key(), sight.status.at));
  }
  return opened;
}

}  // namespace holdfast::engine
