// The commands that read snapshots: list, show, ls, diff, find.
#include <fmt/format.h>

#include <algorithm>

#include "base/units.hpp"
#include "commands/handlers.hpp"
#include "engine/browse.hpp"
#include "invocation.hpp"
#include "records.hpp"
#include "requests.hpp"
#include "session.hpp"

namespace holdfast::cli {

namespace {

using base::Result;
using repository::SnapshotList;
using repository::SnapshotRecord;

Result<SnapshotRecord> chosen(Session& session, std::string_view name) {
  return repository::choose_snapshot(TRY(repository::list_snapshots(session.repository())), name);
}

bool matches(const SnapshotRecord& snapshot, const repository::Tags& tags,
             const std::optional<std::string>& host) {
  if (host && snapshot.summary.host != *host) return false;
  return std::all_of(tags.begin(), tags.end(), [&](const auto& tag) {
    const auto& has = snapshot.summary.tags;
    return std::find(has.begin(), has.end(), tag) != has.end();
  });
}

std::vector<repository::IgnoredObject> damaged_of(const SnapshotList& list) {
  auto damaged = list.damaged;
  damaged.insert(damaged.end(), list.damaged_notes.begin(), list.damaged_notes.end());
  return damaged;
}

void write_list(Output& output, const SnapshotList& list,
                const std::vector<SnapshotRecord>& found) {
  if (output.is_json()) {
    auto& json = output.json();
    json.begin_object();
    json.begin_array("snapshots");
    for (const auto& snapshot : found) {
      json.begin_object();
      write_snapshot(json, snapshot);
      json.end();
    }
    json.end();
    write_ignored(json, "damaged", damaged_of(list));
    write_ignored(json, "ignored", list.ignored);
    return;
  }
  for (const auto& object : damaged_of(list))
    output.warning(object.name + ": " + object.error.to_string());
  tell_ignored(output, list.ignored);
  if (found.empty()) output.summary("no snapshots");
  std::size_t host_width = 4;
  for (const auto& snapshot : found)
    host_width = std::max(host_width, snapshot.summary.host.size());
  const auto line = [&](std::string_view id, std::string_view time, std::string_view host,
                        std::string_view size, std::string_view entries, std::string_view rest) {
    return fmt::format("{:<8}  {:<20}  {:<{}}  {:>9}  {:>8}  {}", id, time, host, host_width, size,
                       entries, rest);
  };
  if (!found.empty()) output.summary(line("ID", "TIME", "HOST", "SIZE", "ENTRIES", "PATHS"));
  for (const auto& snapshot : found) {
    const auto& summary = snapshot.summary;
    auto rest = paths_text(summary.paths);
    if (!summary.tags.empty()) rest += "  [" + tags_text(summary.tags) + "]";
    if (snapshot.is_held()) rest += "  held";
    if (snapshot.late) rest += "  late";
    if (summary.warning_count > 0) rest += fmt::format("  {} warnings", summary.warning_count);
    output.result(line(short_id(snapshot.id), base::format_utc(summary.started), summary.host,
                       base::format_size(summary.root.bytes), std::to_string(summary.root.entries),
                       rest));
  }
}

void write_shown(JsonWriter& json, const SnapshotRecord& snapshot,
                 const repository::SnapshotDetail& detail) {
  json.begin_object();
  write_snapshot(json, snapshot);
  json.text("finished",
            base::format_utc(snapshot.summary.finished, base::TimePrecision::nanoseconds));
  if (snapshot.summary.parent) json.text("parent", hex(*snapshot.summary.parent));
  json.text("program", snapshot.summary.program);
  json.text("command", detail.command);
  if (snapshot.is_held()) json.text("hold_reason", snapshot.holds.back().reason);
  json.begin_object("statistics");
  for (const auto& [name, value] : detail.statistics) json.integer(name, value);
  json.end();
  json.begin_array("warnings");
  for (const auto& warning : detail.warnings) write_incident(json, warning.path, warning.message);
  json.end();
}

void write_shown(Output& output, const SnapshotRecord& snapshot,
                 const repository::SnapshotDetail& detail) {
  const auto& summary = snapshot.summary;
  const auto line = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) output.result(fmt::format("{:<10}{}", name, value));
  };
  line("id", hex(snapshot.id));
  line("time", base::format_utc(summary.started));
  line("took", base::format_duration(summary.finished - summary.started));
  line("host", summary.host);
  line("paths", paths_text(summary.paths));
  line("tags", tags_text(summary.tags));
  line("size", fmt::format("{} in {} entries", base::format_size(summary.root.bytes),
                           summary.root.entries));
  line("parent", summary.parent ? hex(*summary.parent) : "");
  line("program", summary.program);
  line("command", detail.command);
  for (const auto& hold : snapshot.holds) {
    line("held", fmt::format("since {} {}", base::format_utc(hold.since), hold.reason));
  }
  if (snapshot.late) line("late", "its backup reported a failure; do not rely on it");
  for (const auto& [name, value] : detail.statistics)
    output.detail(fmt::format("{:<14}{}", name, value));
  for (const auto& warning : detail.warnings)
    line("warning", warning.path + ": " + warning.message);
}

std::string_view change_name(engine::Difference::Kind kind) {
  switch (kind) {
    case engine::Difference::Kind::added: return "added";
    case engine::Difference::Kind::removed: return "removed";
    case engine::Difference::Kind::changed: return "content";
    case engine::Difference::Kind::attributes: return "attributes";
  }
  return "content";
}

