// status: one screen.
#include "engine/status.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.hpp"
#include "commands/handlers.hpp"
#include "invocation.hpp"
#include "strategy/when.hpp"
#include "strategy_session.hpp"
#include "wire/postgres_messages.hpp"

namespace holdfast::cli {

namespace {

using base::Result;
using engine::ComponentStatus;
using engine::PlaceStatus;
using engine::VerificationStatus;

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
  if (place.oldest) json.text("oldest", base::format_utc(*place.oldest));
  if (place.verified_at) json.text("verified_at", base::format_utc(*place.verified_at));
  json.integer("damaged", place.damaged);
  json.text("log", engine::place_log_name(place.log));
  if (place.log_end) {
    json.text("log_end", base::format_utc(place.log_end->at));
    json.text("log_position", wire::format_lsn(place.log_end->position));
  }
  json.end();
}

void write_verification(JsonWriter& json, const VerificationStatus& verification) {
  json.begin_object();
  json.text("name", verification.name);
  json.text("location", verification.location);
  json.text("level", verification.level);
  json.text("drill", verification.drill);
  json.text("state", engine::verification_state_name(verification.state));
  if (verification.at) json.text("at", base::format_utc(*verification.at));
  if (verification.age) json.number("age_seconds", verification.age->seconds());
  if (verification.expected) json.number("expected_seconds", verification.expected->seconds());
  json.text("message", verification.message);
  json.end();
}

void write_drill_status(JsonWriter& json, const engine::DrillStatus& drill) {
  json.begin_object("last_drill");
  json.text("drill", drill.drill);
  json.text("run", drill.run);
  json.text("outcome", drill.outcome);
  json.text("at", base::format_utc(drill.at));
  json.number("duration_seconds", drill.duration.seconds());
  json.boolean("late", drill.is_late);
  json.text("message", drill.message);
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
  json.text("recovery", engine::objective_name(component.recovery));
  json.begin_array("verifications");
  for (const auto& each : component.verifications) write_verification(json, each);
  json.end();
  if (component.last_drill) write_drill_status(json, *component.last_drill);
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
  if (place.log == PlaceStatus::Log::flows) line += ", with log";
  if (place.log == PlaceStatus::Log::broken) line += ", its log has a GAP";
  if (!place.proved.empty()) line += ", " + place.proved;
  if (place.damaged > 0) line += fmt::format(", {} DAMAGED", place.damaged);
  return place.message.empty() ? line : line + " " + place.message;
}

std::string verification_line(const VerificationStatus& each) {
  auto line = fmt::format("    {:<12} {:<8} {} {}", each.name,
                          engine::verification_state_name(each.state), each.level,
                          each.drill.empty() ? "at " + each.location : "by drill " + each.drill);
  if (each.age) line += fmt::format(", {} ago", base::format_duration(*each.age));
  if (each.state == VerificationStatus::State::overdue && each.expected) {
    line += fmt::format(" (at most {})", strategy::describe(*each.expected));
  }
  return each.message.empty() ? line : line + ": " + each.message;
}

std::string drill_line(const ComponentStatus& component) {
  std::string promise;
  if (component.rto) {
    promise = fmt::format("; RTO {} {}", strategy::describe(*component.rto),
                          engine::objective_name(component.recovery));
  }
  if (!component.last_drill) return "    no drill yet" + promise;
  const auto& drill = *component.last_drill;
  return fmt::format("    drill        {:<8} {} in {}{}{}{}", drill.outcome, drill.drill,
                     base::format_duration(drill.duration), drill.is_late ? ", too late" : "",
                     promise, drill.message.empty() ? "" : ": " + drill.message);
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
  for (const auto& each : component.verifications) output.result(verification_line(each));
  if (component.is_built && (component.rto || component.last_drill)) {
    output.result(drill_line(component));
  }
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

bool is_damaged(const ComponentStatus& component) {
  using State = VerificationStatus::State;
  const auto& all = component.verifications;
  const auto& places = component.places;
  return std::any_of(all.begin(), all.end(),
                     [](const auto& each) { return each.state == State::failed; }) ||
         std::any_of(places.begin(), places.end(),
                     [](const auto& place) { return place.damaged > 0; });
}

bool is_unknown(const ComponentStatus& component) {
  using Objective = ComponentStatus::Objective;
  using State = VerificationStatus::State;
  const auto& all = component.verifications;
  const auto& places = component.places;
  const auto& mirrors = component.mirrors;
  return component.objective == Objective::unknown || component.recovery == Objective::unknown ||
         std::any_of(
             places.begin(), places.end(),
             [](const auto& place) { return place.state == PlaceStatus::State::unknown; }) ||
         std::any_of(
             mirrors.begin(), mirrors.end(),
             [](const auto& each) { return each.state == engine::MirrorStatus::State::unknown; }) ||
         std::any_of(all.begin(), all.end(), [](const auto& each) {
           return each.state == State::unknown || each.state == State::overdue;
         });
}

bool misses(const ComponentStatus& component) {
  using Objective = ComponentStatus::Objective;
  return component.objective == Objective::missed || component.recovery == Objective::missed;
}

// The worst that is known: damage, else a promise that is broken, else one of which nothing is
// known.
ExitCode exit_of(const engine::StrategyStatus& status) {
  auto exit = ExitCode::done;
  for (const auto& component : status.components) {
    if (!component.is_enabled || !component.is_built) continue;
    if (is_damaged(component)) return ExitCode::damage;
    if (misses(component)) {
      exit = ExitCode::objective_missed;
    } else if (is_unknown(component) && exit == ExitCode::done) {
      exit = ExitCode::unverified;
    }
  }
  return exit;
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
