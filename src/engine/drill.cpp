// The steps of a drill, and their record.
#include "engine/drill.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.hpp"
#include "drill_checks.hpp"
#include "drill_instant.hpp"
#include "drill_record.hpp"
#include "engine/component_restore.hpp"
#include "engine/source_paths.hpp"
#include "hook.hpp"
#include "postgres_drill.hpp"
#include "sandbox.hpp"
#include "wire/postgres_messages.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using catalog::RunState;

namespace {

class DrillRunner {
 public:
  DrillRunner(const Workplace& workplace, const strategy::Drill& drill, const DrillOptions& options,
              const ProgressCall& progress, std::stop_token stop)
      : workplace_(workplace),
        drill_(drill),
        options_(options),
        progress_(progress),
        stop_(std::move(stop)) {
    report_.drill = drill.name;
    report_.into = drill.in;
    report_.within = drill.within;
  }

  Result<DrillReport> run();

 private:
  void choose_components();
  Result<void> yield_to_earlier();
  Result<void> work();
  Result<std::string> make_folder();
  void restore_all(const std::string& folder);
  void restore_one(const strategy::Component& component, const std::string& folder);
  void raise_servers(const std::string& folder);
  void raise_server(RestoredFolder& restored, const std::string& folder);
  void check_pages();
  void put_down_servers();
  void serve(std::string strategy::Service::* command);
  void check_all(const std::string& folder);
  void clean_up();
  Result<void> finish(Result<void> done);
  DrilledComponent& drilled(const std::string& name);
  void note(const std::string& text);
  [[nodiscard]] base::Duration now() const { return workplace_.clock.monotonic(); }
  [[nodiscard]] std::string names() const;

