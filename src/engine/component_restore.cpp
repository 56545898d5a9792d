// Choosing the location, restoring, and the record of it.
#include "engine/component_restore.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "command_component.hpp"
#include "engine/component_snapshots.hpp"
#include "engine/place.hpp"
#include "engine/source_paths.hpp"
#include "evidence_body.hpp"
#include "git_component.hpp"
#include "hook.hpp"
#include "postgres_component.hpp"
#include "postgres_recovery.hpp"
#include "postgres_server_restore.hpp"
#include "wire/postgres_messages.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// Those that plans of the component go to, the quickest first.
std::vector<const strategy::Location*> candidates(const strategy::Strategy& strategy,
                                                  const strategy::Component& component,
                                                  const std::string& only) {
  std::vector<const strategy::Location*> found;
  for (const auto& location : strategy.locations) {
    if (location.kind != strategy::LocationKind::repository) continue;
    if (!only.empty() ? location.name == only
                      : std::any_of(component.plans.begin(), component.plans.end(),
                                    [&](const strategy::Plan& plan) {
                                      return plan.destination(location.name) != nullptr;
                                    })) {
      found.push_back(&location);
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const auto* a, const auto* b) {
    return a->access.value_or(base::Duration{}) < b->access.value_or(base::Duration{});
  });
  return found;
}

// Whether its log is asked for too: it has one, and no other plan's snapshot was named.
bool wants_log(const strategy::Component& component, const ComponentRestoreOptions& options) {
  const auto is_log = [](const strategy::Plan& plan) { return plan.is_log(); };
  const auto& plans = component.plans;
  if (component.kind != strategy::ComponentKind::postgres || options.server) return false;
  if (options.at.kind == RecoveryTarget::Kind::snapshot) return false;
  if (std::none_of(plans.begin(), plans.end(), is_log)) return false;
  return options.plan.empty() || is_log(*component.plan(options.plan));
}

struct Chosen {
  std::optional<PostgresRecovery> recovery;
  std::unique_ptr<Location> place;
  std::string location;
  std::string snapshot;
  base::Time captured;
};

// The quickest location whose log leads there.
Result<Chosen> choose_recovery(const Workplace& workplace, const strategy::Component& component,
                               const ComponentRestoreOptions& options,
                               std::vector<std::string>& passed_over) {
  std::optional<Error> failure;
  for (const auto* location : candidates(workplace.strategy, component, options.from)) {
    auto place = open_place(workplace, *location);
    if (!place.ok()) {
      passed_over.push_back(place.error().to_string());
      continue;
    }
    auto& repository = place.value()->repository();
    const auto list = repository::list_snapshots(repository);
    if (!list.ok()) {
      passed_over.push_back(
          fmt::format("location {}: {}", location->name, list.error().to_string()));
      continue;
    }
    auto found = find_recovery(repository, list.value(), component, options.at);
    if (!found.ok()) {
      if (!failure) failure = found.error();
      passed_over.push_back(
          fmt::format("location {}: {}", location->name, found.error().to_string()));
      continue;
    }
    Chosen made;
    made.place = std::move(place).value();
    made.location = location->name;
    made.snapshot = found.value().snapshot;
    made.captured = found.value().captured;
    made.recovery = std::move(found).value();
    return made;
  }
  if (failure) return std::move(*failure);
  return Error(ErrorCode::unavailable,
               fmt::format("no location with a log of {} can be reached{}", component.name,
                           passed_over.empty() ? "" : ": " + passed_over.front()))
      .with_hint("mount or reach the location, or name another one with --from");
}

Result<Chosen> choose(const Workplace& workplace, const strategy::Component& component,
                      const ComponentRestoreOptions& options,
                      std::vector<std::string>& passed_over) {
  if (wants_log(component, options)) {
    return choose_recovery(workplace, component, options, passed_over);
  }
  std::optional<base::Time> at;
  if (options.at.kind == RecoveryTarget::Kind::time) at = options.at.time;
  Chosen best;
  for (const auto* location : candidates(workplace.strategy, component, options.from)) {
    auto place = open_place(workplace, *location);
    if (!place.ok()) {
      passed_over.push_back(place.error().to_string());
      continue;
    }
    const auto list = repository::list_snapshots(place.value()->repository());
    if (!list.ok()) {
      passed_over.push_back(
          fmt::format("location {}: {}", location->name, list.error().to_string()));
      continue;
    }
    const auto* record = newest_snapshot(list.value(), component, at, options.plan);
    // A slower location is taken only if what it has is newer.
    if (record == nullptr || (best.place != nullptr && record->summary.started <= best.captured)) {
      continue;
    }
    best = {.recovery = {},
            .place = std::move(place).value(),
            .location = location->name,
            .snapshot = base::to_hex(record->id),
            .captured = record->summary.started};
  }
  if (best.place != nullptr) return best;
  if (!passed_over.empty()) {
    return Error(ErrorCode::unavailable,
                 fmt::format("no location that is up has a snapshot of {}: {}", component.name,
                             passed_over.front()))
        .with_hint("mount or reach the location, or name another one with --from");
  }
  return Error(ErrorCode::not_found,
               fmt::format("there is no snapshot of {}{}{}", component.name,
                           options.plan.empty() ? "" : "/" + options.plan,
                           at ? " from " + base::format_utc(*at) + " or before" : std::string()))
      .with_hint("holdfast status shows what there is");
}

