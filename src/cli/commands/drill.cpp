// drill: carrying out drills, and recording what a person states about them.
#include "engine/drill.hpp"

#include <fmt/format.h>

#include "base/units.hpp"
#include "commands/handlers.hpp"
#include "commands/proof.hpp"
#include "invocation.hpp"
#include "strategy_session.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using engine::DrillOutcome;
using engine::DrillReport;

void write_component(JsonWriter& json, const engine::DrilledComponent& component) {
  json.begin_object();
  json.text("component", component.name);
  json.text("outcome", engine::drill_outcome_name(component.outcome));
  json.text("location", component.location);
  if (!component.snapshot.empty()) json.text("snapshot", component.snapshot);
  if (component.captured) json.text("captured", base::format_utc(*component.captured));
  json.integer("files", component.files);
  json.integer("bytes", component.bytes);
  json.number("fetch_seconds", component.fetch.seconds());
  json.number("start_seconds", component.start.seconds());
  json.number("replay_seconds", component.replay.seconds());
  json.number("service_seconds", component.service.seconds());
  json.number("check_seconds", component.check.seconds());
  json.text("message", component.message);
  json.end();
}

void write_check(JsonWriter& json, const engine::DrillCheck& check) {
  json.begin_object();
  json.text("kind", check.kind);
  json.text("on", check.on);
  json.text("text", check.text);
  json.text("outcome", engine::drill_outcome_name(check.outcome));
  json.text("message", check.message);
  json.number("duration_seconds", check.duration.seconds());
  json.text("confirmed_by", check.confirmed_by);
  if (check.confirmed_at) json.text("confirmed_at", base::format_utc(*check.confirmed_at));
  json.end();
}

Result<const strategy::Drill*> drill_named(const strategy::Strategy& strategy,
                                           const std::string& name) {
  const auto* found = strategy.drill(name);
  if (found != nullptr) return found;
  std::string names;
  for (const auto& each : strategy.drills) names += (names.empty() ? "" : ", ") + each.name;
  return Error(ErrorCode::not_found, fmt::format("the strategy has no drill '{}'", name))
      .with_hint(names.empty() ? "declare one under drills:" : "it has: " + names);
}

// Those named, or all of them.
Result<std::vector<const strategy::Drill*>> asked_drills(const Invocation& invocation,
                                                         const strategy::Strategy& strategy) {
  std::vector<const strategy::Drill*> asked;
  for (const auto& name : invocation.arguments("NAME")) {
    asked.push_back(TRY(drill_named(strategy, name)));
  }
  if (!asked.empty()) return asked;
  for (const auto& drill : strategy.drills) asked.push_back(&drill);
  if (asked.empty()) {
    return Error(ErrorCode::not_found, "the strategy has no drills")
        .with_hint("declare one under drills:");
  }
  return asked;
}

Result<std::string> only_name(const Invocation& invocation) {
  const auto& names = invocation.arguments("NAME");
  if (names.size() == 1) return names.front();
  return Error(ErrorCode::invalid_argument, "--confirm is about one drill")
      .with_hint("name it: holdfast drill NAME --confirm TEXT --by NAME");
}

Result<ExitCode> confirm(Invocation& invocation, StrategySession& session) {
  const auto by = invocation.option("by").value_or("");
  if (by.empty()) {
    return Error(ErrorCode::invalid_argument, "a confirmation needs a name")
        .with_hint("--by says who confirms it");
  }
  const auto report = TRY(
      engine::confirm_drill(session.workplace(), {.drill = TRY(only_name(invocation)),
                                                  .text = invocation.option("confirm").value_or(""),
                                                  .by = by}));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().begin_array("drills");
    write_drill(output.json(), report);
  } else {
    print_drill(output, report);
  }
  return exit_of(report);
}

}  // namespace

