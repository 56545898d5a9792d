// The steps of a run, and their record.
#include "engine/plan_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/units.hpp"
#include "component_capture.hpp"
#include "engine/component_snapshots.hpp"
#include "engine/copy.hpp"
#include "engine/expiry.hpp"
#include "engine/export.hpp"
#include "engine/place.hpp"
#include "engine/retry_pause.hpp"
#include "engine/waiting_copy.hpp"
#include "evidence_body.hpp"
#include "git_component.hpp"
#include "hook.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using catalog::RunState;

namespace {

constexpr std::size_t warnings_max = 1'000;

// Whether another location may still take what this one did not. An outage may be the source's.
bool is_trouble_of_location(const Error& error, repository::Repository& repository) {
  return error.code() == ErrorCode::no_space ||
         (error.code() == ErrorCode::unavailable && !repository.storage_now().ok());
}

// Makes a snapshot one of these plans' where it lies.
Result<void> claim(repository::Repository& repository, const repository::ObjectHash& id,
                   const std::vector<std::string>& names) {
  const auto list = TRY(repository::list_snapshots(repository));
  const auto record = TRY(repository::choose_snapshot(list, base::to_hex(id)));
  auto plans = plans_of(record);
  bool is_new = false;
  for (const auto& name : names) {
    if (std::find(plans.begin(), plans.end(), name) != plans.end()) continue;
    plans.push_back(name);
    is_new = true;
  }
  if (!is_new) return {};
  return repository::write_note(repository, id, repository::NoteAction::tag, plan_tag,
                                join_plans(plans));
}

class PlanRunner {
 public:
  PlanRunner(const Workplace& workplace, const PlanRun& what, const ProgressCall& progress,
             std::stop_token stop)
      : workplace_(workplace), what_(what), progress_(progress), stop_(std::move(stop)) {}

  Result<PlanRunReport> run();

 private:
  // Where the snapshot comes to, and for which plans.
  struct Target {
    const strategy::Location* location;
    std::vector<std::string> plans;
  };

  Result<void> work();
  void find_targets();
  Result<void> store();
  Result<void> push_all();
  void push_to(const strategy::Location& location);
  Result<void> make_snapshot();
  Result<void> find_original();
  void copy_to(const Target& target);
  void expire_at(const Target& target, Location& place, PlaceOutcome& outcome);
  void write_exports();
  Result<void> record_copies();
  Result<void> finish(Result<void> done);
  void note(const std::string& text);
  void warn(const std::string& text);
  [[nodiscard]] std::string plan_names() const;
  [[nodiscard]] repository::Tags tags(const Target& target) const;
  [[nodiscard]] bool is_copy() const { return !what_.plans.front()->copy_of.empty(); }
  PlaceOutcome& outcome_of(const strategy::Location& location);
  PlaceOutcome& outcome_of(const Target& target) { return outcome_of(*target.location); }