// What may be removed besides: below what the snapshot captured, without what the component leaves
// out and what its capture couldn't read.
Result<void> cover(const Workplace& workplace, const strategy::Component& component,
                   const Chosen& chosen, source::FilesRestoreOptions& files) {
  if (component.kind != strategy::ComponentKind::files) {
    return Error(
               ErrorCode::unsupported,
               fmt::format("extra files are removed for components of files only, and {} is of {}",
                           component.name, strategy::component_kind_name(component.kind)))
        .with_hint("leave --delete-extra away");
  }
  const auto& repository = chosen.place->repository();
  const auto record = TRY(
      repository::choose_snapshot(TRY(repository::list_snapshots(repository)), chosen.snapshot));
  for (const auto& path : record.summary.paths) files.covered.emplace_back(base::as_text(path));
  const auto detail = TRY(repository::read_detail(repository, record.id));
  if (record.summary.warning_count > detail.warnings.size()) {
    return Error(ErrorCode::conflict,
                 "the snapshot's capture had more warnings than it recorded: what it couldn't read "
                 "isn't known, and nothing may be removed")
        .with_hint("leave --delete-extra away, or restore another snapshot with --at");
  }
  for (const auto& warning : detail.warnings) files.spared.push_back(warning.path);
  files.left_out = component.source.list("exclude");
  for (const auto& path : component.source.list("exclude-from")) {
    files.left_out_files.push_back(absolute_path(workplace.strategy, path));
  }
  return {};
}

using Target = ComponentRestoreOptions::Target;
using Kind = strategy::ComponentKind;

// What no snapshot needs to be looked for.
Result<void> check_target(const strategy::Component& component,
                          const ComponentRestoreOptions& options) {
  if (!options.archive.empty() && component.kind != Kind::git) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("component {} is no git repository: it has no tags to archive",
                             component.name))
        .with_hint("restore it without --archive");
  }
  if (options.server && component.kind != Kind::postgres) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("component {} can't be restored into a PostgreSQL server",
                             component.name))
        .with_hint("restore it --into a directory");
  }
  if (options.server) TRY(check_server(*options.server));
  using AtKind = RecoveryTarget::Kind;
  const auto at = options.at.kind;
  const bool is_plain = at == AtKind::snapshot || at == AtKind::latest || at == AtKind::time;
  if (!is_plain && !wants_log(component, options)) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("component {} has no log: it can't be restored to {}", component.name,
                             options.at.describe()))
        .with_hint("--at takes a time, like 2026-11-20T12:00:00Z");
  }
  if (options.target == Target::into) return {};
  if (component.kind == Kind::git) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("a git repository isn't restored in place: what {} holds by now would "
                             "be lost",
                             component.name))
        .with_hint("restore --into a directory, and clone or fetch from the repository there");
  }
  if (component.kind == Kind::postgres) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("{} is a server: it isn't restored in place", component.name))
        .with_hint("restore --into an empty data directory, and start a server on it");
  }
  if (component.kind == Kind::command && component.source.word("restore").empty()) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("component {} has no restore command", component.name))
        .with_hint(
            "write restore: and the command that takes the data as its standard input, or "
            "restore --into a directory");
  }
  return {};
}

std::string destination_of(const strategy::Component& component,
                           const ComponentRestoreOptions& options) {
  if (options.server) return options.server->url;
  if (component.kind == Kind::command && options.target == Target::in_place) {
    return "the restore command";
  }
  if (component.kind == Kind::git && options.archive.empty()) {
    return git_restore_target(component, options.files.target);
  }
  return options.files.target;
}