void write_drill(JsonWriter& json, const DrillReport& report) {
  json.begin_object();
  json.text("drill", report.drill);
  json.text("run", report.run);
  json.text("outcome", engine::drill_outcome_name(report.outcome));
  json.text("state", catalog::run_state_name(report.end.state));
  json.text("message", report.end.message);
  json.text("started", base::format_utc(report.started));
  if (report.instant) json.text("instant", base::format_utc(*report.instant));
  json.text("into", report.into);
  json.number("fetch_seconds", report.fetch.seconds());
  json.number("start_seconds", report.start.seconds());
  json.number("replay_seconds", report.replay.seconds());
  json.number("service_seconds", report.service.seconds());
  json.number("check_seconds", report.check.seconds());
  json.number("total_seconds", report.total.seconds());
  if (report.within) json.number("within_seconds", report.within->seconds());
  json.boolean("late", report.is_late());
  json.begin_array("components");
  for (const auto& each : report.components) write_component(json, each);
  json.end();
  json.begin_array("checks");
  for (const auto& each : report.checks) write_check(json, each);
  json.end();
  json.begin_array("notes");
  for (const auto& each : report.notes) json.text(each);
  json.end();
  json.end();
}

void print_drill(Output& output, const DrillReport& report) {
  for (const auto& each : report.components) {
    output.result(fmt::format("  {:<8} {:<16} {}{}{}", engine::drill_outcome_name(each.outcome),
                              each.name, base::format_duration(each.fetch),
                              each.location.empty() ? "" : " from " + each.location,
                              each.message.empty() ? "" : ": " + each.message));
  }
  for (const auto& each : report.checks) {
    output.result(fmt::format("  {:<8} {}{} {}{}", engine::drill_outcome_name(each.outcome),
                              each.kind, each.on.empty() ? "" : " on " + each.on, each.text,
                              each.message.empty() ? "" : ": " + each.message));
  }
  for (const auto& note : report.notes) output.warning(note);
  output.summary(fmt::format(
      "drill {}: {} in {}{} (run {})", report.drill, engine::drill_outcome_name(report.outcome),
      base::format_duration(report.total),
      report.is_late() ? ", more than " + base::format_duration(*report.within) : "", report.run));
  // What kept the drill from being carried out is no part of it.
  const bool has_parts = !report.checks.empty() || !report.components.empty();
  if (report.end.state == catalog::RunState::cancelled || !has_parts) {
    output.warning(report.end.message);
  }
}

ExitCode exit_of(const DrillReport& report) {
  if (report.end.state == catalog::RunState::cancelled) return ExitCode::failed;
  switch (report.outcome) {
    case DrillOutcome::failed: return ExitCode::damage;
    case DrillOutcome::unknown: return ExitCode::unverified;
    case DrillOutcome::passed: break;
  }
  return report.is_late() ? ExitCode::objective_missed : ExitCode::done;
}

ExitCode worse_proof(ExitCode a, ExitCode b) {
  for (const auto code :
       {ExitCode::failed, ExitCode::damage, ExitCode::unverified, ExitCode::objective_missed}) {
    if (a == code || b == code) return code;
  }
  return ExitCode::done;
}

Result<ExitCode> run_drill(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation));
  if (invocation.option("confirm")) return confirm(invocation, *session);
  if (invocation.option("by")) {
    return Error(ErrorCode::invalid_argument, "--by is for a confirmation")
        .with_hint("add --confirm TEXT");
  }
  const auto asked = TRY(asked_drills(invocation, session->strategy()));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().begin_array("drills");
  }
  auto exit = ExitCode::done;
  for (const auto* drill : asked) {
    const auto report =
        TRY(engine::run_drill(session->workplace(), *drill, {},
                              session->around().progress("restoring"), session->stop()));
    session->around().end_progress();
    exit = worse_proof(exit, exit_of(report));
    if (output.is_json()) {
      write_drill(output.json(), report);
    } else {
      print_drill(output, report);
    }
    if (report.end.state == catalog::RunState::cancelled) break;
  }
  return exit;
}

}  // namespace holdfast::cli
