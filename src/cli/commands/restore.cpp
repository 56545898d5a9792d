// restore and verify.
#include "engine/restore.hpp"

#include <fmt/format.h>

#include "base/units.hpp"
#include "commands/handlers.hpp"
#include "engine/verify.hpp"
#include "invocation.hpp"
#include "records.hpp"
#include "requests.hpp"
#include "session.hpp"

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
  output.summary(fmt::format("{} {} into {}", dry ? "dry run: would restore" : "restored",
                             short_id(report.snapshot), options.target));
  output.summary(fmt::format("  files     {} and {} directories, {} others; {} were right already",
                             totals.files, totals.directories, totals.others, totals.unchanged));
  output.summary(fmt::format("  written   {} of {}", base::format_size(totals.bytes_written),
                             base::format_size(totals.bytes)));
  output.summary(fmt::format("  time      {}", duration_text(report.duration_seconds)));
  if (totals.failures > 0) output.summary(fmt::format("  failed    {}", totals.failures));
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
  const auto wanted = TRY(parse_snapshot_path(invocation.argument("SNAPSHOT[:PATH]")));
  source::FilesRestoreOptions options{
      .target = TRY(target_directory(TRY(invocation.required("into")))),
      .path = wanted.path,
      .includes = invocation.options("include"),
      .overwrite = overwrite_of(TRY(invocation.required("overwrite"))),
      .run = invocation.flag("dry-run") ? source::FilesRestoreOptions::Run::dry
                                        : source::FilesRestoreOptions::Run::real,
  };
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
  if (report.files.damaged) return ExitCode::damage;
  if (report.files.totals.failures > 0) return ExitCode::failed;
  return report.files.notes.empty() ? ExitCode::done : ExitCode::warnings;
}

Result<ExitCode> run_verify(Invocation& invocation) {
  const auto level = TRY(engine::parse_level(TRY(invocation.required("level"))));
  const auto& names = invocation.arguments("SNAPSHOT");
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
