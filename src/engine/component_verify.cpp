// Looking location by location, and writing down what came of it.
#include "engine/component_verify.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.hpp"
#include "component_places.hpp"
#include "engine/component_snapshots.hpp"
#include "engine/place.hpp"
#include "engine/verify.hpp"
#include "evidence_body.hpp"
#include "repository/object_name.hpp"
#include "snapshot_choice.hpp"
#include "soundness.hpp"
#include "verdict.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using catalog::RunState;
using catalog::VerificationOutcome;

namespace {

// Of the ladder below a drill.
Result<Level> looking_level(strategy::Level level) {
  switch (level) {
    case strategy::Level::present: return Level::present;
    case strategy::Level::intact: return Level::intact;
    case strategy::Level::readable: return Level::readable;
    case strategy::Level::sound: return Level::sound;
    default: break;
  }
  return Error(ErrorCode::invalid_argument,
               fmt::format("looking does not prove the level {}", strategy::level_name(level)))
      .with_hint("only a drill proves restorable");
}

bool is_outage(const Error& error) {
  return error.code() != ErrorCode::damaged && error.code() != ErrorCode::not_found;
}

// What one location's look cost.
struct Cost {
  std::uint64_t bytes = 0;
  base::Duration duration;
};

class ComponentVerifier {
 public:
  ComponentVerifier(const Workplace& workplace, const VerificationRun& what,
                    const ProgressCall& progress, std::stop_token stop)
      : workplace_(workplace), what_(what), progress_(progress), stop_(std::move(stop)) {
    report_.level = what.verification->level;
  }

  Result<VerificationReport> run();

 private:
  Result<void> look_everywhere();
  Result<void> look_at(const strategy::Location& location);
  Result<std::vector<const repository::SnapshotRecord*>> choose(
      const strategy::Location& location, const repository::SnapshotList& list);
  Result<void> prove(const strategy::Location& location, repository::Repository& repository,
                     const std::vector<const repository::SnapshotRecord*>& chosen);
  Result<void> check_content(repository::Repository& repository,
                             const repository::SnapshotRecord& snapshot, Verdict& verdict);
  Result<void> record(SnapshotProof proof, const Cost& cost);
  Result<void> record_damaged(const strategy::Location& location,
                              const repository::IgnoredObject& damaged);
  Result<void> record_unknown(const strategy::Location& location, const std::string& message);
  Result<void> finish(Result<void> done);
  void note(const std::string& text);

