// JSON of drills, and what follows from their parts.
#include "drill_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/units.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::array outcome_names{"passed", "failed", "unknown"};

Json time_json(const std::optional<base::Time>& time) {
  return time ? Json(time->nanoseconds) : Json(nullptr);
}

// Reading: what has another type counts as missing.
std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}
std::int64_t number_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}
std::uint64_t count_of(const Json& object, const char* name) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number_of(object, name), 0));
}
std::optional<base::Time> time_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  return base::Time{found->get<std::int64_t>()};
}
base::Duration duration_of(const Json& object, const char* name) {
  return {number_of(object, name)};
}
// Anything else is unknown, never passed.
DrillOutcome outcome_of(const Json& object) {
  const auto name = text_of(object, "outcome");
  if (name == outcome_names[0]) return DrillOutcome::passed;
  return name == outcome_names[1] ? DrillOutcome::failed : DrillOutcome::unknown;
}
std::vector<Json> elements_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_array()) return {};
  return {found->begin(), found->end()};
}

Json check_json(const DrillCheck& check) {
  return {{"kind", check.kind},
          {"on", check.on},
          {"text", check.text},
          {"outcome", drill_outcome_name(check.outcome)},
          {"message", check.message},
          {"duration", check.duration.nanoseconds},
          {"confirmed_by", check.confirmed_by},
          {"confirmed_at", time_json(check.confirmed_at)}};
}

Json component_json(const DrilledComponent& component) {
  return {{"name", component.name},
          {"location", component.location},
          {"snapshot", component.snapshot},
          {"captured", time_json(component.captured)},
          {"files", component.files},
          {"bytes", component.bytes},
          {"outcome", drill_outcome_name(component.outcome)},
          {"message", component.message},
          {"fetch", component.fetch.nanoseconds},
          {"start", component.start.nanoseconds},
          {"replay", component.replay.nanoseconds},
          {"service", component.service.nanoseconds},
          {"check", component.check.nanoseconds}};
}

DrillCheck check_of(const Json& json) {
  DrillCheck check;
  check.kind = text_of(json, "kind");
  check.on = text_of(json, "on");
  check.text = text_of(json, "text");
  check.outcome = outcome_of(json);
  check.message = text_of(json, "message");
  check.duration = duration_of(json, "duration");
  check.confirmed_by = text_of(json, "confirmed_by");
  check.confirmed_at = time_of(json, "confirmed_at");
  return check;
}

DrilledComponent component_of(const Json& json) {
  DrilledComponent component;
  component.name = text_of(json, "name");
  component.location = text_of(json, "location");
  component.snapshot = text_of(json, "snapshot");
  component.captured = time_of(json, "captured");
  component.files = count_of(json, "files");
  component.bytes = count_of(json, "bytes");
  component.outcome = outcome_of(json);
  component.message = text_of(json, "message");
  component.fetch = duration_of(json, "fetch");
  component.start = duration_of(json, "start");
  component.replay = duration_of(json, "replay");
  component.service = duration_of(json, "service");
  component.check = duration_of(json, "check");
  return component;
}

// What is wrong, in a sentence; empty if nothing is.
std::string sentence(const DrillReport& report) {
  for (const auto wanted : {DrillOutcome::failed, DrillOutcome::unknown}) {
    if (report.outcome != wanted) continue;
    for (const auto& each : report.components) {
      if (each.outcome == wanted) return each.name + ": " + each.message;
    }
    for (const auto& each : report.checks) {
      if (each.outcome == wanted)
        return fmt::format("{} {}: {}", each.kind, each.text, each.message);
    }
    return "nothing was restored";
  }
  if (!report.is_late()) return {};
  return fmt::format("it took {} instead of {}", base::format_duration(report.total),
                     base::format_duration(*report.within));
}

}  // namespace

std::string_view drill_outcome_name(DrillOutcome outcome) noexcept {
  return outcome_names[static_cast<std::size_t>(outcome)];
}

std::string encode_drill(const DrillReport& report) {
  Json json{{"run", report.run},
            {"drill", report.drill},
            {"outcome", drill_outcome_name(report.outcome)},
            {"state", catalog::run_state_name(report.end.state)},
            {"started", report.started.nanoseconds},
            {"ended", report.end.ended.nanoseconds},
            {"instant", time_json(report.instant)},
            {"into", report.into},
            {"fetch", report.fetch.nanoseconds},
            {"start", report.start.nanoseconds},
            {"replay", report.replay.nanoseconds},
            {"service", report.service.nanoseconds},
            {"check", report.check.nanoseconds},
            {"total", report.total.nanoseconds},
            {"message", report.end.message}};
  if (report.within) json["within"] = report.within->nanoseconds;
  json["components"] = Json::array();
  for (const auto& each : report.components) json["components"].push_back(component_json(each));
  json["checks"] = Json::array();
  for (const auto& each : report.checks) json["checks"].push_back(check_json(each));
  json["notes"] = report.notes;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<DrillReport> decode_drill(const std::string& body) {
  const auto json = Json::parse(body, nullptr, false);
  if (!json.is_object())
    return Error(ErrorCode::damaged, "the record of a drill is no JSON object");
  DrillReport report;
  report.run = text_of(json, "run");
  report.drill = text_of(json, "drill");
  report.outcome = outcome_of(json);
  report.end.state =
      catalog::parse_run_state(text_of(json, "state")).value_or(catalog::RunState::failed);
  report.end.message = text_of(json, "message");
  report.started = time_of(json, "started").value_or(base::Time{});
  report.end.ended = time_of(json, "ended").value_or(base::Time{});
  report.instant = time_of(json, "instant");
  report.into = text_of(json, "into");
  report.fetch = duration_of(json, "fetch");
  report.start = duration_of(json, "start");
  report.replay = duration_of(json, "replay");
  report.service = duration_of(json, "service");
  report.check = duration_of(json, "check");
  report.total = duration_of(json, "total");
  if (json.contains("within")) report.within = duration_of(json, "within");
  for (const auto& each : elements_of(json, "components")) {
    if (each.is_object()) report.components.push_back(component_of(each));
  }
  for (const auto& each : elements_of(json, "checks")) {
    if (each.is_object()) report.checks.push_back(check_of(each));
  }
  for (const auto& each : elements_of(json, "notes")) {
    if (each.is_string()) report.notes.push_back(each.get<std::string>());
  }
  return report;
}

DrillOutcome outcome_of_parts(const DrillReport& report) {
  auto outcome = report.components.empty() ? DrillOutcome::unknown : DrillOutcome::passed;
  const auto add = [&](DrillOutcome part) {
    if (part == DrillOutcome::failed) outcome = part;
    if (part == DrillOutcome::unknown && outcome == DrillOutcome::passed) outcome = part;
  };
  for (const auto& each : report.components) add(each.outcome);
  for (const auto& each : report.checks) add(each.outcome);
  return outcome;
}

void judge_drill(DrillReport& report) {
  report.outcome = outcome_of_parts(report);
  report.end.message = sentence(report);
  const bool is_right = report.outcome == DrillOutcome::passed && !report.is_late();
  report.end.state = report.outcome == DrillOutcome::failed ? catalog::RunState::failed
                     : is_right                             ? catalog::RunState::succeeded
                                                            : catalog::RunState::warnings;
  report.end.warning_count = report.end.state == catalog::RunState::warnings ? 1 : 0;
  report.end.size = 0;
  for (const auto& each : report.components) report.end.size += each.bytes;
}

}  // namespace holdfast::engine
