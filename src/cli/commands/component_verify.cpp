// verify where it is about components of a strategy: what their `verify` declares, by hand.
#include "engine/component_verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/units.hpp"
#include "commands/component.hpp"
#include "commands/proof.hpp"
#include "strategy_session.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using catalog::VerificationOutcome;

// One verification of one component.
struct Asked {
  const strategy::Component* component = nullptr;
  strategy::Verification verification;
};

Result<void> add_declared(const strategy::Component& component,
                          const std::optional<std::string>& name, std::set<std::string>& drills,
                          std::vector<Asked>& asked) {
  std::string names;
  bool is_known = false;
  for (const auto& each : component.verifications) {
    names += (names.empty() ? "" : ", ") + each.name;
    if (name ? each.name != *name : !each.enabled) continue;
    is_known = true;
    // A drill restores several components: once is enough.
    if (!each.drill.empty() && !drills.insert(each.drill).second) continue;
    asked.push_back({.component = &component, .verification = each});
  }
  if (is_known) return {};
  const auto hint =
      names.empty() ? std::string("--level looks at all its snapshots") : "it has: " + names;
  if (name) {
    return Error(ErrorCode::not_found,
                 fmt::format("component {} has no verification '{}'", component.name, *name))
        .with_hint(hint);
  }
  return Error(ErrorCode::not_found,
               fmt::format("component {} declares no verification", component.name))
      .with_hint(hint);
}

Result<std::vector<Asked>> asked_verifications(const Invocation& invocation,
                                               const StrategySession& session) {
  const auto name = invocation.option("verification");
  const bool has_level = !invocation.options("level").empty();
  if (name && has_level) {
    return Error(ErrorCode::invalid_argument, "--verification and --level exclude each other")
        .with_hint("a declared verification has its level already");
  }
  std::vector<Asked> asked;
  std::set<std::string> drills;
  for (const auto& word : invocation.arguments("SNAPSHOT")) {
    const auto* component = TRY(session.component(word));
    if (!has_level) {
      TRY(add_declared(*component, name, drills, asked));
      continue;
    }
    strategy::Verification by_hand;
    by_hand.name = "by hand";
    by_hand.level = *strategy::parse_level(TRY(invocation.required("level")));
    by_hand.of.kind = strategy::Sample::Kind::all;
    asked.push_back({.component = component, .verification = by_hand});
  }
  return asked;
}

void write_report(JsonWriter& json, const Asked& what, const engine::VerificationReport& report) {
  json.begin_object();
  json.text("run", report.run);
  json.text("component", what.component->name);
  json.text("verification", what.verification.name);
  json.text("level", strategy::level_name(report.level));
  json.text("outcome", catalog::verification_outcome_name(report.outcome));
  json.text("state", catalog::run_state_name(report.end.state));
  json.text("message", report.end.message);
  json.integer("bytes_read", report.bytes_read);
  json.begin_array("snapshots");
  for (const auto& proof : report.proofs) {
    json.begin_object();
    json.text("location", proof.location);
    if (!proof.snapshot.empty()) json.text("snapshot", proof.snapshot);
    if (proof.captured) json.text("captured", base::format_utc(*proof.captured));
    json.text("outcome", catalog::verification_outcome_name(proof.outcome));
    json.text("message", proof.message);
    json.begin_array("paths");
    for (const auto& path : proof.paths) json.text(path);
    json.end();
    json.end();
  }
  json.end();
  json.begin_array("drills");
  if (report.drill) write_drill(json, *report.drill);
  json.end();
  json.end();
}

void print_report(Output& output, const Asked& what, const engine::VerificationReport& report) {
  for (const auto& proof : report.proofs) {
    const auto outcome = catalog::verification_outcome_name(proof.outcome);
    const auto line = fmt::format("  {:<8} {:<12} {}{}", outcome, proof.location,
                                  proof.snapshot.empty() ? "-" : proof.snapshot.substr(0, 8),
                                  proof.message.empty() ? "" : ": " + proof.message);
    if (proof.outcome == VerificationOutcome::passed) {
      output.summary(line);
    } else {
      output.result(line);
    }
    for (const auto& path : proof.paths) output.result("           " + path);
  }
  if (report.drill) print_drill(output, *report.drill);
  output.summary(fmt::format("{}/{}: {}, {}{}{}", what.component->name, what.verification.name,
                             strategy::level_name(report.level),
                             catalog::verification_outcome_name(report.outcome),
                             report.end.message.empty() ? "" : ": " + report.end.message,
                             report.run.empty() ? "" : " (run " + report.run + ")"));
}

ExitCode exit_of(const engine::VerificationReport& report) {
  if (report.drill) return cli::exit_of(*report.drill);
  if (report.end.state == catalog::RunState::cancelled) return ExitCode::failed;
  switch (report.outcome) {
    case VerificationOutcome::passed: return ExitCode::done;
    case VerificationOutcome::failed: return ExitCode::damage;
    case VerificationOutcome::unknown: break;
  }
  return ExitCode::unverified;
}

}  // namespace

bool verifies_components(const Invocation& invocation) {
  const auto& words = invocation.arguments("SNAPSHOT");
  if (words.empty()) return false;
  const auto from = invocation.options("to");
  if (!from.empty() && from.back().find_first_of("/:") != std::string::npos) return false;
  return std::any_of(words.begin(), words.end(),
                     [&](const auto& word) { return is_component(invocation, word); });
}

Result<ExitCode> verify_components(Invocation& invocation) {
  const auto session = TRY(StrategySession::open(invocation));
  const auto asked = TRY(asked_verifications(invocation, *session));
  const auto from = invocation.options("to");
  auto& output = invocation.output();
  if (output.is_json()) {
    output.json().begin_object();
    output.json().begin_array("verifications");
  }
  auto exit = ExitCode::done;
  for (const auto& what : asked) {
    engine::VerificationRun run;
    run.component = what.component;
    run.verification = &what.verification;
    if (!from.empty()) run.location = from.back();
    const auto report = TRY(engine::verify_component(
        session->workplace(), run, session->around().progress("verifying", "packs"),
        session->stop()));
    session->around().end_progress();
    exit = worse_proof(exit, exit_of(report));
    if (output.is_json()) {
      write_report(output.json(), what, report);
    } else {
      print_report(output, what, report);
    }
    if (report.end.state == catalog::RunState::cancelled) break;
  }
  return exit;
}

}  // namespace holdfast::cli
