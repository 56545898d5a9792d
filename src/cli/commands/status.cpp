// status: one screen.
#include "engine/status.hpp"

#include <fmt/format.h>

#include "base/units.hpp"
#include "commands/handlers.hpp"
#include "invocation.hpp"
#include "strategy/when.hpp"
#include "strategy_session.hpp"

namespace holdfast::cli {

namespace {

using base::Result;
using engine::ComponentStatus;
using engine::PlaceStatus;

void write_place(JsonWriter& json, const PlaceStatus& place) {
  json.begin_object();
  json.text("location", place.location);
  json.text("state", engine::place_state_name(place.state));
  json.integer("snapshots", place.snapshots);
  if (place.newest) json.text("newest", base::format_utc(*place.newest));
  json.text("newest_snapshot", place.newest_snapshot);
  if (place.age) json.number("age_seconds", place.age->seconds());
  if (place.expected) json.number("expected_seconds", place.expected->seconds());
  json.text("proved", place.proved);
  if (place.proved_at) json.text("proved_at", base::format_utc(*place.proved_at));
  json.text("message", place.message);
  json.end();
}

void write_component(JsonWriter& json, const ComponentStatus& component) {
  json.begin_object();
  json.text("name", component.name);
  json.text("kind", component.kind);
  json.boolean("built", component.is_built);
  json.boolean("enabled", component.is_enabled);
  json.text("objective", engine::objective_name(component.objective));
  if (component.rpo) json.number("rpo_seconds", component.rpo->seconds());
  if (component.rto) json.number("rto_seconds", component.rto->seconds());
  json.begin_array("places");
  for (const auto& place : component.places) write_place(json, place);
  json.end();
  json.begin_array("mirrors");
  for (const auto& mirror : component.mirrors) {
    json.begin_object();
    json.text("location", mirror.location);
    json.text("state", engine::mirror_state_name(mirror.state));
    json.integer("refs_behind", mirror.refs_behind);
    if (mirror.age) json.number("age_seconds", mirror.age->seconds());
    json.text("message", mirror.message);
    json.end();
  }
  json.end();
  if (component.last_run) {
    json.begin_object("last_run");
    json.text("run", component.last_run->id);
    json.text("plan", component.last_run->start.plan);
    json.text("state", catalog::run_state_name(component.last_run->end.state));
    json.text("started", base::format_utc(component.last_run->start.started));
    json.text("message", component.last_run->end.message);
    json.end();
  }
  if (component.next_run) {
    json.text("next_run", base::format_utc(*component.next_run));
    json.text("next_plan", component.next_plan);
  }
  json.end();
}

std::string place_line(const PlaceStatus& place) {
  auto line =
      fmt::format("    {:<12} {:<8}", place.location, engine::place_state_name(place.state));
  if (place.age) {
    line += fmt::format(" {} old", base::format_duration(*place.age));
    if (place.expected) line += fmt::format(" (at most {})", strategy::describe(*place.expected));
    line += fmt::format(", {} snapshots", place.snapshots);
  }
  if (!place.proved.empty()) line += ", " + place.proved;
  return place.message.empty() ? line : line + " " + place.message;
}

std::string mirror_line(const engine::MirrorStatus& mirror) {
  auto line =
      fmt::format("    {:<12} {}", mirror.location, engine::mirror_state_name(mirror.state));
  if (mirror.refs_behind > 0) line += fmt::format(" by {} refs", mirror.refs_behind);
  if (mirror.age) {
    line += fmt::format(", the oldest commit is {} old", base::format_duration(*mirror.age));
  }
  return mirror.message.empty() ? line : line + " " + mirror.message;
}

void print_component(Output& output, const ComponentStatus& component,
                     const strategy::TimeZone& zone) {
  auto head = fmt::format("{} ({})", component.name, component.kind);
  if (!component.is_enabled) head += ", switched off";
  if (!component.is_built) head += ", not built yet: nothing backs it up";
  if (component.rpo) {
    head += fmt::format(": RPO {} {}", strategy::describe(*component.rpo),
                        engine::objective_name(component.objective));
  }
  output.result(head);
  for (const auto& place : component.places) output.result(place_line(place));
  for (const auto& mirror : component.mirrors) output.result(mirror_line(mirror));
  if (component.last_run && component.last_run->end.state != catalog::RunState::succeeded) {
    output.result(fmt::format("    last run {}: {} {}", component.last_run->id,
                              catalog::run_state_name(component.last_run->end.state),
                              component.last_run->end.message));
  }
  if (component.next_run && component.is_built) {
    output.result(fmt::format("    next         {} ({})", zone.format(*component.next_run),
                              component.next_plan));
  }
}

// The worst that is known: a promise that is broken, else one of which nothing is known.
ExitCode exit_of(const engine::StrategyStatus& status) {
  bool is_unknown = false;
  for (const auto& component : status.components) {
    if (!component.is_enabled || !component.is_built) continue;
    if (component.objective == ComponentStatus::Objective::missed)
      return ExitCode::objective_missed;
    if (component.objective == ComponentStatus::Objective::unknown) is_unknown = true;
    for (const auto& place : component.places) {
      if (place.state == PlaceStatus::State::unknown) is_unknown = true;
    }
    for (const auto& mirror : component.mirrors) {
      if (mirror.state == engine::MirrorStatus::State::unknown) is_unknown = true;
    }
  }
  return is_unknown ? ExitCode::unverified : ExitCode::done;
}

}  // namespace

Result<ExitCode> run_status(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation));
  const auto status = TRY(engine::status_of(session->workplace()));
  auto& output = invocation.output();
  if (output.is_json()) {
    auto& json = output.json();
    json.begin_object();
    json.text("strategy", session->strategy().name);
    json.text("environment", session->strategy().environment);
    json.text("at", base::format_utc(status.at));
    json.begin_array("components");
    for (const auto& component : status.components) write_component(json, component);
    json.end();
    json.begin_array("findings");
    for (const auto& finding : status.findings) {
      json.begin_object();
      json.text("kind", finding.kind);
      json.text("severity", finding.severity);
      json.text("component", finding.component);
      json.text("plan", finding.plan);
      json.text("location", finding.location);
      json.text("message", finding.message);
      json.text("advice", finding.advice);
      json.text("opened", base::format_utc(finding.opened));
      json.end();
    }
    json.end();
    json.integer("waiting_copies", status.waiting_copies);
  } else {
    for (const auto& component : status.components) {
      print_component(output, component, session->workplace().zone);
    }
    for (const auto& finding : status.findings) {
      output.result(fmt::format("{}: {} {}", finding.severity, finding.message, finding.advice));
    }
    if (status.waiting_copies > 0) {
      output.result(fmt::format("{} copies wait for their location", status.waiting_copies));
    }
  }
  return exit_of(status);
}

}  // namespace holdfast::cli
