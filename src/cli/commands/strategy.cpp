// strategy check, explain, plan, forecast, schema.
#include <fmt/format.h>

#include <charconv>

#include "base/units.hpp"
#include "commands/handlers.hpp"
#include "invocation.hpp"
#include "strategy/agenda.hpp"
#include "strategy/checks.hpp"
#include "strategy/explain.hpp"
#include "strategy/forecast.hpp"
#include "strategy/schema.hpp"
#include "strategy_file.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using strategy::Severity;

Result<base::Time> start_of(const Invocation& invocation) {
  const auto text = invocation.option("start");
  if (!text) return base::SystemClock().now();
  return base::parse_utc(*text).with_context("--start");
}

Result<base::Duration> horizon_of(const Invocation& invocation) {
  const auto within =
      TRY(base::parse_duration(*invocation.option("within")).with_context("--within"));
  if (within > base::days(10 * 366) || within.nanoseconds <= 0) {
    return Error(ErrorCode::invalid_argument, "--within: more than nothing, and at most ten years")
        .with_hint("write 7d or 365d");
  }
  return within;
}

void write_diagnostics(const strategy::Parsed& parsed, Output& output) {
  auto& json = output.json();
  const auto& diagnostics = parsed.diagnostics;
  json.begin_object();
  json.integer("errors", diagnostics.count(Severity::error));
  json.integer("warnings", diagnostics.count(Severity::warning));
  json.integer("notes", diagnostics.count(Severity::note));
  json.text("environment", parsed.strategy.environment);
  json.begin_array("diagnostics");
  for (const auto& each : diagnostics.all()) {
    const auto& files = parsed.strategy.files;
    json.begin_object();
    json.text("severity", severity_name(each.severity));
    json.text("file", each.position.file < files.size() ? files[each.position.file] : "");
    json.integer("line", each.position.line);
    json.integer("column", each.position.column);
    json.text("message", each.message);
    json.text("text", each.text);
    json.text("hint", each.hint);
    json.end();
  }
}

void print_diagnostics(const strategy::Parsed& parsed, Output& output) {
  for (const auto& each : parsed.diagnostics.all()) {
    output.result(format(each, parsed.strategy.files));
    // The message often quotes what stands there already.
    if (!each.text.empty() && each.message.find(each.text) == std::string::npos) {
      output.result(fmt::format("    {}", each.text));
    }
    if (!each.hint.empty()) output.result(fmt::format("    {}", each.hint));
  }
  if (const auto dropped = parsed.diagnostics.dropped(); dropped > 0) {
    output.result(fmt::format("{} more of the same severities are not shown", dropped));
  }
  const auto count = [&](Severity severity) {
    const auto number = parsed.diagnostics.count(severity);
    return fmt::format("{} {}{}", number, severity_name(severity), number == 1 ? "" : "s");
  };
  output.summary(fmt::format("{} ({}): {}, {}, {}", parsed.strategy.name,
                             parsed.strategy.environment, count(Severity::error),
                             count(Severity::warning), count(Severity::note)));
}

std::vector<std::string> asked_components(const Invocation& invocation,
                                          const strategy::Strategy& strategy) {
  auto names = invocation.arguments("COMPONENT");
  if (!names.empty()) return names;
  for (const auto& component : strategy.components) names.push_back(component.name);
  return names;
}

Result<strategy::ForecastAssumptions> assumptions_of(const Invocation& invocation,
                                                     const strategy::Strategy& strategy) {
  strategy::ForecastAssumptions made{.start = TRY(start_of(invocation)),
                                     .length = TRY(horizon_of(invocation))};
  for (const auto& text : invocation.options("size")) {
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    if (equals == std::string::npos || strategy.component(name) == nullptr) {
      return Error(ErrorCode::invalid_argument, fmt::format("--size {}: no such component", text))
          .with_hint("write --size COMPONENT=SIZE, like --size database=40GB");
    }
    made.sizes[name] = TRY(base::parse_size(text.substr(equals + 1)).with_context("--size"));
  }
  const auto churn = *invocation.option("churn");
  double percent = -1;
  const auto [end, error] = std::from_chars(churn.data(), churn.data() + churn.size(), percent);
  const bool is_share = percent >= 0 && percent <= 100;  // which no NaN is
  if (error != std::errc() || std::string_view(end) != "%" || !is_share) {
    return Error(ErrorCode::invalid_argument, fmt::format("--churn {}: no percentage", churn))
        .with_hint("write a number from 0 to 100 and %, like 1%");
  }
  made.changed_per_day = percent / 100;
  return made;
}

void write_forecast(const strategy::Forecast& made, Output& output) {
  auto& json = output.json();
  json.begin_object();
  json.begin_array("places");
  for (const auto& place : made.places) {
    json.begin_object();
    json.text("component", place.component);
    json.text("location", place.location);
    json.integer("made", place.snapshots_made);
    json.integer("kept", place.snapshots_kept);
    json.integer("most", place.snapshots_most);
    json.integer("bytes", place.bytes);
    json.integer("requests", place.requests);
    if (place.snapshots_kept > 0) json.text("oldest", base::format_utc(place.oldest));
    json.end();
  }
  json.end();
  json.begin_array("findings");
  for (const auto& finding : made.findings) json.text(finding);
}

}  // namespace

