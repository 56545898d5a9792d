// restore and verify.
#include "engine/restore.hpp"

#include <fmt/format.h>

#include "base/units.hpp"
#include "commands/component.hpp"
#include "commands/handlers.hpp"
#include "commands/proof.hpp"
#include "engine/component_restore.hpp"
#include "engine/verify.hpp"
#include "invocation.hpp"
#include "records.hpp"
#include "requests.hpp"
#include "session.hpp"
#include "strategy_session.hpp"
#include "wire/postgres_messages.hpp"

namespace holdfast::cli {

namespace {

using base::Result;

std::string duration_text(double seconds) {
  return base::format_duration(base::Duration{static_cast<std::int64_t>(seconds * 1e9)});
}

Result<std::string> target_directory(const std::string& given) {
  return parse_path(given.starts_with('/') || given.starts_with('.') ? given : "./" + given);
}

source::FilesRestoreOptions::Overwrite overwrite_of(std::string_view word) {
  using Overwrite = source::FilesRestoreOptions::Overwrite;
  return word == "never"    ? Overwrite::never
         : word == "always" ? Overwrite::always
                            : Overwrite::changed;
}

void write_json(JsonWriter& json, const engine::RestoreReport& report,
                const source::FilesRestoreOptions& options) {
  const auto& totals = report.files.totals;
  json.begin_object();
  json.text("snapshot", hex(report.snapshot));
  json.text("into", options.target);
  json.boolean("dry_run", options.run == source::FilesRestoreOptions::Run::dry);
  json.integer("files", totals.files);
  json.integer("directories", totals.directories);
  json.integer("others", totals.others);
  json.integer("unchanged", totals.unchanged);
  json.integer("bytes", totals.bytes);
  json.integer("bytes_written", totals.bytes_written);
  json.number("duration_seconds", report.duration_seconds);
  json.boolean("damaged", report.files.damaged);
  json.integer("failure_count", totals.failures);
  json.begin_array("failures");
  for (const auto& failure : report.files.failures)
    write_incident(json, failure.path, failure.message);
  json.end();
  json.integer("removed_count", totals.removed);
  json.begin_array("removed");
  for (const auto& path : report.files.removed) {
    json.begin_object();
    json.raw_name("path", path);
    json.end();
  }
  json.end();
  json.begin_array("notes");
  for (const auto& note : report.files.notes) json.text(note);
  json.end();
}

void write_text(Output& output, const engine::RestoreReport& report,
                const source::FilesRestoreOptions& options) {
  const auto& totals = report.files.totals;
  for (const auto& failure : report.files.failures)
    output.warning(failure.path + ": " + failure.message);
  for (const auto& note : report.files.notes) output.warning(note);
  const bool dry = options.run == source::FilesRestoreOptions::Run::dry;
  for (const auto& path : report.files.removed) {
    output.result(fmt::format("{} {}", dry ? "would remove" : "removed", path));
  }
  output.summary(fmt::format("{} {} into {}", dry ? "dry run: would restore" : "restored",
                             short_id(report.snapshot), options.target));
  output.summary(fmt::format("  files     {} and {} directories, {} others; {} were right already",
                             totals.files, totals.directories, totals.others, totals.unchanged));
  output.summary(fmt::format("  written   {} of {}", base::format_size(totals.bytes_written),
                             base::format_size(totals.bytes)));
  if (totals.removed > 0) output.summary(fmt::format("  removed   {}", totals.removed));
  output.summary(fmt::format("  time      {}", duration_text(report.duration_seconds)));
  if (totals.failures > 0) output.summary(fmt::format("  failed    {}", totals.failures));
}

// A running server among what --to names: whereto, not from where.
bool is_server_address(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

std::optional<std::string> server_of(const Invocation& invocation) {
  for (const auto& each : invocation.options("to")) {
    if (is_server_address(each)) return each;
  }
  return std::nullopt;
}

// The repository or location: the last one that is no server.
std::string source_of(const Invocation& invocation) {
  std::string found;
  for (const auto& each : invocation.options("to")) {
    if (!is_server_address(each)) found = each;
  }
  return found;
}

// --to postgresql://… and --database NAME[:NEW]
std::optional<engine::ComponentRestoreOptions::Server> server_options(
    const Invocation& invocation) {
  const auto url = server_of(invocation);
  if (!url) return std::nullopt;
  const auto database = invocation.option("database").value_or("");
  const auto colon = database.find(':');
  return engine::ComponentRestoreOptions::Server{
      .url = *url,
      .database = database.substr(0, colon),
      .name = colon == std::string::npos ? std::string() : database.substr(colon + 1)};
}

// Where a restore goes: --into, or, for a component, where it came from.
Result<std::string> target_of(const Invocation& invocation) {
  if (server_of(invocation)) {
    if (!invocation.option("into") && !invocation.flag("in-place")) return std::string("/");
    return base::Error(base::ErrorCode::invalid_argument,
                       "a server, --into and --in-place exclude each other")
        .with_hint("give one of them");
  }
  if (!invocation.flag("in-place")) return target_directory(TRY(invocation.required("into")));
  if (!invocation.option("into")) return std::string("/");
  return base::Error(base::ErrorCode::invalid_argument, "--into and --in-place exclude each other")
      .with_hint("give one of them");
}

Result<source::FilesRestoreOptions> options_of(const Invocation& invocation) {
  using Run = source::FilesRestoreOptions::Run;
  return source::FilesRestoreOptions{
      .target = TRY(target_of(invocation)),
      .path = {},
      .includes = invocation.options("include"),
      .overwrite = overwrite_of(TRY(invocation.required("overwrite"))),
      .run = invocation.flag("dry-run") ? Run::dry : Run::real,
      .extra = invocation.flag("delete-extra") ? source::FilesRestoreOptions::Extra::remove
                                               : source::FilesRestoreOptions::Extra::keep};
}

ExitCode exit_of(const engine::RestoreReport& report) {
  if (report.files.damaged) return ExitCode::damage;
  if (report.files.totals.failures > 0) return ExitCode::failed;
  return report.files.notes.empty() ? ExitCode::done : ExitCode::warnings;
}

std::string recovery_line(const engine::ComponentRestoreReport::Recovered& recovered) {
  auto line = fmt::format("  a server started on it recovers to {} of timeline {}",
                          wire::format_lsn(recovered.position), recovered.timeline);
  if (recovered.last_commit.nanoseconds > 0) {
    line += ", the last transaction of " + base::format_utc(recovered.last_commit);
  }
  return line;
}

Result<ExitCode> restore_named_component(Invocation& invocation) {
  using Service = engine::ComponentRestoreOptions::Service;
  const auto session = TRY(StrategySession::open(invocation));
  const auto& component = *TRY(session->component(invocation.argument("SNAPSHOT[:PATH]")));
  using Target = engine::ComponentRestoreOptions::Target;
  const bool in_place = invocation.flag("in-place");
  engine::ComponentRestoreOptions options{
      .at = {},
      .from = source_of(invocation),
      .plan = invocation.option("plan").value_or(""),
      .files = TRY(options_of(invocation)),
      .target = in_place ? Target::in_place : Target::into,
      .server = server_options(invocation),
      .archive = invocation.option("archive").value_or(""),
      .service = in_place ? Service::stop_and_start : Service::leave};
  if (const auto at = invocation.option("at")) {
    options.at = TRY(engine::parse_recovery_target(*at).with_context("--at"));
  }
  const auto report =
      TRY(engine::restore_component(session->workplace(), component, options,
                                    session->around().progress("restoring"), session->stop()));
  session->around().end_progress();
  options.files.target = report.into;
  auto& output = invocation.output();
  if (output.is_json()) {
    auto& json = output.json();
    write_json(json, report.restored, options.files);
    json.text("run", report.run);
    json.text("component", component.name);
    json.text("location", report.location);
    json.text("captured", base::format_utc(report.captured));
    if (report.recovered) {
      json.text("recovered_position", wire::format_lsn(report.recovered->position));
      json.integer("recovered_timeline", report.recovered->timeline);
      json.integer("log_bytes", report.recovered->log_bytes);
      if (report.recovered->last_commit.nanoseconds > 0) {
        json.text("last_commit", base::format_utc(report.recovered->last_commit));
      }
    }
    json.begin_array("passed_over");
    for (const auto& each : report.passed_over) json.text(each);
    json.end();
  } else {
    for (const auto& each : report.passed_over) output.warning(each);
    output.summary(fmt::format("{} as of {}, from {}", component.name,
                               base::format_utc(report.captured), report.location));
    if (report.recovered) output.summary(recovery_line(*report.recovered));
    write_text(output, report.restored, options.files);
  }
  return exit_of(report.restored);
}

// A component, unless a repository is named by its address.
bool is_about_component(const Invocation& invocation) {
  const auto& name = invocation.argument("SNAPSHOT[:PATH]");
  if (name.find(':') != std::string::npos) return false;
  if (source_of(invocation).find_first_of("/:") != std::string::npos) return false;
  return is_component(invocation, name);
}

std::string_view finding_name(engine::Finding::Kind kind) {
  switch (kind) {
    case engine::Finding::Kind::damage: return "damage";
    case engine::Finding::Kind::could_not_check: return "could_not_check";
    case engine::Finding::Kind::note: return "note";
  }
  return "note";
}

void write_json(JsonWriter& json, const engine::VerifyReport& report) {
  json.begin_object();
  json.text("level", engine::level_name(report.level));
  json.boolean("verified", report.damage_count == 0 && report.unchecked_count == 0);
  json.integer("snapshots", report.snapshots);
  json.integer("packs", report.packs);
  json.integer("chunks", report.chunks);
  json.integer("bytes_read", report.bytes_read);
  json.number("duration_seconds", report.duration_seconds);
  json.integer("damage_count", report.damage_count);
  json.integer("unchecked_count", report.unchecked_count);
  json.integer("note_count", report.note_count);
  json.begin_array("findings");
  for (const auto& finding : report.findings) {
    json.begin_object();
    json.text("kind", finding_name(finding.kind));
    if (!finding.object.empty()) json.text("object", finding.object);
    if (!finding.path.empty()) json.raw_name("path", finding.path);
    if (!finding.snapshot.empty()) json.text("snapshot", finding.snapshot);
    json.text("message", finding.message);
    json.end();
  }
  json.end();
}

std::string finding_line(const engine::Finding& finding) {
  std::string line = finding.kind == engine::Finding::Kind::damage            ? "damaged: "
                     : finding.kind == engine::Finding::Kind::could_not_check ? "not checked: "
                                                                              : "note: ";
  if (!finding.path.empty()) line += finding.path + ": ";
  if (!finding.snapshot.empty()) line += "snapshot " + finding.snapshot.substr(0, 8) + ": ";
  if (!finding.object.empty()) line += finding.object + ": ";
  return line + finding.message;
}

void write_text(Output& output, const engine::VerifyReport& report) {
  for (const auto& finding : report.findings) {
    if (finding.kind == engine::Finding::Kind::note) {
      output.detail(finding_line(finding));
    } else {
      output.result(finding_line(finding));
    }
  }
  const auto level = engine::level_name(report.level);
  if (report.damage_count > 0) {
    output.summary(fmt::format("NOT {}: {} damaged, {} not checked", level, report.damage_count,
                               report.unchecked_count));
  } else if (report.unchecked_count > 0) {
    output.summary(fmt::format("could not verify: {} not checked", report.unchecked_count));
  } else {
    output.summary(fmt::format("verified: {}", level));
  }
  output.summary(fmt::format("  snapshots {}, packs {}, chunks {}", report.snapshots, report.packs,
                             report.chunks));
  output.summary(fmt::format("  read      {}", base::format_size(report.bytes_read)));
  output.summary(fmt::format("  time      {}", duration_text(report.duration_seconds)));
  if (report.note_count > 0) output.summary(fmt::format("  notes     {}", report.note_count));
}

}  // namespace

Result<ExitCode> run_restore(Invocation& invocation) {
  if (is_about_component(invocation)) return restore_named_component(invocation);
  for (const auto* option : {"at", "in-place", "archive", "plan", "delete-extra", "database"}) {
    if (invocation.options(option).empty()) continue;
    return base::Error(base::ErrorCode::invalid_argument,
                       fmt::format("--{} is for components of a strategy", option))
        .with_hint("name a component, and the strategy with --config");
  }
  if (server_of(invocation)) {
    return base::Error(base::ErrorCode::invalid_argument,
                       "dumps of a component of the strategy are loaded into a server")
        .with_hint("name the component, and the strategy with --config");
  }
  const auto wanted = TRY(parse_snapshot_path(invocation.argument("SNAPSHOT[:PATH]")));
  auto options = TRY(options_of(invocation));
  options.path = wanted.path;
  const auto session = TRY(Session::open(invocation));
  const auto report =
      TRY(engine::restore(session->repository(), wanted.snapshot, options,
                          session->around().progress("restoring"), session->stop()));
  session->around().end_progress();
  auto& output = invocation.output();
  if (output.is_json()) {
    write_json(output.json(), report, options);
  } else {
    write_text(output, report, options);
  }
  return exit_of(report);
}

Result<ExitCode> run_verify(Invocation& invocation) {
  if (verifies_components(invocation)) return verify_components(invocation);
  const auto level = TRY(engine::parse_level(TRY(invocation.required("level"))));
  const auto& names = invocation.arguments("SNAPSHOT");
  if (names.size() > 1) {
    return base::Error(base::ErrorCode::invalid_argument,
                       "of a repository one snapshot is verified, or all of it")
        .with_hint("several words are components of a strategy; --config names it");
  }
  if (invocation.option("verification")) {
    return base::Error(base::ErrorCode::invalid_argument,
                       "--verification is for components of a strategy")
        .with_hint("name a component, and the strategy with --config");
  }
  const auto snapshot = names.empty() ? std::nullopt : std::optional(names.front());
  const auto session = TRY(Session::open(invocation));
  const auto report =
      TRY(engine::verify(session->repository(), level, snapshot,
                         session->around().progress("verifying", "packs"), session->stop()));
  session->around().end_progress();
  auto& output = invocation.output();
  if (output.is_json()) {
    write_json(output.json(), report);
  } else {
    write_text(output, report);
  }
  if (report.damage_count > 0) return ExitCode::damage;
  return report.unchecked_count > 0 ? ExitCode::unverified : ExitCode::done;
}

}  // namespace holdfast::cli
