// doctor: what can be proved of a repository's location.
#include "engine/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "commands/handlers.hpp"
#include "environment.hpp"
#include "invocation.hpp"
#include "session.hpp"

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

void write_json(JsonWriter& json, const std::string& url,
                const std::vector<storage::Check>& checks) {
  json.begin_object();
  json.text("location", url);
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

}  // namespace

base::Result<ExitCode> run_doctor(Invocation& invocation) {
  const auto url = TRY(repository_url(invocation));
  const auto checks = TRY(engine::examine(
      {.url = url, .cache_directory = cache_directory(), .environment = environment_variable}));
  auto& output = invocation.output();
  if (output.is_json()) {
    write_json(output.json(), url, checks);
  } else {
    write_text(output, checks);
  }
  const auto any = [&](Outcome outcome) {
    return std::any_of(checks.begin(), checks.end(),
                       [&](const storage::Check& check) { return check.outcome == outcome; });
  };
  if (any(Outcome::problem)) return ExitCode::failed;
  return any(Outcome::unknown) ? ExitCode::unverified : ExitCode::done;
}

}  // namespace holdfast::cli
