// copy.
#include "engine/copy.hpp"

#include <fmt/format.h>

#include "base/units.hpp"
#include "commands/handlers.hpp"
#include "invocation.hpp"
#include "records.hpp"
#include "session.hpp"

namespace holdfast::cli {

namespace {

using base::Result;

void write_json(JsonWriter& json, const engine::CopyReport& report) {
  json.begin_object();
  json.begin_array("snapshots");
  for (const auto& one : report.snapshots) {
    json.begin_object();
    json.text("original", hex(one.original));
    json.text("id", hex(one.copy));
    json.boolean("was_there", one.was_there);
    json.end();
  }
  json.end();
  json.boolean("as_ciphertext", report.as_ciphertext);
  json.integer("bytes_copied", report.totals.bytes_copied);
  json.integer("chunks_copied", report.totals.chunks_copied);
  json.integer("chunks_present", report.totals.chunks_present);
  json.number("duration_seconds", report.duration_seconds);
}

void write_text(Output& output, const engine::CopyReport& report) {
  for (const auto& one : report.snapshots) {
    output.result(
        fmt::format("{} {} {}", short_id(one.original),
                    one.was_there ? "was copied before:" : "copied:", short_id(one.copy)));
  }
  output.summary(fmt::format(
      "  copied   {} in {} pieces{}", base::format_size(report.totals.bytes_copied),
      report.totals.chunks_copied, report.as_ciphertext ? ", as they lie in the packs" : ""));
  output.summary(fmt::format("  present  {} pieces", report.totals.chunks_present));
  output.summary(fmt::format(
      "  time     {}",
      base::format_duration({static_cast<std::int64_t>(report.duration_seconds * 1e9)})));
}

}  // namespace

Result<ExitCode> run_copy(Invocation& invocation) {
  const auto from_url = TRY(invocation.required("from"));
  const auto session = TRY(Session::open(invocation));
  const auto from = TRY(
      open_location_to_copy_from(invocation, session->around(), from_url, session->passphrase()));
  const auto report = TRY(engine::copy_snapshots(
      from->repository(), session->repository(), invocation.arguments("SNAPSHOT"),
      session->around().progress("copying", "pieces"), session->stop()));
  session->around().end_progress();
  auto& output = invocation.output();
  if (output.is_json()) {
    write_json(output.json(), report);
  } else {
    write_text(output, report);
  }
  return ExitCode::done;
}

}  // namespace holdfast::cli