Result<RestoreReport> restore_kind(const Workplace& workplace, const strategy::Component& component,
                                   const ComponentRestoreOptions& options, const std::string& run,
                                   Chosen& chosen, std::optional<RecoveryStop>& recovered,
                                   const ProgressCall& progress, std::stop_token stop) {
  auto& repository = chosen.place->repository();
  if (component.kind == Kind::git) {
    auto files = options.files;
    files.target = destination_of(component, options);
    return restore_git_component(workplace,
                                 {.component = component,
                                  .snapshot = chosen.snapshot,
                                  .archive = options.archive,
                                  .files = std::move(files)},
                                 repository, progress, std::move(stop));
  }
  if (component.kind == Kind::command && options.target == Target::in_place) {
    return restore_into_command(workplace,
                                {.component = component,
                                 .snapshot = chosen.snapshot,
                                 .run = run,
                                 .carry_out = options.files.run},
                                repository, progress, std::move(stop));
  }
  if (options.server) {
    return restore_into_server(workplace,
                               {.component = component,
                                .snapshot = chosen.snapshot,
                                .run = run,
                                .server = *options.server},
                               repository, progress, std::move(stop));
  }
  if (component.kind == Kind::postgres) {
    return restore_postgres_component(
        repository, chosen.snapshot, options.files, progress, stop,
        [&](const std::string& data) -> Result<void> {
          if (!chosen.recovery) return {};
          recovered = TRY(prepare_recovery(repository, *chosen.recovery, data, progress, stop));
          return {};
        });
  }
  return restore(repository, chosen.snapshot, options.files, progress, std::move(stop));
}

Result<RestoreReport> restore_with_service(const Workplace& workplace,
                                           const strategy::Component& component,
                                           const ComponentRestoreOptions& options,
                                           const std::string& run, Chosen& chosen,
                                           std::optional<RecoveryStop>& recovered,
                                           const ProgressCall& progress, std::stop_token stop) {
  const HookSurroundings surroundings{.component = component.name,
                                      .plan = {},
                                      .run = run,
                                      .state = "running",
                                      .snapshot = chosen.snapshot};
  const bool serves = options.service == ComponentRestoreOptions::Service::stop_and_start;
  auto wanted = options;
  if (wanted.files.extra == source::FilesRestoreOptions::Extra::remove) {
    TRY(cover(workplace, component, chosen, wanted.files));
  }
  if (serves && !component.service.stop.empty()) {
    TRY(run_hooks(workplace, {component.service.stop}, surroundings, stop));
  }
  auto restored =
      restore_kind(workplace, component, wanted, run, chosen, recovered, progress, std::move(stop));
  // Started again whatever came of it: that is the state in which we found it.
  if (serves && !component.service.start.empty()) {
    auto started = run_hooks(workplace, {component.service.start}, surroundings, {});
    if (restored.ok() && !started.ok()) return std::move(started).error();
  }
  return restored;
}

}  // namespace

Result<ComponentRestoreReport> restore_component(const Workplace& workplace,
                                                 const strategy::Component& component,
                                                 const ComponentRestoreOptions& options,
                                                 const ProgressCall& progress,
                                                 std::stop_token stop) {
  if (!options.plan.empty() && component.plan(options.plan) == nullptr) {
    return Error(ErrorCode::not_found,
                 fmt::format("component {} has no plan '{}'", component.name, options.plan));
  }
  TRY(check_target(component, options));
  ComponentRestoreReport report;
  report.into = destination_of(component, options);
  auto wanted = options;
  if (wanted.server && wanted.plan.empty()) wanted.plan = TRY(plan_of_dumps(component));
  auto chosen = TRY(choose(workplace, component, wanted, report.passed_over));
  report.location = chosen.location;
  report.captured = chosen.captured;
  auto& runs = workplace.catalog.runs();
  report.run = TRY(runs.begin({.kind = catalog::RunKind::restore,
                               .component = component.name,
                               .plan = {},
                               .reason = catalog::RunReason::command,
                               .slot = {},
                               .started = workplace.clock.now()},
                              workplace.random));
  std::optional<RecoveryStop> recovered;
  auto restored = restore_with_service(workplace, component, options, report.run, chosen, recovered,
                                       progress, std::move(stop));
  if (recovered) {
    report.recovered = {.position = recovered->position,
                        .timeline = recovered->timeline,
                        .last_commit = recovered->last_commit,
                        .log_bytes = recovered->bytes};
  }
  catalog::RunEnd end{.state = catalog::RunState::succeeded, .ended = workplace.clock.now()};
  end.snapshot = chosen.snapshot;
  if (!restored.ok()) {
    end.state = restored.error().code() == ErrorCode::cancelled ? catalog::RunState::cancelled
                                                                : catalog::RunState::failed;
    end.message = restored.error().to_string();
  } else if (restored.value().files.damaged || restored.value().files.totals.failures > 0) {
    end.state = catalog::RunState::failed;
    end.message =
        fmt::format("{} files could not be restored", restored.value().files.totals.failures);
  }
  TRY(workplace.catalog.evidence().append(
      end.ended, "restore",
      evidence_body({{"run", report.run},
                     {"component", component.name},
                     {"location", report.location},
                     {"snapshot", chosen.snapshot},
                     {"into", report.into},
                     {"at", options.at.describe()},
                     {"position", recovered ? wire::format_lsn(recovered->position) : ""},
                     {"state", std::string(catalog::run_state_name(end.state))},
                     {"message", end.message}})));
  TRY(runs.end(report.run, end));
  report.restored = TRY(std::move(restored));
  return report;
}

}  // namespace holdfast::engine
