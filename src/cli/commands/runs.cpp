// runs list, show, log, cancel.
#include <fmt/format.h>

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
using catalog::RunRecord;
using catalog::RunState;

void write_run(JsonWriter& json, const RunRecord& run) {
  json.begin_object();
  json.text("run", run.id);
  json.text("kind", catalog::run_kind_name(run.start.kind));
  json.text("component", run.start.component);
  json.text("plan", run.start.plan);
  json.text("reason", catalog::run_reason_name(run.start.reason));
  if (run.start.slot) json.text("slot", base::format_utc(*run.start.slot));
  json.text("started", base::format_utc(run.start.started));
  json.text("state", catalog::run_state_name(run.end.state));
  if (run.end.state != RunState::running) {
    json.text("ended", base::format_utc(run.end.ended));
    json.number("duration_seconds", (run.end.ended - run.start.started).seconds());
  }
  json.text("snapshot", run.end.snapshot);
  json.integer("bytes", run.end.size);
  json.integer("bytes_read", run.end.bytes_read);
  json.integer("bytes_new", run.end.bytes_new);
  json.integer("bytes_stored", run.end.bytes_stored);
  json.integer("warning_count", run.end.warning_count);
  json.text("message", run.end.message);
}

std::string run_line(const RunRecord& run, const strategy::TimeZone& zone) {
  const auto name =
      run.start.plan.empty() ? run.start.component : run.start.component + "/" + run.start.plan;
  auto line = fmt::format("{}  {}  {:<8} {:<28} {:<11}", run.id, zone.format(run.start.started),
                          catalog::run_kind_name(run.start.kind), name,
                          catalog::run_state_name(run.end.state));
  if (run.end.state != RunState::running) {
    line += " " + base::format_duration(run.end.ended - run.start.started);
  }
  return run.end.message.empty() ? line : line + "  " + run.end.message;
}

Result<catalog::RunFilter> filter_of(const Invocation& invocation) {
  catalog::RunFilter filter;
  filter.component = invocation.option("component").value_or("");
  filter.plan = invocation.option("plan").value_or("");
  if (const auto state = invocation.option("run-state")) {
    filter.state = catalog::parse_run_state(*state);
  }
  filter.limit = static_cast<std::uint64_t>(
      TRY(parse_number("limit", *invocation.option("limit"), 1, 100'000)));
  return filter;
}

}  // namespace

Result<ExitCode> run_runs_list(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation));
  const auto runs = TRY(session->catalog().runs().list(TRY(filter_of(invocation))));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().begin_array("runs");
  }
  for (const auto& run : runs) {
    if (output.is_json()) {
      write_run(output.json(), run);
      output.json().end();
    } else {
      output.result(run_line(run, session->workplace().zone));
    }
  }
  if (runs.empty()) output.summary("there are no runs yet");
  return ExitCode::done;
}

Result<ExitCode> run_runs_show(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation));
  const auto run = TRY(session->catalog().runs().get(invocation.argument("RUN")));
  const auto copies = TRY(session->catalog().copies().of_run(run.id));
  auto& output = invocation.output();
  if (output.is_json()) {
    write_run(output.json(), run);
    output.json().begin_array("places");
    for (const auto& copy : copies) {
      output.json().begin_object();
      output.json().text("location", copy.location);
      output.json().text("state", catalog::copy_state_name(copy.state));
      output.json().text("snapshot", copy.snapshot);
      output.json().integer("bytes_stored", copy.bytes_stored);
      output.json().integer("attempts", copy.attempts);
      output.json().text("message", copy.message);
      output.json().end();
    }
    return ExitCode::done;
  }
  output.result(run_line(run, session->workplace().zone));
  output.result(fmt::format("  reason    {}", catalog::run_reason_name(run.start.reason)));
  if (!run.end.snapshot.empty()) output.result("  snapshot  " + run.end.snapshot);
  output.result(fmt::format("  read      {} of {}, {} new, {} stored",
                            base::format_size(run.end.bytes_read), base::format_size(run.end.size),
                            base::format_size(run.end.bytes_new),
                            base::format_size(run.end.bytes_stored)));
  for (const auto& copy : copies) {
    output.result(fmt::format("  {:<9} {} {}", copy.location, catalog::copy_state_name(copy.state),
                              copy.snapshot.empty() ? copy.message : copy.snapshot));
  }
  return ExitCode::done;
}

Result<ExitCode> run_runs_log(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation));
  const auto run = TRY(session->catalog().runs().get(invocation.argument("RUN")));
  const auto lines = TRY(session->catalog().runs().lines(run.id));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("run", run.id);
    output.json().begin_array("lines");
  }
  for (const auto& line : lines) {
    if (output.is_json()) {
      output.json().begin_object();
      output.json().text("at", base::format_utc(line.at));
      output.json().text("text", line.text);
      output.json().end();
    } else {
      output.result(session->workplace().zone.format(line.at) + "  " + line.text);
    }
  }
  return ExitCode::done;
}

Result<ExitCode> run_runs_cancel(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation));
  const auto run = TRY(session->catalog().runs().get(invocation.argument("RUN")));
  TRY(session->catalog().runs().request_cancel(run.id));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("run", run.id);
  }
  output.summary(fmt::format("run {} will end as soon as it looks", run.id));
  return ExitCode::done;
}

}  // namespace holdfast::cli
