// The commands that change what is said about snapshots, or remove them: tag, hold, release,
// forget.
#include <fmt/format.h>

#include "commands/component_forget.hpp"
#include "commands/handlers.hpp"
#include "invocation.hpp"
#include "records.hpp"
#include "repository/snapshot_list.hpp"
#include "requests.hpp"
#include "session.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using repository::NoteAction;
using repository::SnapshotRecord;

Result<SnapshotRecord> chosen(Session& session, std::string_view name) {
  return repository::choose_snapshot(TRY(repository::list_snapshots(session.repository())), name);
}

Result<ExitCode> report_hold(Output& output, const SnapshotRecord& snapshot, std::string_view word,
                             bool held) {
  output.summary(fmt::format("snapshot {} {}", short_id(snapshot.id), word));
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("snapshot", hex(snapshot.id));
    output.json().boolean("held", held);
  }
  return ExitCode::done;
}

// The snapshots that are named, each once; an error if one of them is held.
Result<std::vector<SnapshotRecord>> to_forget(Session& session,
                                              const std::vector<std::string>& names) {
  const auto list = TRY(repository::list_snapshots(session.repository()));
  std::vector<SnapshotRecord> found;
  for (const auto& name : names) {
    auto snapshot = TRY(repository::choose_snapshot(list, name));
    if (snapshot.is_held()) {
      return Error(ErrorCode::conflict,
                   fmt::format("snapshot {} is held: {}", short_id(snapshot.id),
                               snapshot.holds.back().reason))
          .with_retry(base::Retry::never)
          .with_hint(
              fmt::format("holdfast snapshot release {} ends the hold", short_id(snapshot.id)));
    }
    TRY(repository::may_forget(session.repository(), snapshot));
    bool known = false;
    for (const auto& other : found) known = known || other.id == snapshot.id;
    if (!known) found.push_back(std::move(snapshot));
  }
  return found;
}

}  // namespace

Result<ExitCode> run_snapshot_tag(Invocation& invocation) {
  const auto set = TRY(parse_tags(invocation.options("set")));
  const auto& remove = invocation.options("remove");
  if (set.empty() && remove.empty()) {
    return Error(ErrorCode::invalid_argument, "nothing to set or remove")
        .with_hint("give --set KEY=VALUE or --remove KEY");
  }
  const auto session = TRY(Session::open(invocation));
  const auto& repository = session->repository();
  const auto snapshot = TRY(chosen(*session, invocation.argument("SNAPSHOT")));
  for (const auto& key : remove)
    TRY(repository::write_note(repository, snapshot.id, NoteAction::untag, key, ""));
  for (const auto& [key, value] : set) {
    TRY(repository::write_note(repository, snapshot.id, NoteAction::tag, key, value));
  }
  const auto now = TRY(chosen(*session, hex(snapshot.id)));
  auto& output = invocation.output();
  output.summary(fmt::format("snapshot {} [{}]", short_id(now.id), tags_text(now.summary.tags)));
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("snapshot", hex(now.id));
    write_tags(output.json(), now.summary.tags);
  }
  return ExitCode::done;
}

Result<ExitCode> run_snapshot_hold(Invocation& invocation) {
  const auto session = TRY(Session::open(invocation));
  const auto snapshot = TRY(chosen(*session, invocation.argument("SNAPSHOT")));
  const auto reason = invocation.option("reason").value_or("");
  TRY(repository::write_note(session->repository(), snapshot.id, NoteAction::hold, "", reason));
  return report_hold(invocation.output(), snapshot, "is held", true);
}

Result<ExitCode> run_snapshot_release(Invocation& invocation) {
  const auto session = TRY(Session::open(invocation));
  const auto snapshot = TRY(chosen(*session, invocation.argument("SNAPSHOT")));
  if (snapshot.is_held()) {
    TRY(repository::write_note(session->repository(), snapshot.id, NoteAction::release, "", ""));
  }
  return report_hold(invocation.output(), snapshot, "is not held", false);
}

Result<ExitCode> run_snapshot_forget(Invocation& invocation) {
  if (const auto name = invocation.option("component")) {
    return forget_of_component(invocation, *name);
  }
  for (const auto* option : {"location", "confirm"}) {
    if (invocation.options(option).empty()) continue;
    return Error(ErrorCode::invalid_argument, fmt::format("--{} is for --component", option))
        .with_hint("name a component of the strategy with --component");
  }
  if (invocation.arguments("SNAPSHOT").empty()) {
    return Error(ErrorCode::invalid_argument, "snapshot forget needs SNAPSHOT")
        .with_hint("name snapshots, or a component of the strategy with --component");
  }
  const auto session = TRY(Session::open(invocation));
  const auto snapshots = TRY(to_forget(*session, invocation.arguments("SNAPSHOT")));
  const bool dry = invocation.flag("dry-run");
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().boolean("dry_run", dry);
    output.json().begin_array("forgotten");
  }
  for (const auto& snapshot : snapshots) {
    if (!dry) TRY(repository::forget_snapshot(session->repository(), snapshot));
    output.summary(fmt::format("snapshot {} {}", short_id(snapshot.id),
                               dry ? "would be forgotten" : "forgotten"));
    if (output.is_json()) output.json().text(hex(snapshot.id));
  }
  if (!dry && !snapshots.empty()) output.detail("holdfast prune frees what only they needed");
  return ExitCode::done;
}

}  // namespace holdfast::cli
