// The only source of this layer that sees nlohmann's library. Members are named as in what the
// commands print with --json.
#include "api_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/bytes.hpp"
#include "base/clock.hpp"

namespace holdfast::server {

using base::Error;
using base::ErrorCode;
using base::Result;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::size_t name_size_max = 256;
constexpr std::size_t value_size_max = 4096;
constexpr std::size_t tags_max = 64;
constexpr int depth_max = 8;

// Bytes that are no UTF-8 become U+FFFD: this throws no exception.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json place(const engine::PlaceStatus& place) {
  Json json{{"location", place.location},
            {"state", engine::place_state_name(place.state)},
            {"snapshots", place.snapshots}};
  if (place.newest) json["newest"] = base::format_utc(*place.newest);
  json["newest_snapshot"] = place.newest_snapshot;
  if (place.age) json["age_seconds"] = place.age->seconds();
  if (place.expected) json["expected_seconds"] = place.expected->seconds();
  json["proved"] = place.proved;
  if (place.proved_at) json["proved_at"] = base::format_utc(*place.proved_at);
  json["message"] = place.message;
  return json;
}

Json component(const engine::ComponentStatus& component) {
  Json json{{"name", component.name},
            {"kind", component.kind},
            {"built", component.is_built},
            {"enabled", component.is_enabled},
            {"objective", engine::objective_name(component.objective)}};
  if (component.rpo) json["rpo_seconds"] = component.rpo->seconds();
  if (component.rto) json["rto_seconds"] = component.rto->seconds();
  json["places"] = Json::array();
  for (const auto& each : component.places) json["places"].push_back(place(each));
  if (component.last_run) {
    const auto& run = *component.last_run;
    json["last_run"] = Json{{"run", run.id},
                            {"plan", run.start.plan},
                            {"state", catalog::run_state_name(run.end.state)},
                            {"started", base::format_utc(run.start.started)},
                            {"message", run.end.message}};
  }
  if (component.next_run) {
    json["next_run"] = base::format_utc(*component.next_run);
    json["next_plan"] = component.next_plan;
  }
  return json;
}

Json finding(const catalog::FindingRecord& finding) {
  Json json{{"number", finding.number},
            {"kind", finding.kind},
            {"severity", finding.severity},
            {"component", finding.component},
            {"plan", finding.plan},
            {"location", finding.location},
            {"message", finding.message},
            {"advice", finding.advice},
            {"opened", base::format_utc(finding.opened)}};
  if (finding.closed) json["closed"] = base::format_utc(*finding.closed);
  return json;
}

Json findings(const std::vector<catalog::FindingRecord>& list) {
  auto json = Json::array();
  for (const auto& each : list) json.push_back(finding(each));
  return json;
}

Json run(const catalog::RunRecord& run) {
  Json json{{"run", run.id},
            {"kind", catalog::run_kind_name(run.start.kind)},
            {"component", run.start.component},
            {"plan", run.start.plan},
            {"reason", catalog::run_reason_name(run.start.reason)}};
  if (run.start.slot) json["slot"] = base::format_utc(*run.start.slot);
  json["started"] = base::format_utc(run.start.started);
  json["state"] = catalog::run_state_name(run.end.state);
  if (run.end.state != catalog::RunState::running) {
    json["ended"] = base::format_utc(run.end.ended);
    json["duration_seconds"] = (run.end.ended - run.start.started).seconds();
  }
  json["snapshot"] = run.end.snapshot;
  json["bytes"] = run.end.size;
  json["bytes_read"] = run.end.bytes_read;
  json["bytes_new"] = run.end.bytes_new;
  json["bytes_stored"] = run.end.bytes_stored;
  json["warning_count"] = run.end.warning_count;
  json["message"] = run.end.message;
  return json;
}

Error bad_event(std::string what) {
  return Error(ErrorCode::invalid_argument, std::move(what))
      .with_hint(
          "send {\"event\": NAME, \"id\": ID, \"tags\": {KEY: VALUE}}; id and tags may be "
          "left out");
}

// Text without control characters: it comes to logs and terminals.
Result<std::string> word(const Json& json, const std::string& name, std::size_t size_max) {
  if (!json.is_string()) return bad_event(name + " is no text");
  const auto& text = json.get_ref<const std::string&>();
  if (text.size() > size_max) {
    return bad_event(fmt::format("{} is longer than {} bytes", name, size_max));
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return bad_event(name + " holds a control character");
  }
  return text;
}

