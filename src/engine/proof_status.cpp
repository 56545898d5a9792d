// Reading the ledger: what was looked at, when, and what is overdue.
#include "proof_status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/component_snapshots.hpp"
#include "strategy/schedule.hpp"

namespace holdfast::engine {

using base::Result;
using catalog::VerificationOutcome;
using catalog::VerificationRecord;
using State = VerificationStatus::State;

namespace {

// What is to come after each snapshot has come after so long.
constexpr base::Duration patience_after_each = base::hours(12);

strategy::Level level_of(const VerificationRecord& record) {
  return strategy::parse_level(record.level).value_or(strategy::Level::none);
}

// Not older than this; nothing if no clock decides.
std::optional<base::Duration> expected_age(const strategy::When& when) {
  if (when.kind == strategy::WhenKind::each) return patience_after_each;
  const auto gap = strategy::longest_gap(when);
  if (!gap) return std::nullopt;
  return base::Duration{gap->nanoseconds + gap->nanoseconds / 2};
}

// How many of these snapshots failed when they were last looked at, a pass at a lower level being
// no answer to a failure at a higher one.
std::uint64_t count_damaged(const std::vector<VerificationRecord>& ledger,
                            const std::vector<const repository::SnapshotRecord*>& snapshots) {
  struct Last {
    std::optional<VerificationRecord> failed;
    bool is_mended = false;
  };
  std::map<std::string, Last> last;
  for (auto record = ledger.rbegin(); record != ledger.rend(); ++record) {  // oldest first
    auto& of = last[record->snapshot];
    if (record->outcome == VerificationOutcome::failed) {
      of = {.failed = *record, .is_mended = false};
    } else if (record->outcome == VerificationOutcome::passed && of.failed &&
               level_of(*record) >= level_of(*of.failed)) {
      of.is_mended = true;
    }
  }
  std::uint64_t damaged = 0;
  for (const auto* snapshot : snapshots) {
    const auto found = last.find(base::to_hex(snapshot->id));
    if (found != last.end() && found->second.failed && !found->second.is_mended) ++damaged;
  }
  return damaged;
}

void fill_place(const std::vector<VerificationRecord>& ledger, PlaceStatus& place) {
  auto best = strategy::Level::none;
  for (const auto& each : ledger) {
    if (each.outcome == VerificationOutcome::unknown) continue;
    place.verified_at = std::max(place.verified_at.value_or(each.at), each.at);
    const auto level = level_of(each);
    if (each.outcome != VerificationOutcome::passed || level <= best) continue;
    best = level;
    place.proved = each.level;
    place.proved_at = each.at;
  }
}

// Since when a look is awaited: since the last one, or, if there was none, since there is something
// to look at; of what comes after each snapshot, since the first one without it. What came before
// the last look is not counted: perhaps the verification was declared later.
std::optional<base::Time> due_since(const strategy::Verification& verification,
                                    const std::vector<VerificationRecord>& ledger,
                                    const std::vector<const repository::SnapshotRecord*>& snapshots,
                                    const std::optional<base::Time>& last) {
  if (snapshots.empty()) return std::nullopt;
  if (verification.when.kind != strategy::WhenKind::each) {
    return last ? last : snapshots.front()->stored_at;
  }
  for (const auto* snapshot : snapshots) {
    const auto id = base::to_hex(snapshot->id);
    const bool is_known = std::any_of(ledger.begin(), ledger.end(), [&](const auto& record) {
      return record.snapshot == id && record.outcome != VerificationOutcome::unknown &&
             level_of(record) >= verification.level;
    });
    if (!is_known && (!last || snapshot->stored_at > *last)) return snapshot->stored_at;
  }
  return std::nullopt;
}

// The worst of the newest run that looked at this level or above; nullptr if it passed, or there
// was none.
const VerificationRecord* worst_of_newest(const std::vector<VerificationRecord>& ledger,
                                          strategy::Level level) {
  const VerificationRecord* newest = nullptr;
  const VerificationRecord* worst = nullptr;
  for (const auto& record : ledger) {
    if (level_of(record) < level) continue;
    if (newest == nullptr) newest = &record;
    if (record.run != newest->run) break;
    if (record.outcome == VerificationOutcome::failed) return &record;
    if (record.outcome == VerificationOutcome::unknown) worst = &record;
  }
  return worst;
}

VerificationStatus status_of_look(const strategy::Verification& verification,
                                  const std::vector<VerificationRecord>& ledger,
                                  const std::vector<const repository::SnapshotRecord*>* snapshots,
                                  base::Time now, const PlaceStatus& place) {
  VerificationStatus made;
  made.name = verification.name;
  made.location = place.location;
  made.level = strategy::level_name(verification.level);
  made.expected = expected_age(verification.when);
  const auto last = std::find_if(ledger.begin(), ledger.end(), [&](const auto& record) {
    return level_of(record) >= verification.level && record.outcome != VerificationOutcome::unknown;
  });
  if (last != ledger.end()) {
    made.state = State::current;
    made.at = last->at;
    made.age = now - last->at;
  }
  if (snapshots == nullptr) {
    made.state = State::unknown;
    made.message = place.message;
    return made;
  }
  const auto since = due_since(verification, ledger, *snapshots, made.at);
  const auto* worst = worst_of_newest(ledger, verification.level);
  if (place.damaged > 0) {
    made.state = State::failed;
    made.message = fmt::format("{} snapshots are damaged", place.damaged);
  } else if (worst != nullptr) {
    made.state = worst->outcome == VerificationOutcome::failed ? State::failed : State::unknown;
    made.message = worst->message;
  } else if (since && made.expected && now - *since > *made.expected) {
    made.state = State::overdue;
  }
  return made;
}

DrillStatus drill_status(const DrillReport& report, const DrilledComponent& of) {
  DrillStatus made;
  made.drill = report.drill;
  made.run = report.run;
  made.outcome = drill_outcome_name(report.outcome);
  made.at = report.started;
  made.duration = of.total();
  made.is_late = report.is_late();
  made.message = report.end.message;
  return made;
}

const DrilledComponent* part_of(const DrillReport& report, const std::string& component) {
  const auto found = std::find_if(report.components.begin(), report.components.end(),
                                  [&](const auto& each) { return each.name == component; });
  return found == report.components.end() ? nullptr : &*found;
}

// `since`: when there was something to restore.
VerificationStatus status_of_drill(const strategy::Verification& verification,
                                   const std::vector<DrillReport>& drills,
                                   std::optional<base::Time> since, base::Time now) {
  VerificationStatus made;
  made.name = verification.name;
  made.level = strategy::level_name(strategy::Level::restorable);
  made.drill = verification.drill;
  made.expected = expected_age(verification.when);
  const auto last = std::find_if(drills.begin(), drills.end(), [&](const DrillReport& each) {
    return each.drill == verification.drill;
  });
  if (last != drills.end()) {
    since = last->started;
    made.message = last->end.message;
    made.state = last->outcome == DrillOutcome::passed   ? State::current
                 : last->outcome == DrillOutcome::failed ? State::failed
                                                         : State::unknown;
    if (last->outcome != DrillOutcome::unknown) {
      made.at = last->started;
      made.age = now - last->started;
    }
  }
  const bool is_overdue = since && made.expected && now - *since > *made.expected;
  if (is_overdue && made.state != State::failed) made.state = State::overdue;
  return made;
}

ComponentStatus::Objective judge_recovery(const ComponentStatus& status) {
  using Objective = ComponentStatus::Objective;
  if (!status.rto) return Objective::none;
  if (!status.last_drill || status.last_drill->outcome != "passed") return Objective::unknown;
  return status.last_drill->duration <= *status.rto ? Objective::met : Objective::missed;
}

}  // namespace

Result<void> add_proofs(const Workplace& workplace, const strategy::Component& component,
                        const repository::SnapshotList* list, base::Time now, PlaceStatus& place,
                        ComponentStatus& status) {
  const auto ledger = TRY(workplace.catalog.verifications().list(component.name, place.location));
  std::vector<const repository::SnapshotRecord*> snapshots;
  if (list != nullptr) snapshots = snapshots_of(*list, component);
  fill_place(ledger, place);
  if (!snapshots.empty()) place.oldest = snapshots.front()->summary.started;
  place.damaged = count_damaged(ledger, snapshots);
  for (const auto& verification : component.verifications) {
    if (!verification.enabled || !verification.drill.empty()) continue;
    status.verifications.push_back(
        status_of_look(verification, ledger, list == nullptr ? nullptr : &snapshots, now, place));
  }
  return {};
}

void add_drills(const strategy::Strategy& strategy, const strategy::Component& component,
                const std::vector<DrillReport>& drills_done, base::Time now,
                ComponentStatus& status) {
  for (const auto& report : drills_done) {
    const auto* part = part_of(report, component.name);
    if (part == nullptr) continue;
    status.last_drill = drill_status(report, *part);
    break;
  }
  std::optional<base::Time> since;
  for (const auto& place : status.places) {
    if (place.oldest) since = std::min(since.value_or(*place.oldest), *place.oldest);
  }
  for (const auto& verification : component.verifications) {
    const auto* drill = strategy.drill(verification.drill);
    if (!verification.enabled || drill == nullptr || !drills(*drill, component)) continue;
    status.verifications.push_back(status_of_drill(verification, drills_done, since, now));
  }
  status.recovery = judge_recovery(status);
}

}  // namespace holdfast::engine
