// Carrying out what a strategy says about components, by hand.
#include "commands/component.hpp"

#include <fmt/format.h>

#include <array>

#include "base/units.hpp"
#include "engine/place.hpp"
#include "engine/plan_run.hpp"
#include "strategy_file.hpp"
#include "strategy_session.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

// The plan to run by hand: the one asked for, else the first that takes snapshots itself.
Result<const strategy::Plan*> plan_of(const strategy::Component& component,
                                      const std::optional<std::string>& name) {
  if (name) {
    const auto* plan = component.plan(*name);
    if (plan != nullptr) return plan;
    std::string names;
    for (const auto& each : component.plans) names += (names.empty() ? "" : ", ") + each.name;
    return Error(ErrorCode::not_found,
                 fmt::format("component {} has no plan '{}'", component.name, *name))
        .with_hint("it has: " + names);
  }
  for (const auto& plan : component.plans) {
    const bool is_built = strategy::is_built(component.kind, plan.type) == strategy::Built::yes;
    if (plan.enabled && is_built && plan.copy_of.empty() && !plan.is_log()) return &plan;
  }
  return Error(ErrorCode::invalid_argument,
               fmt::format("component {} has no plan that takes snapshots", component.name))
      .with_hint("--plan names one");
}

Result<std::vector<engine::PlanRun>> asked_runs(const Invocation& invocation,
                                                const StrategySession& session) {
  std::vector<engine::PlanRun> runs;
  const auto name = invocation.option("plan");
  const auto add = [&](const strategy::Component& component) -> Result<void> {
    runs.push_back({.component = &component,
                    .plans = {TRY(plan_of(component, name))},
                    .reason = catalog::RunReason::command,
                    .slot = {},
                    .happening = {}});
    return {};
  };
  for (const auto& each : invocation.arguments("PATH")) {
    TRY(add(*TRY(session.component(each))));
  }
  if (!runs.empty()) return runs;
  for (const auto& component : session.strategy().components) {
    // What can't be backed up yet is told, not counted as a failure of what can.
    if (!component.enabled || component.kind == strategy::ComponentKind::part) continue;
    if (strategy::is_built(component.kind) == strategy::Built::yes) TRY(add(component));
  }
  if (runs.empty()) {
    return Error(ErrorCode::unsupported, "the strategy has no component that can be backed up yet")
        .with_hint("'holdfast strategy check' lists what isn't built");
  }
  return runs;
}

void write_run(JsonWriter& json, const engine::PlanRun& what, const engine::PlanRunReport& report) {
  json.begin_object();
  json.text("run", report.run);
  json.text("component", what.component->name);
  json.text("plan", what.plans.front()->name);
  json.text("state", catalog::run_state_name(report.end.state));
  if (!report.end.snapshot.empty()) json.text("snapshot", report.end.snapshot);
  json.integer("bytes", report.end.size);
  json.integer("bytes_read", report.end.bytes_read);
  json.integer("bytes_new", report.end.bytes_new);
  json.integer("bytes_stored", report.end.bytes_stored);
  json.text("message", report.end.message);
  json.begin_array("places");
  for (const auto& place : report.places) {
    constexpr std::array states{"captured", "copied", "waiting"};
    json.begin_object();
    json.text("location", place.location);
    json.text("state", states[static_cast<std::size_t>(place.state)]);
    if (!place.snapshot.empty()) json.text("snapshot", place.snapshot);
    json.integer("bytes_stored", place.bytes_stored);
    json.integer("expired", place.expired);
    json.text("message", place.message);
    json.end();
  }
  json.end();
  json.begin_array("warnings");
  for (const auto& warning : report.warnings) json.text(warning);
  json.end();
  json.end();
}

void print_run(Output& output, const engine::PlanRun& what, const engine::PlanRunReport& report) {
  for (const auto& warning : report.warnings) output.warning(warning);
  output.summary(fmt::format("{}/{}: {} (run {})", what.component->name, what.plans.front()->name,
                             catalog::run_state_name(report.end.state), report.run));
  for (const auto& place : report.places) {
    if (place.snapshot.empty()) {
      output.summary(fmt::format("  {:<12} waits: {}", place.location, place.message));
    } else if (place.kind == strategy::LocationKind::mirror) {
      output.summary(fmt::format("  {:<12} commit {}, {} refs changed", place.location,
                                 place.snapshot.substr(0, 8), place.refs_changed));
    } else {
      output.summary(fmt::format("  {:<12} snapshot {}, {} stored", place.location,
                                 place.snapshot.substr(0, 8),
                                 base::format_size(place.bytes_stored)));
    }
  }
  if (!report.end.message.empty()) output.warning(report.end.message);
}

ExitCode worse(ExitCode a, ExitCode b) {
  if (a == ExitCode::failed || b == ExitCode::failed) return ExitCode::failed;
  return a == ExitCode::done ? b : a;
}

ExitCode exit_of(catalog::RunState state) {
  switch (state) {
    case catalog::RunState::succeeded: return ExitCode::done;
    case catalog::RunState::warnings: return ExitCode::warnings;
    default: return ExitCode::failed;
  }
}

}  // namespace

Result<ExitCode> init_strategy(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation));
  const auto made = TRY(engine::make_places(session->workplace()));
  auto& output = invocation.output();
  auto exit = ExitCode::done;
  if (output.is_json()) {
    output.json().begin_object();
    output.json().begin_array("locations");
  }
  for (const auto& place : made) {
    constexpr std::array outcomes{"made", "was there", "failed"};
    const auto* outcome = outcomes[static_cast<std::size_t>(place.outcome)];
    const auto message = place.error ? place.error->to_string() : std::string();
    if (place.outcome == engine::MadePlace::Outcome::failed) exit = ExitCode::failed;
    if (output.is_json()) {
      output.json().begin_object();
      output.json().text("location", place.location);
      output.json().text("url", place.url);
      output.json().text("outcome", outcome);
      output.json().text("message", message);
      output.json().end();
    } else if (place.error) {
      output.warning(message);
      if (!place.error->hint().empty()) output.warning("hint: " + place.error->hint());
    } else {
      output.summary(fmt::format("{:<12} {} at {}", place.location, outcome, place.url));
    }
  }
  return exit;
}

Result<ExitCode> back_up_components(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation));
  const auto runs = TRY(asked_runs(invocation, *session));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().begin_array("runs");
  }
  auto exit = ExitCode::done;
  for (const auto& what : runs) {
    const auto report = TRY(engine::run_plans(
        session->workplace(), what, session->around().progress("backing up"), session->stop()));
    session->around().end_progress();
    exit = worse(exit, exit_of(report.end.state));
    if (output.is_json()) {
      write_run(output.json(), what, report);
    } else {
      print_run(output, what, report);
    }
    if (report.end.state == catalog::RunState::cancelled) break;
  }
  return exit;
}

bool is_component(const Invocation& invocation, const std::string& name) {
  const auto parsed = parse_strategy_file(invocation);
  return parsed.ok() && parsed.value().strategy.component(name) != nullptr;
}

}  // namespace holdfast::cli
