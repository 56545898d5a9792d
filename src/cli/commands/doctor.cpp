// doctor: what can be proved of a repository's location, or of all that a strategy stands on.
#include "engine/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "commands/handlers.hpp"
#include "engine/strategy_doctor.hpp"
#include "environment.hpp"
#include "invocation.hpp"
#include "session.hpp"
#include "strategy_file.hpp"
#include "strategy_session.hpp"

namespace holdfast::cli {

namespace {

using Outcome = storage::Check::Outcome;

void write_text(Output& output, const std::vector<storage::Check>& checks) {
  for (const auto& check : checks) {
    output.result(fmt::format("{:<8} {:<16} {}", storage::outcome_name(check.outcome), check.name,
                              check.message));
    if (check.outcome != Outcome::ok && !check.advice.empty())
      output.result(fmt::format("{:<25} {}", "", check.advice));
  }
}

void write_checks(JsonWriter& json, const std::vector<storage::Check>& checks) {
  json.begin_array("checks");
  for (const auto& check : checks) {
    json.begin_object();
    json.text("check", check.name);
    json.text("outcome", storage::outcome_name(check.outcome));
    json.text("message", check.message);
    json.text("advice", check.advice);
    json.end();
  }
  json.end();
}

ExitCode exit_of(const std::vector<storage::Check>& checks) {
  const auto any = [&](Outcome outcome) {
    return std::any_of(checks.begin(), checks.end(),
                       [&](const storage::Check& check) { return check.outcome == outcome; });
  };
  if (any(Outcome::problem)) return ExitCode::failed;
  if (any(Outcome::unknown)) return ExitCode::unverified;
  return any(Outcome::warning) ? ExitCode::warnings : ExitCode::done;
}

base::Result<ExitCode> examine_the_strategy(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation));
  const auto subjects = TRY(engine::examine_strategy(session->workplace(), session->stop()));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().begin_array("subjects");
  }
  std::vector<storage::Check> all;
  for (const auto& each : subjects) {
    all.insert(all.end(), each.checks.begin(), each.checks.end());
    if (output.is_json()) {
      output.json().begin_object();
      output.json().text("subject", each.subject);
      write_checks(output.json(), each.checks);
      output.json().end();
    } else {
      output.result(each.subject);
      write_text(output, each.checks);
    }
  }
  return exit_of(all);
}

}  // namespace

base::Result<ExitCode> run_doctor(Invocation& invocation) {
  if (!invocation.option("to") && has_strategy_file(invocation)) {
    return examine_the_strategy(invocation);
  }
  const auto url = TRY(repository_url(invocation));
  const auto checks = TRY(engine::examine(
      {.url = url, .cache_directory = cache_directory(), .environment = environment_variable}));
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("location", url);
    write_checks(output.json(), checks);
  } else {
    write_text(output, checks);
  }
  return exit_of(checks);
}

}  // namespace holdfast::cli