Result<ExitCode> run_strategy_check(Invocation& invocation) {
  auto parsed = TRY(parse_strategy_file(invocation));
  strategy::check_promises(parsed.strategy, parsed.diagnostics);
  auto& output = invocation.output();
  if (output.is_json()) {
    write_diagnostics(parsed, output);
  } else {
    print_diagnostics(parsed, output);
  }
  if (parsed.diagnostics.has_errors()) return ExitCode::usage;
  const bool warned = parsed.diagnostics.count(Severity::warning) > 0;
  return warned && invocation.flag("strict") ? ExitCode::warnings : ExitCode::done;
}

Result<ExitCode> run_strategy_explain(Invocation& invocation) {
  const auto strategy = TRY(usable_strategy(invocation));
  auto& output = invocation.output();
  const auto names = asked_components(invocation, strategy);
  for (const auto& name : names) {
    if (strategy.component(name) != nullptr) continue;
    return Error(ErrorCode::invalid_argument, fmt::format("there is no component '{}'", name))
        .with_hint("holdfast strategy explain lists all of them");
  }
  if (output.is_json()) {
    output.json().begin_object();
    output.json().begin_array("components");
  }
  for (const auto& name : names) {
    const auto explanation = strategy::explain(strategy, *strategy.component(name));
    if (output.is_json()) {
      output.json().begin_object();
      output.json().text("name", name);
      output.json().begin_array("sentences");
      for (const auto& sentence : explanation.sentences) output.json().text(sentence);
      output.json().end();
      output.json().end();
    }
    for (const auto& sentence : explanation.sentences) output.result(sentence);
    if (name != names.back()) output.result("");
  }
  return ExitCode::done;
}

Result<ExitCode> run_strategy_plan(Invocation& invocation) {
  const auto strategy = TRY(usable_strategy(invocation));
  const auto zone = TRY(strategy::TimeZone::find(strategy.timezone));
  const auto start = TRY(start_of(invocation));
  const auto limit = TRY(base::parse_size(*invocation.option("limit")).with_context("--limit"));
  const auto runs = strategy::agenda(strategy, start, start + TRY(horizon_of(invocation)), zone,
                                     std::min<std::uint64_t>(limit, 100'000));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("timezone", strategy.timezone);
    output.json().begin_array("runs");
  }
  for (const auto& run : runs) {
    output.result(fmt::format("{}  {}/{}{}", zone.format(run.start), run.component, run.plan,
                              run.is_verification ? " (verification)" : ""));
    if (!output.is_json()) continue;
    output.json().begin_object();
    output.json().text("due", base::format_utc(run.slot));
    output.json().text("start", base::format_utc(run.start));
    output.json().text("component", run.component);
    output.json().text("plan", run.plan);
    output.json().boolean("verification", run.is_verification);
    output.json().end();
  }
  output.summary(fmt::format("{} run{}", runs.size(), runs.size() == 1 ? "" : "s"));
  return ExitCode::done;
}

Result<ExitCode> run_strategy_forecast(Invocation& invocation) {
  const auto strategy = TRY(usable_strategy(invocation));
  const auto zone = TRY(strategy::TimeZone::find(strategy.timezone));
  const auto assumptions = TRY(assumptions_of(invocation, strategy));
  const auto made = strategy::forecast(strategy, assumptions, zone);
  auto& output = invocation.output();
  if (output.is_json()) write_forecast(made, output);
  output.summary(fmt::format("{:<20} {:<12} {:>8} {:>6} {:>6} {:>11} {:>10}  {}", "COMPONENT",
                             "LOCATION", "MADE", "KEPT", "MOST", "BYTES", "REQUESTS", "OLDEST"));
  for (const auto& place : made.places) {
    output.result(
        fmt::format("{:<20} {:<12} {:>8} {:>6} {:>6} {:>11} {:>10}  {}", place.component,
                    place.location, place.snapshots_made, place.snapshots_kept,
                    place.snapshots_most, base::format_size(place.bytes), place.requests,
                    place.snapshots_kept > 0 ? zone.format(place.oldest).substr(0, 10) : "-"));
  }
  for (const auto& finding : made.findings) output.warning(finding);
  return made.findings.empty() ? ExitCode::done : ExitCode::warnings;
}

Result<ExitCode> run_strategy_schema(Invocation& invocation) {
  const auto schema = strategy::json_schema();
  invocation.output().verbatim(schema);
  if (invocation.output().is_json()) {
    invocation.output().json().begin_object();
    invocation.output().json().text("schema", schema);
  }
  return ExitCode::done;
}

}  // namespace holdfast::cli