  const Workplace& workplace_;
  const VerificationRun& what_;
  const ProgressCall& progress_;
  std::stop_token stop_;
  VerificationReport report_;
  std::uint64_t empty_places_ = 0;
};

void ComponentVerifier::note(const std::string& text) {
  // A log that can't be written must not stop a verification: the run's end will tell of the
  // catalog's trouble.
  static_cast<void>(workplace_.catalog.runs().log(report_.run, workplace_.clock.now(), text).ok());
}

Result<void> ComponentVerifier::record(SnapshotProof proof, const Cost& cost) {
  const auto now = workplace_.clock.now();
  const auto outcome = std::string(catalog::verification_outcome_name(proof.outcome));
  const auto level = std::string(strategy::level_name(report_.level));
  TRY(workplace_.catalog.verifications().add({.component = what_.component->name,
                                              .location = proof.location,
                                              .snapshot = proof.snapshot,
                                              .level = level,
                                              .outcome = proof.outcome,
                                              .at = now,
                                              .run = report_.run,
                                              .message = proof.message,
                                              .bytes = cost.bytes,
                                              .duration = cost.duration}));
  TRY(workplace_.catalog.evidence().append(
      now, "verification",
      evidence_body({{"run", report_.run},
                     {"component", what_.component->name},
                     {"verification", what_.verification->name},
                     {"location", proof.location},
                     {"snapshot", proof.snapshot},
                     {"level", level},
                     {"outcome", outcome},
                     {"message", proof.message}})));
  note(fmt::format("{} {} at {}: {}{}{}", level,
                   proof.snapshot.empty() ? "snapshots" : proof.snapshot.substr(0, 8),
                   proof.location, outcome, proof.message.empty() ? "" : ": ", proof.message));
  report_.proofs.push_back(std::move(proof));
  return {};
}

// Of what lies there nothing is known, not even which snapshots.
Result<void> ComponentVerifier::record_unknown(const strategy::Location& location,
                                               const std::string& message) {
  SnapshotProof proof;
  proof.location = location.name;
  proof.message = message;
  return record(std::move(proof), {});
}

// A snapshot whose own object can't be read doesn't say whose it is; the ledger may know.
Result<void> ComponentVerifier::record_damaged(const strategy::Location& location,
                                               const repository::IgnoredObject& damaged) {
  const auto message = damaged.name + ": " + damaged.error.to_string();
  const auto id = repository::hash_of_name(damaged.name);
  const auto ledger =
      TRY(workplace_.catalog.verifications().list(what_.component->name, location.name));
  const bool is_ours = id && std::any_of(ledger.begin(), ledger.end(), [&](const auto& record) {
                         return record.snapshot == base::to_hex(*id);
                       });
  if (!is_ours) return record_unknown(location, message);
  SnapshotProof proof;
  proof.location = location.name;
  proof.snapshot = base::to_hex(*id);
  proof.outcome =
      is_outage(damaged.error) ? VerificationOutcome::unknown : VerificationOutcome::failed;
  proof.message = message;
  return record(std::move(proof), {});
}

Result<std::vector<const repository::SnapshotRecord*>> ComponentVerifier::choose(
    const strategy::Location& location, const repository::SnapshotList& list) {
  const auto all = snapshots_of(list, *what_.component);
  std::vector<VerificationCandidate> candidates;
  for (const auto* each : all) {
    candidates.push_back({.snapshot = base::to_hex(each->id),
                          .captured = each->summary.started,
                          .looked_at = {},
                          .is_proved = false});
  }
  remember_looks(
      candidates, report_.level,
      TRY(workplace_.catalog.verifications().list(what_.component->name, location.name)));
  if (all.empty()) {
    ++empty_places_;
    note(fmt::format("there is no snapshot at {} yet", location.name));
  }
  std::vector<const repository::SnapshotRecord*> chosen;
  for (const auto& id : choose_snapshots(candidates, what_.verification->of)) {
    chosen.push_back(*std::find_if(all.begin(), all.end(),
                                   [&](const auto* each) { return base::to_hex(each->id) == id; }));
  }
  return chosen;
}

Result<void> ComponentVerifier::check_content(repository::Repository& repository,
                                              const repository::SnapshotRecord& snapshot,
                                              Verdict& verdict) {
  const auto checked = check_soundness(repository, snapshot, stop_);
  if (checked.ok()) return {};
  if (checked.error().code() == ErrorCode::cancelled) return Error(checked.error());
  verdict.outcome =
      is_outage(checked.error()) ? VerificationOutcome::unknown : VerificationOutcome::failed;
  verdict.message = checked.error().to_string();
  return {};
}

Result<void> ComponentVerifier::prove(
    const strategy::Location& location, repository::Repository& repository,
    const std::vector<const repository::SnapshotRecord*>& chosen) {
  const auto level = TRY(looking_level(report_.level));
  std::vector<std::string> names;
  for (const auto* each : chosen) names.push_back(base::to_hex(each->id));
  const auto began = workplace_.clock.monotonic();
  const auto looked = TRY(verify_snapshots(repository, level, names, progress_, stop_));
  auto verdicts = TRY(judge_findings(repository, looked, chosen, stop_));
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    auto& verdict = verdicts.of[i];
    if (level != Level::sound || verdict.outcome != VerificationOutcome::passed) continue;
    TRY(check_content(repository, *chosen[i], verdict));
  }
  report_.bytes_read += looked.bytes_read;
  for (const auto& each : verdicts.beside) {
    ++report_.end.warning_count;
    note(fmt::format("warning: {}: {}", location.name, each));
  }
  // What several need was read once: each bears its share.
  const auto share = static_cast<std::int64_t>(chosen.size());
  const Cost cost{.bytes = looked.bytes_read / chosen.size(),
                  .duration = {(workplace_.clock.monotonic() - began).nanoseconds / share}};
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    TRY(record({.location = location.name,
                .snapshot = names[i],
                .captured = chosen[i]->summary.started,
                .outcome = verdicts.of[i].outcome,
                .message = verdicts.of[i].message,
                .paths = verdicts.of[i].paths},
               cost));
  }
  return {};
}

// What keeps us from looking at this location is recorded and ends nothing.
Result<void> ComponentVerifier::look_at(const strategy::Location& location) {
  const auto place = open_place(workplace_, location);
  if (!place.ok()) return record_unknown(location, place.error().to_string());
  auto& repository = place.value()->repository();
  const auto list = repository::list_snapshots(repository);
  if (!list.ok()) return record_unknown(location, list.error().to_string());
  for (const auto& damaged : list.value().damaged) TRY(record_damaged(location, damaged));
  const auto chosen = TRY(choose(location, list.value()));
  if (chosen.empty()) return {};
  const auto looked = prove(location, repository, chosen);
  if (looked.ok() || looked.error().code() == ErrorCode::cancelled) return looked;
  for (const auto* each : chosen) {
    TRY(record({.location = location.name,
                .snapshot = base::to_hex(each->id),
                .captured = each->summary.started,
                .outcome = is_outage(looked.error()) ? VerificationOutcome::unknown
                                                     : VerificationOutcome::failed,
                .message = looked.error().to_string(),
                .paths = {}},
               {}));
  }
  return {};
}

Result<void> ComponentVerifier::look_everywhere() {
  const auto places = places_of(workplace_.strategy, *what_.component, what_.location);
  if (places.empty()) {
    return Error(ErrorCode::unsupported, "none of its locations is a repository")
        .with_hint("mirrors aren't built yet");
  }
  for (const auto* location : places) {
    if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    TRY(look_at(*location));
  }
  return {};
}

