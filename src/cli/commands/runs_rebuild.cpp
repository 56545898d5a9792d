// runs rebuild.
#include <fmt/format.h>

#include "commands/handlers.hpp"
#include "engine/catalog_rebuild.hpp"
#include "invocation.hpp"
#include "strategy_session.hpp"

namespace holdfast::cli {

base::Result<ExitCode> run_runs_rebuild(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation));
  const auto report = TRY(engine::rebuild_catalog(session->workplace()));
  auto& output = invocation.output();
  if (output.is_json()) {
    auto& json = output.json();
    json.begin_object();
    json.integer("snapshots", report.snapshots);
    json.integer("runs", report.runs);
    json.integer("copies", report.copies);
    json.integer("plans", report.slots);
    json.begin_array("not_read");
    for (const auto& each : report.not_read) json.text(each);
    json.end();
  }
  for (const auto& each : report.not_read) output.warning(each);
  output.summary(
      fmt::format("{} snapshots read: {} runs and {} copies were unknown, {} plans moved on",
                  report.snapshots, report.runs, report.copies, report.slots));
  return report.not_read.empty() ? ExitCode::done : ExitCode::warnings;
}

}  // namespace holdfast::cli