char change_letter(engine::Difference::Kind kind) {
  switch (kind) {
    case engine::Difference::Kind::added: return '+';
    case engine::Difference::Kind::removed: return '-';
    case engine::Difference::Kind::changed: return 'M';
    case engine::Difference::Kind::attributes: return 'A';
  }
  return '?';
}

}  // namespace

Result<ExitCode> run_snapshot_list(Invocation& invocation) {
  const auto tags = TRY(parse_tags(invocation.options("tag")));
  const auto session = TRY(Session::open(invocation));
  const auto list = TRY(repository::list_snapshots(session->repository()));
  std::vector<SnapshotRecord> found;
  for (const auto& snapshot : list.snapshots) {
    if (matches(snapshot, tags, invocation.option("host"))) found.push_back(snapshot);
  }
  write_list(invocation.output(), list, found);
  return damaged_of(list).empty() ? ExitCode::done : ExitCode::damage;
}

Result<ExitCode> run_snapshot_show(Invocation& invocation) {
  const auto session = TRY(Session::open(invocation));
  const auto snapshot = TRY(chosen(*session, invocation.argument("SNAPSHOT")));
  const auto detail = TRY(repository::read_detail(session->repository(), snapshot.id));
  auto& output = invocation.output();
  if (output.is_json()) {
    write_shown(output.json(), snapshot, detail);
  } else {
    write_shown(output, snapshot, detail);
  }
  return ExitCode::done;
}

Result<ExitCode> run_snapshot_ls(Invocation& invocation) {
  const auto& paths = invocation.arguments("PATH");
  const auto path = paths.empty() ? std::string() : TRY(parse_path(paths.front()));
  const bool all = path.empty() || invocation.flag("recursive");
  const auto session = TRY(Session::open(invocation));
  const auto snapshot = TRY(chosen(*session, invocation.argument("SNAPSHOT")));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("snapshot", hex(snapshot.id));
    output.json().begin_array("entries");
  }
  const bool is_long = invocation.flag("long");
  const auto stop = session->stop();
  const auto show = [&](const engine::BrowsedEntry& entry) -> Result<void> {
    if (stop.stop_requested()) return base::Error(base::ErrorCode::cancelled, "stopped");
    if (!all && entry.path == path && entry.kind == repository::EntryKind::directory) return {};
    if (!output.is_json()) {
      output.result(is_long ? long_line(entry) : entry.path);
      return {};
    }
    output.json().begin_object();
    write_entry(output.json(), entry);
    output.json().end();
    return {};
  };
  TRY(engine::list_entries(session->repository(), snapshot, path,
                           all ? engine::Depth::all : engine::Depth::children, show));
  return ExitCode::done;
}

Result<ExitCode> run_snapshot_diff(Invocation& invocation) {
  const auto session = TRY(Session::open(invocation));
  const auto list = TRY(repository::list_snapshots(session->repository()));
  const auto before = TRY(repository::choose_snapshot(list, invocation.argument("OLD")));
  const auto after = TRY(repository::choose_snapshot(list, invocation.argument("NEW")));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("old", hex(before.id));
    output.json().text("new", hex(after.id));
    output.json().begin_array("changes");
  }
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  std::uint64_t changed = 0;
  const auto show = [&](const engine::Difference& difference) -> Result<void> {
    using Kind = engine::Difference::Kind;
    ++(difference.kind == Kind::added     ? added
       : difference.kind == Kind::removed ? removed
                                          : changed);
    if (!output.is_json()) {
      output.result(fmt::format("{} {}", change_letter(difference.kind), difference.path));
      return {};
    }
    auto& json = output.json();
    json.begin_object();
    json.text("change", change_name(difference.kind));
    json.raw_name("path", difference.path);
    json.integer("size",
                 difference.kind == Kind::removed ? difference.size_before : difference.size_after);
    json.end();
    return {};
  };
  TRY(engine::compare(session->repository(), before, after, show));
  output.summary(fmt::format("{} added, {} removed, {} changed", added, removed, changed));
  if (output.is_json()) {
    output.json().end();
    output.json().integer("added", added);
    output.json().integer("removed", removed);
    output.json().integer("changed", changed);
  }
  return ExitCode::done;
}

Result<ExitCode> run_snapshot_find(Invocation& invocation) {
  const auto session = TRY(Session::open(invocation));
  const auto list = TRY(repository::list_snapshots(session->repository()));
  std::vector<SnapshotRecord> searched;
  for (const auto& name : invocation.options("snapshot")) {
    searched.push_back(TRY(repository::choose_snapshot(list, name)));
  }
  if (searched.empty()) searched = list.snapshots;
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().begin_array("matches");
  }
  std::uint64_t matched = 0;
  for (const auto& snapshot : searched) {
    const auto show = [&](const engine::BrowsedEntry& entry) -> Result<void> {
      ++matched;
      if (!output.is_json()) {
        output.result(fmt::format("{}  {}", short_id(snapshot.id), long_line(entry)));
        return {};
      }
      output.json().begin_object();
      output.json().text("snapshot", hex(snapshot.id));
      write_entry(output.json(), entry);
      output.json().end();
      return {};
    };
    if (session->stop().stop_requested()) return base::Error(base::ErrorCode::cancelled, "stopped");
    TRY(engine::find_entries(session->repository(), snapshot, invocation.argument("GLOB"), show)
            .with_context("snapshot " + short_id(snapshot.id)));
  }
  output.summary(fmt::format("{} matches in {} snapshots", matched, searched.size()));
  return ExitCode::done;
}

}  // namespace holdfast::cli