  const Workplace& workplace_;
  const PlanRun& what_;
  const ProgressCall& progress_;
  std::stop_token stop_;
  std::vector<Target> targets_;
  std::vector<const strategy::Location*> mirrors_;
  bool is_refreshed_ = false;  // our copy of a git repository, in this run
  PlanRunReport report_;
  // What the others are copied from, kept open for them.
  std::unique_ptr<Location> origin_;
  std::string origin_name_;
  std::string original_;
};

std::string PlanRunner::plan_names() const {
  std::string text;
  for (const auto* plan : what_.plans) text += (text.empty() ? "" : ", ") + plan->name;
  return text;
}

void PlanRunner::note(const std::string& text) {
  // A log that can't be written must not stop a backup; the run's end will say that the catalog
  // has trouble.
  static_cast<void>(workplace_.catalog.runs().log(report_.run, workplace_.clock.now(), text).ok());
}

void PlanRunner::warn(const std::string& text) {
  ++report_.end.warning_count;
  if (report_.warnings.size() < warnings_max) report_.warnings.push_back(text);
  note("warning: " + text);
}

PlaceOutcome& PlanRunner::outcome_of(const strategy::Location& location) {
  for (auto& place : report_.places) {
    if (place.location == location.name) return place;
  }
  PlaceOutcome made;
  made.location = location.name;
  made.kind = location.kind;
  return report_.places.emplace_back(std::move(made));
}

repository::Tags PlanRunner::tags(const Target& target) const {
  std::map<std::string, std::string> tags;
  if (what_.happening) {
    tags.insert(what_.happening->tags.begin(), what_.happening->tags.end());
    tags[std::string(event_tag)] = what_.happening->event;
    if (!what_.happening->id.empty()) tags[std::string(event_id_tag)] = what_.happening->id;
  }
  tags[std::string(plan_tag)] = join_plans(target.plans);
  tags[std::string(environment_tag)] = workplace_.strategy.environment;
  tags[std::string(run_tag)] = report_.run;
  return {tags.begin(), tags.end()};
}

// Captures at the first location that is up.
Result<void> PlanRunner::make_snapshot() {
  std::optional<Error> trouble;
  for (const auto& target : targets_) {
    auto opened = open_place(workplace_, *target.location);
    auto& outcome = outcome_of(target);
    if (!opened.ok()) {
      outcome.message = opened.error().message();
      warn(fmt::format("location {} is down: {}", target.location->name, outcome.message));
      trouble = std::move(opened).error();
      continue;
    }
    auto place = std::move(opened).value();
    auto captured = capture_component(workplace_,
                                      {.component = *what_.component,
                                       .type = what_.plans.front()->type,
                                       .tags = tags(target),
                                       .content = what_.plans.front()->content,
                                       .run = report_.run,
                                       .stall = what_.plans.front()->stall},
                                      place->repository(), progress_, stop_);
    if (!captured.ok()) {
      if (!is_trouble_of_location(captured.error(), place->repository())) {
        outcome.message = "nothing was captured";
        return std::move(captured).error();
      }
      outcome.message = captured.error().message();
      warn(fmt::format("location {} took no snapshot: {}", target.location->name, outcome.message));
      trouble = std::move(captured).error();
      continue;
    }
    is_refreshed_ = true;
    const auto& made = captured.value();
    outcome.state = PlaceOutcome::State::captured;
    outcome.snapshot = original_ = base::to_hex(*made.snapshot);
    outcome.bytes_stored = made.bytes_stored;
    report_.end.snapshot = original_;
    report_.end.bytes_read = made.capture.bytes_read;
    report_.end.bytes_new = made.bytes_new;
    report_.end.bytes_stored = made.bytes_stored;
    report_.end.size = made.capture.bytes;
    for (const auto& warning : made.warnings) {
      warn(fmt::format("{}: {}", base::printable(warning.path), warning.message));
    }
    report_.end.warning_count =
        std::max<std::uint64_t>(report_.end.warning_count, made.warning_count);
    for (const auto& text : made.notes) note(text);
    note(fmt::format("captured {} at {}: {} read, {} new", original_.substr(0, 8),
                     target.location->name, base::format_size(made.capture.bytes_read),
                     base::format_size(made.bytes_new)));
    origin_name_ = target.location->name;
    expire_at(target, *place, outcome);
    origin_ = std::move(place);
    return {};
  }
  return std::move(*trouble).with_context("no location of the plan is up");
}

// For `copy: PLAN`: its snapshot of the same slot, else its newest, wherever one is up.
Result<void> PlanRunner::find_original() {
  const auto& component = *what_.component;
  const auto* copied = component.plan(what_.plans.front()->copy_of);
  if (copied == nullptr) return Error(ErrorCode::invalid_argument, "it copies no plan");
  std::optional<Error> trouble;
  for (const auto& destination : copied->to) {
    const auto* location = workplace_.strategy.location(destination.location);
    if (location == nullptr || location->kind != strategy::LocationKind::repository) continue;
    auto opened = open_place(workplace_, *location);
    if (!opened.ok()) {
      warn(fmt::format("location {} is down: {}", location->name, opened.error().message()));
      trouble = std::move(opened).error();
      continue;
    }
    const auto list = TRY(repository::list_snapshots(opened.value()->repository()));
    const auto* record = newest_snapshot(list, component, {}, copied->name);
    if (record == nullptr) continue;
    original_ = base::to_hex(record->id);
    report_.end.size = record->summary.root.bytes;
    origin_name_ = location->name;
    origin_ = std::move(opened).value();
    return {};
  }
  if (trouble) return std::move(*trouble).with_context("no location of plan " + copied->name);
  return Error(ErrorCode::not_found,
               fmt::format("plan {} has no snapshot to copy yet", copied->name))
      .with_hint(fmt::format("holdfast backup {} --plan {}", component.name, copied->name));
}

void PlanRunner::copy_to(const Target& target) {
  auto& outcome = outcome_of(target);
  const auto copy = [&]() -> Result<void> {
    const auto place = TRY(open_place(workplace_, *target.location));
    const auto copied = TRY(
        copy_snapshots(origin_->repository(), place->repository(), {original_}, progress_, stop_));
    const auto& id = copied.snapshots.front().copy;
    TRY(claim(place->repository(), id, target.plans));
    outcome.state = PlaceOutcome::State::copied;
    outcome.snapshot = base::to_hex(id);
    outcome.bytes_stored = copied.totals.bytes_copied;
    note(fmt::format("copied {} to {}: {} stored", original_.substr(0, 8), target.location->name,
                     base::format_size(outcome.bytes_stored)));
    expire_at(target, *place, outcome);
    return {};
  };
  auto done = copy();
  if (done.ok()) return;
  outcome.message = done.error().message();
  warn(fmt::format("no copy at {} yet: {}", target.location->name, outcome.message));
}

void PlanRunner::expire_at(const Target& target, Location& place, PlaceOutcome& outcome) {
  const auto expired =
      expire(workplace_, *what_.component, target.location->name, place.repository(), stop_);
  if (!expired.ok()) {
    warn(fmt::format("retention at {}: {}", target.location->name, expired.error().message()));
    return;
  }
  outcome.expired = expired.value().forgotten.size();
  if (outcome.expired > 0) {
    note(fmt::format("forgot {} expired snapshots at {}", outcome.expired, target.location->name));
  }
}

void PlanRunner::write_exports() {
  for (const auto* plan : what_.plans) {
    if (!plan->exported) continue;
    const auto done = export_snapshot(workplace_, *what_.component, *plan, origin_->repository(),
                                      original_, stop_);
    if (!done.ok()) {
      warn(done.error().to_string());
      continue;
    }
    const auto& made = done.value();
    note(fmt::format("exported to {}: {}, sha256 {}", made.path, base::format_size(made.size),
                     made.sha256));
    for (const auto& name : made.expired) note(fmt::format("removed expired export {}", name));
    for (const auto& warning : made.warnings) warn(warning);
  }
}

void PlanRunner::find_targets() {
  for (const auto* plan : what_.plans) {
    for (const auto& destination : plan->to) {
      const auto* location = workplace_.strategy.location(destination.location);
      if (location == nullptr) continue;
      if (location->kind == strategy::LocationKind::mirror) {
        if (std::find(mirrors_.begin(), mirrors_.end(), location) == mirrors_.end()) {
          mirrors_.push_back(location);
        }
        continue;
      }
      const auto known = std::find_if(targets_.begin(), targets_.end(), [&](const Target& target) {
        return target.location == location;
      });
      if (known != targets_.end()) {
        known->plans.push_back(plan->name);
      } else {
        targets_.push_back({.location = location, .plans = {plan->name}});
      }
    }
  }
}

Result<void> PlanRunner::work() {
  find_targets();
  if (!mirrors_.empty() && what_.component->kind != strategy::ComponentKind::git) {
    for (const auto* mirror : mirrors_) {
      warn(fmt::format("{} is a mirror: those of buckets aren't built yet", mirror->name));
    }
    mirrors_.clear();
  }
  if (targets_.empty() && mirrors_.empty()) {
    return Error(ErrorCode::unsupported, "none of its locations is a repository")
        .with_hint("mirrors of buckets aren't built yet");
  }
  TRY(run_hooks(workplace_, what_.component->hooks.before,
                {.component = what_.component->name,
                 .plan = plan_names(),
                 .run = report_.run,
                 .state = "running",
                 .snapshot = {}},
                stop_));
  auto stored = targets_.empty() ? Result<void>() : store();
  if (mirrors_.empty() || stop_.stop_requested()) return stored;
  // Mirrors that are up get it though no repository is.
  auto pushed = push_all();
  return stored.ok() ? std::move(pushed) : std::move(stored);
}

// Captures, or finds what is to be copied, and copies it to the other locations.
Result<void> PlanRunner::store() {
  if (is_copy()) {
    TRY(find_original());
  } else {
    TRY(make_snapshot());
  }
  for (const auto& target : targets_) {
    if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    if (target.location->name != origin_name_) {
      copy_to(target);
    } else if (is_copy()) {
      // It is there already; now it is this plan's too.
      TRY(claim(origin_->repository(),
                TRY(repository::choose_snapshot(
                        TRY(repository::list_snapshots(origin_->repository())), original_))
                    .id,
                target.plans));
      outcome_of(target).state = PlaceOutcome::State::copied;
      outcome_of(target).snapshot = original_;
    }
  }
  write_exports();
  return {};
}

Result<void> PlanRunner::push_all() {
  if (!is_refreshed_) {
    const auto warnings =
        TRY(refresh_git_component(workplace_, *what_.component, report_.run, progress_, stop_));
    for (const auto& warning : warnings) warn(warning);
  }
  for (const auto* mirror : mirrors_) {
    if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    push_to(*mirror);
  }
  const auto waits = [](const PlaceOutcome& place) {
    return place.state == PlaceOutcome::State::waiting;
  };
  if (!std::all_of(report_.places.begin(), report_.places.end(), waits)) return {};
  return Error(ErrorCode::unavailable, report_.places.front().message)
      .with_context("no location of the plan is up");
}

void PlanRunner::push_to(const strategy::Location& location) {
  auto& outcome = outcome_of(location);
  const auto pushed = push_to_mirror(
      workplace_, {.component = *what_.component, .location = location, .run = report_.run},
      progress_, stop_);
  if (!pushed.ok()) {
    outcome.message = pushed.error().message();
    warn(fmt::format("not pushed to {} yet: {}", location.name, outcome.message));
    return;
  }
  outcome.state = PlaceOutcome::State::copied;
  outcome.snapshot = pushed.value().commit;
  outcome.refs_changed = pushed.value().refs_changed;
  for (const auto& warning : pushed.value().warnings) warn(warning);
  note(fmt::format("pushed {} to {}: {} refs changed", outcome.snapshot.substr(0, 8), location.name,
                   outcome.refs_changed));
}

// What each location has, or still waits for.
Result<void> PlanRunner::record_copies() {
  const auto now = workplace_.clock.now();
  for (const auto& place : report_.places) {
    const bool is_mirror = place.kind == strategy::LocationKind::mirror;
    // There is nothing to wait for, unless our copy of a git repository.
    if (original_.empty() && !is_mirror) continue;
    const bool waits = place.state == PlaceOutcome::State::waiting;
    TRY(workplace_.catalog.copies().put(
        {.run = report_.run,
         .component = what_.component->name,
         .plan = plan_names(),
         .location = place.location,
         .state = waits ? catalog::CopyState::waiting : catalog::CopyState::stored,
         .original = is_mirror ? std::string() : original_,
         .original_location = is_mirror ? std::string() : origin_name_,
         .snapshot = place.snapshot,
         .slot = what_.slot,
         .changed = now,
         .next_attempt = now + pause_after(1),
         .attempts = 1,
         .bytes_stored = place.bytes_stored,
         .message = place.message}));
  }
  return {};
}

Result<void> PlanRunner::finish(Result<void> done) {
  auto& end = report_.end;
  const auto& hooks = what_.component->hooks;
  if (!done.ok()) {
    end.state =
        done.error().code() == ErrorCode::cancelled ? RunState::cancelled : RunState::failed;
    end.message = done.error().to_string();
    note(end.message);
  } else {
    end.state = end.warning_count > 0 ? RunState::warnings : RunState::succeeded;
  }
  const auto after = [&](const std::vector<std::string>& commands) {
    const auto ran = run_hooks(workplace_, commands,
                               {.component = what_.component->name,
                                .plan = plan_names(),
                                .run = report_.run,
                                .state = std::string(catalog::run_state_name(end.state)),
                                .snapshot = end.snapshot},
                               {});
    if (!ran.ok()) warn(ran.error().message());
  };
  if (!done.ok()) after(hooks.failed);
  after(hooks.after);
  if (end.state == RunState::succeeded && end.warning_count > 0) end.state = RunState::warnings;
  TRY(record_copies());
  end.ended = workplace_.clock.now();
  TRY(workplace_.catalog.evidence().append(
      end.ended, "run",
      evidence_body({{"run", report_.run},
                     {"component", what_.component->name},
                     {"plan", plan_names()},
                     {"state", std::string(catalog::run_state_name(end.state))},
                     {"snapshot", end.snapshot},
                     {"message", end.message}})));
  return workplace_.catalog.runs().end(report_.run, end);
}

Result<PlanRunReport> PlanRunner::run() {
  report_.run = TRY(workplace_.catalog.runs().begin(
      {.kind = is_copy() ? catalog::RunKind::copy : catalog::RunKind::backup,
       .component = what_.component->name,
       .plan = plan_names(),
       .reason = what_.reason,
       .slot = what_.slot,
       .started = workplace_.clock.now()},
      workplace_.random));
  if (what_.began) what_.began(report_.run);
  TRY(finish(work()));
  return std::move(report_);
}

Result<void> catch_up_copy(const Workplace& workplace, catalog::CopyRecord& waiting,
                           const ProgressCall& progress, std::stop_token stop) {
  const auto origin =
      TRY(open_place(workplace, *workplace.strategy.location(waiting.original_location)));
  const auto place = TRY(open_place(workplace, *workplace.strategy.location(waiting.location)));
  const auto copied = TRY(copy_snapshots(origin->repository(), place->repository(),
                                         {waiting.original}, progress, std::move(stop)));
  std::vector<std::string> plans;
  const auto* component = workplace.strategy.component(waiting.component);
  for (auto& name : catalog::split_plans(waiting.plan)) {
    const auto* plan = component->plan(name);
    if (plan != nullptr && plan->destination(waiting.location) != nullptr) {
      plans.push_back(std::move(name));
    }
  }
  const auto& id = copied.snapshots.front().copy;
  TRY(claim(place->repository(), id, plans));
  waiting.snapshot = base::to_hex(id);
  waiting.bytes_stored = copied.totals.bytes_copied;
  return {};
}

Result<void> catch_up_push(const Workplace& workplace, catalog::CopyRecord& waiting,
                           const ProgressCall& progress, std::stop_token stop) {
  const auto pushed =
      TRY(push_to_mirror(workplace,
                         {.component = *workplace.strategy.component(waiting.component),
                          .location = *workplace.strategy.location(waiting.location),
                          .run = waiting.run},
                         progress, std::move(stop)));
  waiting.snapshot = pushed.commit;
  return {};
}

// One copy that a location waits for.
Result<void> catch_up(const Workplace& workplace, catalog::CopyRecord waiting,
                      const ProgressCall& progress, std::stop_token stop) {
  using strategy::LocationKind;
  const auto* from = workplace.strategy.location(waiting.original_location);
  const auto* to = workplace.strategy.location(waiting.location);
  const auto* component = workplace.strategy.component(waiting.component);
  const auto now = workplace.clock.now();
  const bool is_push = to != nullptr && to->kind == LocationKind::mirror && component != nullptr &&
                       component->kind == strategy::ComponentKind::git;
  const bool is_copy = from != nullptr && to != nullptr && to->kind == LocationKind::repository &&
                       component != nullptr;
  if (!is_push && !is_copy) {
    waiting.state = catalog::CopyState::dropped;
    waiting.changed = now;
    waiting.message = "the strategy no longer has it";
    return workplace.catalog.copies().put(waiting);
  }
  const auto done = is_push ? catch_up_push(workplace, waiting, progress, std::move(stop))
                            : catch_up_copy(workplace, waiting, progress, std::move(stop));
  // Without its original a copy can't be made: a newer snapshot will come in its place.
  const auto if_absent = is_copy ? IfAbsent::give_up : IfAbsent::wait;
  return workplace.catalog.copies().put(after_attempt(std::move(waiting), done, now, if_absent));
}

}  // namespace

Result<PlanRunReport> run_plans(const Workplace& workplace, const PlanRun& what,
                                const ProgressCall& progress, std::stop_token stop) {
  return PlanRunner(workplace, what, progress, std::move(stop)).run();
}

Result<void> catch_up_copies(const Workplace& workplace, const ProgressCall& progress,
                             std::stop_token stop) {
  for (auto& waiting : TRY(workplace.catalog.copies().waiting())) {
    if (!is_over(waiting.next_attempt, workplace.clock.now())) continue;
    if (stop.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
    TRY(catch_up(workplace, std::move(waiting), progress, stop));
  }
  return {};
}

}  // namespace holdfast::engine