Result<void> read_tags(const Json& tags, catalog::HappeningRecord& record) {
  if (!tags.is_object()) return bad_event("tags is no object");
  if (tags.size() > tags_max) return bad_event(fmt::format("more than {} tags", tags_max));
  for (const auto& [key, value] : tags.items()) {
    const auto name = TRY(word(Json(key), "a tag's key", name_size_max));
    if (name.empty()) return bad_event("a tag's key is empty");
    record.tags[name] = TRY(word(value, "the tag " + name, value_size_max));
  }
  return {};
}

// Nothing if it is no JSON, or too deep, or has a key twice in one object.
std::optional<Json> parse_json(const std::string& body) {
  std::vector<std::vector<std::string>> keys;
  bool is_refused = false;
  const auto look = [&](int depth, Json::parse_event_t event, Json& parsed) {
    using Event = Json::parse_event_t;
    if (depth > depth_max) is_refused = true;
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key) {
      auto& known = keys.back();
      const auto& key = parsed.get_ref<const std::string&>();
      if (std::find(known.begin(), known.end(), key) != known.end() || known.size() > tags_max) {
        is_refused = true;
      } else {
        known.push_back(key);
      }
    }
    return !is_refused;
  };
  auto json = Json::parse(body, look, /*allow_exceptions=*/false);
  if (is_refused || json.is_discarded()) return std::nullopt;
  return json;
}

}  // namespace

std::string status_json(const StatusAnswer& answer) {
  Json json{{"strategy", answer.strategy},
            {"environment", answer.environment},
            {"at", base::format_utc(answer.status.at)},
            {"components", Json::array()}};
  for (const auto& each : answer.status.components) json["components"].push_back(component(each));
  json["findings"] = findings(answer.status.findings);
  json["waiting_copies"] = answer.status.waiting_copies;
  return text_of(json);
}

std::string runs_json(const std::vector<catalog::RunRecord>& runs) {
  Json json{{"runs", Json::array()}};
  for (const auto& each : runs) json["runs"].push_back(run(each));
  return text_of(json);
}

std::string run_json(const RunAnswer& answer) {
  auto json = run(answer.run);
  json["copies"] = Json::array();
  for (const auto& copy : answer.copies) {
    json["copies"].push_back(Json{{"location", copy.location},
                                  {"state", catalog::copy_state_name(copy.state)},
                                  {"snapshot", copy.snapshot},
                                  {"bytes_stored", copy.bytes_stored},
                                  {"attempts", copy.attempts},
                                  {"message", copy.message}});
  }
  json["lines"] = Json::array();
  for (const auto& line : answer.lines) {
    json["lines"].push_back(Json{{"at", base::format_utc(line.at)}, {"text", line.text}});
  }
  return text_of(json);
}

std::string cancelled_json(const catalog::RunRecord& run) { return text_of(Json{{"run", run.id}}); }

std::string findings_json(const std::vector<catalog::FindingRecord>& list) {
  return text_of(Json{{"findings", findings(list)}});
}

std::string event_json(const std::string& event, std::int64_t number) {
  return text_of(Json{{"number", number}, {"event", event}});
}

std::string done_json(const std::string& name) { return text_of(Json{{name, true}}); }

std::string error_json(const Error& error) {
  return text_of(Json{{"error",
                       {{"code", base::error_code_name(error.code())},
                        {"message", error.message()},
                        {"context", error.context()},
                        {"hint", error.hint()}}}});
}

Result<catalog::HappeningRecord> parse_event(const std::string& body) {
  const auto json = parse_json(body);
  if (!json || !json->is_object()) return bad_event("the body is no JSON object");
  catalog::HappeningRecord record;
  for (const auto& [key, value] : json->items()) {
    if (key == "event") {
      record.event = TRY(word(value, "event", name_size_max));
    } else if (key == "id") {
      record.id = TRY(word(value, "id", name_size_max));
    } else if (key == "tags") {
      TRY(read_tags(value, record));
    } else {
      return bad_event(fmt::format("'{}' is no member of an event", base::printable(key)));
    }
  }
  if (record.event.empty()) return bad_event("the event's name is missing");
  return record;
}

}  // namespace holdfast::server