Result<void> ComponentVerifier::finish(Result<void> done) {
  auto& end = report_.end;
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  for (const auto& proof : report_.proofs) {
    if (proof.outcome == VerificationOutcome::failed) ++failed;
    if (proof.outcome == VerificationOutcome::unknown) ++unknown;
  }
  end.warning_count += unknown;
  report_.outcome = VerificationOutcome::passed;
  end.state = RunState::succeeded;
  if (failed > 0) {
    report_.outcome = VerificationOutcome::failed;
    end.state = RunState::failed;
    end.message = fmt::format("{} of {} snapshots failed", failed, report_.proofs.size());
  } else if (unknown > 0) {
    report_.outcome = VerificationOutcome::unknown;
    end.message = fmt::format("{} could not be verified", unknown);
  } else if (report_.proofs.empty() && empty_places_ > 0) {
    report_.outcome = VerificationOutcome::unknown;
    end.message = "there is no snapshot to verify yet";
    ++end.warning_count;
  }
  if (failed == 0 && end.warning_count > 0) end.state = RunState::warnings;
  if (!done.ok()) {
    const bool is_cancelled = done.error().code() == ErrorCode::cancelled;
    if (failed == 0) {
      report_.outcome = VerificationOutcome::unknown;
      end.state = is_cancelled ? RunState::cancelled : RunState::warnings;
    }
    end.message += (end.message.empty() ? "" : "; ") + done.error().to_string();
    note(done.error().to_string());
  }
  end.bytes_read = report_.bytes_read;
  end.ended = workplace_.clock.now();
  return workplace_.catalog.runs().end(report_.run, end);
}

Result<VerificationReport> ComponentVerifier::run() {
  report_.run = TRY(workplace_.catalog.runs().begin({.kind = catalog::RunKind::verify,
                                                     .component = what_.component->name,
                                                     .plan = what_.verification->name,
                                                     .reason = what_.reason,
                                                     .slot = what_.slot,
                                                     .started = workplace_.clock.now()},
                                                    workplace_.random));
  if (what_.began) what_.began(report_.run);
  TRY(finish(look_everywhere()));
  return std::move(report_);
}

VerificationOutcome outcome_of(DrillOutcome outcome) {
  switch (outcome) {
    case DrillOutcome::passed: return VerificationOutcome::passed;
    case DrillOutcome::failed: return VerificationOutcome::failed;
    case DrillOutcome::unknown: break;
  }
  return VerificationOutcome::unknown;
}

// The run that another component's verification has begun for the same slot.
Result<std::optional<catalog::RunRecord>> served_already(const Workplace& workplace,
                                                         const VerificationRun& what) {
  constexpr std::uint64_t looked_through = 50;
  if (!what.slot) return std::nullopt;
  const auto runs = TRY(workplace.catalog.runs().list({.component = {},
                                                       .plan = what.verification->drill,
                                                       .kind = catalog::RunKind::drill,
                                                       .state = {},
                                                       .limit = looked_through}));
  for (const auto& run : runs) {
    const bool counts =
        run.end.state != RunState::interrupted && run.end.state != RunState::cancelled;
    if (counts && run.start.slot == what.slot) return run;
  }
  return std::nullopt;
}

Result<VerificationReport> verify_by_drill(const Workplace& workplace, const VerificationRun& what,
                                           const ProgressCall& progress, std::stop_token stop) {
  VerificationReport report;
  report.level = strategy::Level::restorable;
  report.end.ended = workplace.clock.now();
  const auto* drill = workplace.strategy.drill(what.verification->drill);
  if (drill == nullptr) {
    return Error(ErrorCode::not_found,
                 fmt::format("there is no drill '{}'", what.verification->drill));
  }
  if (!drills(*drill, *what.component)) {
    report.outcome = VerificationOutcome::passed;
    report.end.message = fmt::format("drill {} does not restore it", drill->name);
    return report;
  }
  if (const auto served = TRY(served_already(workplace, what))) {
    report.run = served->id;
    report.end = served->end;
    const auto last = TRY(last_drill(workplace, drill->name));
    if (last && last->run == served->id) {
      report.outcome = outcome_of(last->outcome);
      report.drill = last;
    }
    return report;
  }
  report.drill = TRY(run_drill(workplace, *drill,
                               {.reason = what.reason, .slot = what.slot, .began = what.began},
                               progress, std::move(stop)));
  report.run = report.drill->run;
  report.end = report.drill->end;
  report.outcome = outcome_of(report.drill->outcome);
  return report;
}

}  // namespace

Result<VerificationReport> verify_component(const Workplace& workplace, const VerificationRun& what,
                                            const ProgressCall& progress, std::stop_token stop) {
  if (!what.verification->drill.empty()) {
    return verify_by_drill(workplace, what, progress, std::move(stop));
  }
  return ComponentVerifier(workplace, what, progress, std::move(stop)).run();
}

}  // namespace holdfast::engine
