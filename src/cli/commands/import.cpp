// import.
#include "engine/import.hpp"

#include <fmt/format.h>

#include <array>

#include "base/units.hpp"
#include "commands/handlers.hpp"
#include "invocation.hpp"
#include "requests.hpp"
#include "strategy_session.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

Result<base::Time> taken_at(const Invocation& invocation) {
  const auto text = TRY(invocation.required("taken-at"));
  auto parsed = base::parse_utc(text);
  if (parsed.ok()) return parsed;
  return Error(ErrorCode::invalid_argument, fmt::format("--taken-at {}: no time", text))
      .with_hint("write it in UTC, like 2025-12-04T14:30:00Z");
}

// The one that is named, or the only one.
Result<const strategy::Component*> component_of(const Invocation& invocation,
                                                const StrategySession& session) {
  if (const auto name = invocation.option("component")) return session.component(*name);
  const strategy::Component* only = nullptr;
  for (const auto& component : session.strategy().components) {
    if (component.kind == strategy::ComponentKind::part) continue;
    if (only != nullptr) {
      return Error(ErrorCode::invalid_argument, "of which component is it a backup?")
          .with_hint("--component names it");
    }
    only = &component;
  }
  if (only != nullptr) return only;
  return Error(ErrorCode::invalid_argument, "the strategy has no component")
      .with_hint("declare it first, with the plan that keeps its snapshots");
}

Result<const strategy::Plan*> plan_of(const Invocation& invocation,
                                      const strategy::Component& component) {
  const auto name = invocation.option("plan");
  for (const auto& plan : component.plans) {
    const bool fits = name ? plan.name == *name : plan.copy_of.empty() && !plan.is_log();
    if (fits) return &plan;
  }
  return Error(ErrorCode::invalid_argument,
               name ? fmt::format("component {} has no plan '{}'", component.name, *name)
                    : fmt::format("component {} has no plan that takes snapshots", component.name))
      .with_hint("--plan names the one by whose rules it is kept");
}

void write_json(JsonWriter& json, const engine::ImportRequest& request,
                const engine::ImportReport& report) {
  constexpr std::array states{"captured", "copied", "waiting"};
  json.begin_object();
  json.text("run", report.run.run);
  json.text("component", request.component->name);
  json.text("plan", request.plan->name);
  json.text("taken_at", base::format_utc(request.taken_at));
  json.text("state", catalog::run_state_name(report.run.end.state));
  json.text("snapshot", report.run.end.snapshot);
  json.text("sha256", report.sha256);
  json.integer("bytes", report.run.end.size);
  json.integer("bytes_stored", report.run.end.bytes_stored);
  json.begin_array("places");
  for (const auto& place : report.run.places) {
    json.begin_object();
    json.text("location", place.location);
    json.text("state", states[static_cast<std::size_t>(place.state)]);
    json.text("snapshot", place.snapshot);
    json.text("message", place.message);
    json.end();
  }
  json.end();
  json.begin_array("expired_at");
  for (const auto& name : report.expired_at) json.text(name);
  json.end();
  json.begin_array("warnings");
  for (const auto& warning : report.run.warnings) json.text(warning);
  json.end();
}

}  // namespace

Result<ExitCode> run_import(Invocation& invocation) {
  engine::ImportRequest request;
  request.taken_at = TRY(taken_at(invocation));
  const auto& word = invocation.argument("FILE");
  request.path =
      TRY(parse_path(word.starts_with('/') || word.starts_with('.') ? word : "./" + word));
  const auto session = TRY(StrategySession::open(invocation));
  request.component = TRY(component_of(invocation, *session));
  request.plan = TRY(plan_of(invocation, *request.component));
  const auto report = TRY(engine::import_backup(
      session->workplace(), request, session->around().progress("importing"), session->stop()));
  session->around().end_progress();
  auto& output = invocation.output();
  if (output.is_json()) {
    write_json(output.json(), request, report);
  } else {
    for (const auto& warning : report.run.warnings) output.warning(warning);
    output.summary(fmt::format("snapshot {} of {}, as of {}", report.run.end.snapshot.substr(0, 8),
                               request.component->name, base::format_utc(request.taken_at)));
    if (!report.sha256.empty()) output.summary("  sha256    " + report.sha256);
    output.summary(fmt::format("  size      {}, stored in {}",
                               base::format_size(report.run.end.size),
                               base::format_size(report.run.end.bytes_stored)));
  }
  return report.run.warnings.empty() ? ExitCode::done : ExitCode::warnings;
}

}  // namespace holdfast::cli