  const Workplace& workplace_;
  const strategy::Drill& drill_;
  const DrillOptions& options_;
  const ProgressCall& progress_;
  std::stop_token stop_;
  DrillReport report_;
  std::vector<const strategy::Component*> components_;  // those that can be restored
  std::vector<RestoredFolder> restored_;
  std::vector<std::unique_ptr<PostgresDrill>> servers_;
  std::unique_ptr<Sandbox> sandbox_;
};

void DrillRunner::note(const std::string& text) {
  // A log that can't be written must not stop a drill; its end will tell of the catalog's trouble.
  static_cast<void>(workplace_.catalog.runs().log(report_.run, workplace_.clock.now(), text).ok());
}

std::string DrillRunner::names() const {
  std::string text;
  for (const auto& component : workplace_.strategy.components) {
    if (drills(drill_, component)) text += (text.empty() ? "" : ", ") + component.name;
  }
  return text;
}

DrilledComponent& DrillRunner::drilled(const std::string& name) {
  for (auto& each : report_.components) {
    if (each.name == name) return each;
  }
  auto& made = report_.components.emplace_back();
  made.name = name;
  return made;
}

// What `all` can't restore yet is told; what the drill names by itself and can't is unknown.
void DrillRunner::choose_components() {
  for (const auto& component : workplace_.strategy.components) {
    if (!drills(drill_, component)) continue;
    std::string why;
    if (!component.enabled) {
      why = "is switched off";
    } else if (strategy::is_built(component.kind) == strategy::Built::not_yet) {
      why = fmt::format("is of the kind {}, which can't be restored yet",
                        strategy::component_kind_name(component.kind));
    }
    if (why.empty()) {
      components_.push_back(&component);
      drilled(component.name);
      continue;
    }
    note(component.name + " " + why);
    if (drill_.all) {
      report_.notes.push_back(component.name + " " + why);
    } else {
      drilled(component.name).message = why;
    }
  }
}

// Of two that began for the same slot, the one with the smaller id goes on.
Result<void> DrillRunner::yield_to_earlier() {
  if (!options_.slot) return {};
  const auto others = TRY(workplace_.catalog.runs().list({.component = {},
                                                          .plan = drill_.name,
                                                          .kind = catalog::RunKind::drill,
                                                          .state = RunState::running,
                                                          .limit = 50}));
  for (const auto& other : others) {
    if (other.start.slot == options_.slot && other.id < report_.run) {
      return Error(ErrorCode::cancelled, "it is carried out as run " + other.id);
    }
  }
  return {};
}

Result<std::string> DrillRunner::make_folder() {
  if (drill_.in == "sandbox") {
    sandbox_ = TRY(Sandbox::make(workplace_.state_directory + "/sandbox", report_.run));
    return sandbox_->path();
  }
  const auto& targets = workplace_.strategy.targets;
  const auto target = std::find_if(targets.begin(), targets.end(),
                                   [&](const auto& each) { return each.name == drill_.in; });
  if (target == targets.end()) {
    return Error(ErrorCode::not_found, fmt::format("there is no target '{}'", drill_.in));
  }
  if (!target->host.empty() && target->host != workplace_.host) {
    return Error(ErrorCode::unsupported, fmt::format("target {} is on {}, and this is {}",
                                                     target->name, target->host, workplace_.host))
        .with_hint("carry out the drill there");
  }
  if (target->path.empty()) {
    return Error(ErrorCode::unsupported,
                 fmt::format("target {} is no folder, and servers can't be restored to yet",
                             target->name))
        .with_hint("give the target a path");
  }
  return prepare_target(absolute_path(workplace_.strategy, target->path), drill_.name);
}

void DrillRunner::restore_one(const strategy::Component& component, const std::string& folder) {
  auto& one = drilled(component.name);
  ComponentRestoreOptions options;
  options.at.kind = RecoveryTarget::Kind::latest;
  if (report_.instant) options.at = {.kind = RecoveryTarget::Kind::time, .time = *report_.instant};
  options.from = drill_.from;
  options.files.target = folder + "/" + component.name;
  if (component.kind == strategy::ComponentKind::postgres) {
    options.files.target += fmt::format("/{}", postgres_restored_folder);
  }
  const auto began = now();
  const auto restored = restore_component(workplace_, component, options, progress_, stop_);
  one.fetch = now() - began;
  if (!restored.ok()) {
    const auto& error = restored.error();
    // Proved absence is a failed drill: nothing could be recovered. An outage proves nothing.
    const bool is_answer =
        error.code() == ErrorCode::damaged || error.code() == ErrorCode::not_found;
    one.outcome = is_answer ? DrillOutcome::failed : DrillOutcome::unknown;
    one.message = error.to_string();
  } else {
    const auto& came = restored.value();
    const auto& totals = came.restored.files.totals;
    if (came.recovered) {
      note(fmt::format("{}: the log leads to {}{}", component.name,
                       wire::format_lsn(came.recovered->position),
                       came.recovered->last_commit.nanoseconds == 0
                           ? std::string()
                           : ", last commit " + base::format_utc(came.recovered->last_commit)));
    }
    one.location = came.location;
    one.captured = came.captured;
    one.snapshot = base::to_hex(came.restored.snapshot);
    one.files = totals.files;
    one.bytes = totals.bytes;
    one.outcome = DrillOutcome::passed;
    if (came.restored.files.damaged || totals.failures > 0) {
      one.outcome = came.restored.files.damaged ? DrillOutcome::failed : DrillOutcome::unknown;
      one.message = fmt::format("{} files could not be restored", totals.failures);
      if (!came.restored.files.failures.empty()) {
        const auto& first = came.restored.files.failures.front();
        one.message += fmt::format(": {}: {}", base::printable(first.path), first.message);
      }
    }
    restored_.push_back({.component = &component,
                         .folder = options.files.target,
                         .location = one.location,
                         .snapshot = one.snapshot,
                         .postgres = nullptr});
  }
  note(fmt::format("restored {}{}{}: {} in {}{}{}", component.name,
                   one.location.empty() ? "" : " from ", one.location,
                   drill_outcome_name(one.outcome), base::format_duration(one.fetch),
                   one.message.empty() ? "" : ": ", one.message));
}

void DrillRunner::restore_all(const std::string& folder) {
  for (const auto* component : components_) {
    if (stop_.stop_requested()) return;
    restore_one(*component, folder);
    report_.fetch = report_.fetch + drilled(component->name).fetch;
  }
}

void DrillRunner::raise_server(RestoredFolder& restored, const std::string& folder) {
  const auto& component = *restored.component;
  auto& one = drilled(component.name);
  const auto began = now();
  auto begun = PostgresDrill::begin(workplace_, component, folder + "/" + component.name, stop_);
  if (!begun.ok()) {
    const auto& error = begun.error();
    one.start = now() - began;
    // That it is no cluster is an answer; that this machine has no server for it is none.
    one.outcome = error.code() == ErrorCode::damaged ? DrillOutcome::failed : DrillOutcome::unknown;
    one.message = error.to_string() + (error.hint().empty() ? "" : " (" + error.hint() + ")");
    note(fmt::format("no server of {}: {}", component.name, one.message));
  } else {
    auto& server = *servers_.emplace_back(std::move(begun).value());
    restored.postgres = &server;
    restored.folder = server.restored();
    one.replay = server.timings().replay;
    // Giving it its folder, and looking for programs, included.
    one.start = now() - began - one.replay;
    note(fmt::format("the server of {} runs: started in {}, recovered or loaded in {}",
                     component.name, base::format_duration(one.start),
                     base::format_duration(one.replay)));
  }
  report_.start = report_.start + one.start;
  report_.replay = report_.replay + one.replay;
}

// Where a service starts a server on what was restored, ours would be in its way.
void DrillRunner::raise_servers(const std::string& folder) {
  for (auto& restored : restored_) {
    const auto& component = *restored.component;
    if (component.kind != strategy::ComponentKind::postgres || stop_.stop_requested()) continue;
    if (drilled(component.name).outcome != DrillOutcome::passed) continue;
    if (sandbox_ == nullptr && !component.service.start.empty()) continue;
    raise_server(restored, folder);
  }
}

// Besides what the strategy expects, and not part of the time that a recovery takes.
void DrillRunner::check_pages() {
  for (const auto& restored : restored_) {
    if (restored.postgres == nullptr || stop_.stop_requested()) continue;
    const auto& name = restored.component->name;
    const auto began = now();
    const auto found = restored.postgres->check_pages(stop_);
    if (!found.ok() && found.error().code() == ErrorCode::not_found) {
      note(
          fmt::format("{}: indexes and pages were not checked: {}", name, found.error().message()));
      report_.notes.push_back(
          fmt::format("{}: {}: indexes and pages were not checked", name, found.error().message()));
      continue;
    }
    DrillCheck check{
        .kind = "amcheck",
        .on = name,
        .text = "every index and table",
        .message = found.ok() ? found.value().answer.message : found.error().to_string(),
        .duration = now() - began,
        .confirmed_by = {},
        .confirmed_at = {}};
    if (found.ok()) check.outcome = found.value().answer.outcome;
    note(fmt::format("amcheck of {}: {}: {}", name, drill_outcome_name(check.outcome),
                     check.message));
    report_.checks.push_back(std::move(check));
  }
}

// In a target the data directory stays, and is to be one that starts.
void DrillRunner::put_down_servers() {
  for (auto& server : servers_) {
    if (sandbox_ != nullptr) continue;
    const auto done = server->shut_down({});
    if (!done.ok()) report_.notes.push_back("a scratch server: " + done.error().to_string());
  }
  for (auto& restored : restored_) restored.postgres = nullptr;
  servers_.clear();
}

// Around restores into a target. A service that doesn't stop or start leaves the drill unknown.
void DrillRunner::serve(std::string strategy::Service::* command) {
  if (sandbox_ != nullptr) return;
  for (const auto* component : components_) {
    const auto& line = component->service.*command;
    if (line.empty()) continue;
    auto& one = drilled(component->name);
    const auto began = now();
    // Started again whatever came of it, also after an interruption.
    const bool is_start = command == &strategy::Service::start;
    const auto ran = run_hooks(workplace_, {line},
                               {.component = component->name,
                                .plan = drill_.name,
                                .run = report_.run,
                                .state = "running",
                                .snapshot = one.snapshot},
                               is_start ? std::stop_token() : stop_);
    const auto took = now() - began;
    one.service = one.service + took;
    report_.service = report_.service + took;
    if (ran.ok()) continue;
    if (one.outcome == DrillOutcome::passed) one.outcome = DrillOutcome::unknown;
    one.message += (one.message.empty() ? "" : "; ") + ran.error().to_string();
  }
}

void DrillRunner::check_all(const std::string& folder) {
  const DrillScene scene{.workplace = workplace_,
                         .drill = drill_.name,
                         .run = report_.run,
                         .folder = folder,
                         .restored = restored_};
  for (const auto& expected : drill_.expect) {
    auto check = check_expectation(scene, expected, stop_);
    report_.check = report_.check + check.duration;
    const auto* component = workplace_.strategy.component(check.on);
    if (component != nullptr) {
      auto& one = drilled(workplace_.strategy.protector(*component).name);
      one.check = one.check + check.duration;
    }
    report_.checks.push_back(std::move(check));
  }
}

Result<void> DrillRunner::work() {
  choose_components();
  TRY(yield_to_earlier());
  const auto folder = TRY(make_folder());
  const auto began = now();
  report_.instant = TRY(choose_instant(workplace_, drill_, components_));
  if (report_.instant) note("to the instant " + base::format_utc(*report_.instant));
  serve(&strategy::Service::stop);
  restore_all(folder);
  raise_servers(folder);
  serve(&strategy::Service::start);
  check_all(folder);
  report_.total = now() - began;
  check_pages();
  if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
  return {};
}

// What was restored may be secret: nothing of it stays.
void DrillRunner::clean_up() {
  put_down_servers();
  if (sandbox_ == nullptr) return;
  const auto removed = sandbox_->remove();
  if (removed.ok()) return;
  report_.notes.push_back("the sandbox could not be removed: " + removed.error().to_string());
  note("warning: " + report_.notes.back());
}

Result<void> DrillRunner::finish(Result<void> done) {
  judge_drill(report_);
  auto& end = report_.end;
  if (!done.ok()) {
    if (report_.outcome == DrillOutcome::passed) report_.outcome = DrillOutcome::unknown;
    const bool is_cancelled = done.error().code() == ErrorCode::cancelled;
    if (is_cancelled) end.state = RunState::cancelled;
    end.message = done.error().to_string();
    note(end.message);
  }
  end.ended = workplace_.clock.now();
  TRY(workplace_.catalog.evidence().append(end.ended, drill_evidence_kind, encode_drill(report_)));
  TRY(record_proofs(workplace_, report_));
  return workplace_.catalog.runs().end(report_.run, end);
}

Result<DrillReport> DrillRunner::run() {
  report_.started = workplace_.clock.now();
  report_.run = TRY(workplace_.catalog.runs().begin({.kind = catalog::RunKind::drill,
                                                     .component = names(),
                                                     .plan = drill_.name,
                                                     .reason = options_.reason,
                                                     .slot = options_.slot,
                                                     .started = report_.started},
                                                    workplace_.random));
  if (options_.began) options_.began(report_.run);
  auto done = work();
  clean_up();
  TRY(finish(std::move(done)));
  return std::move(report_);
}

}  // namespace

Result<DrillReport> run_drill(const Workplace& workplace, const strategy::Drill& drill,
                              const DrillOptions& options, const ProgressCall& progress,
                              std::stop_token stop) {
  return DrillRunner(workplace, drill, options, progress, std::move(stop)).run();
}

bool drills(const strategy::Drill& drill, const strategy::Component& component) {
  if (component.kind == strategy::ComponentKind::part) return false;
  return drill.all || std::find(drill.restore.begin(), drill.restore.end(), component.name) !=
                          drill.restore.end();
}

}  // namespace holdfast::engine
