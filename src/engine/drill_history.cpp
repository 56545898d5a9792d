// Drills of the past, from the evidence; and what people state about them.
#include <fmt/format.h>

#include <algorithm>

#include "drill_record.hpp"
#include "engine/drill.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::uint64_t records_max = 1'000;

std::string name_of_check(const DrillCheck& check) { return "'" + check.text + "'"; }

// The check that is meant. The only one that waits needs no text.
Result<DrillCheck*> find_check(DrillReport& report, const std::string& text) {
  DrillCheck* found = nullptr;
  std::string waiting;
  std::size_t count = 0;
  for (auto& check : report.checks) {
    if (check.kind != "confirm") continue;
    if (!check.confirmed_at) {
      ++count;
      waiting += (waiting.empty() ? "" : ", ") + name_of_check(check);
    }
    if (text.empty() ? !check.confirmed_at : check.text == text) found = &check;
  }
  if (found == nullptr || (text.empty() && count > 1)) {
    return Error(ErrorCode::not_found,
                 text.empty()
                     ? fmt::format("{} statements about drill {} wait", count, report.drill)
                     : fmt::format("drill {} has nothing to confirm called '{}'", report.drill,
                                   base::printable(text)))
        .with_hint(waiting.empty() ? "nothing waits" : "these wait: " + waiting);
  }
  if (found->confirmed_at) {
    return Error(ErrorCode::conflict,
                 fmt::format("{} was confirmed by {} at {}", name_of_check(*found),
                             found->confirmed_by, base::format_utc(*found->confirmed_at)))
        .with_hint("a new drill needs a new statement: holdfast drill " + report.drill);
  }
  return found;
}

}  // namespace

Result<void> record_proofs(const Workplace& workplace, const DrillReport& report) {
  for (const auto& one : report.components) {
    const bool has_failed = one.outcome == DrillOutcome::failed;
    if (one.snapshot.empty() || (!has_failed && report.outcome != DrillOutcome::passed)) continue;
    TRY(workplace.catalog.verifications().add(
        {.component = one.name,
         .location = one.location,
         .snapshot = one.snapshot,
         .level = std::string(strategy::level_name(strategy::Level::restorable)),
         .outcome = has_failed ? catalog::VerificationOutcome::failed
                               : catalog::VerificationOutcome::passed,
         .at = workplace.clock.now(),
         .run = report.run,
         .message = has_failed ? one.message : "drill " + report.drill,
         .bytes = one.bytes,
         .duration = one.total()}));
  }
  return {};
}

Result<std::vector<DrillReport>> last_drills(const Workplace& workplace) {
  std::vector<DrillReport> found;
  const auto records = TRY(workplace.catalog.evidence().newest(drill_evidence_kind, records_max));
  for (const auto& record : records) {
    auto report = decode_drill(record.body);
    // One that yielded to another or was stopped says nothing.
    if (!report.ok() || report.value().end.state == catalog::RunState::cancelled) continue;
    const auto& name = report.value().drill;
    const bool is_known = std::any_of(found.begin(), found.end(),
                                      [&](const DrillReport& each) { return each.drill == name; });
    if (!is_known) found.push_back(std::move(report).value());
  }
  return found;
}

Result<std::optional<DrillReport>> last_drill(const Workplace& workplace,
                                              const std::string& drill) {
  auto all = TRY(last_drills(workplace));
  for (auto& each : all) {
    if (each.drill == drill) return std::optional(std::move(each));
  }
  return std::nullopt;
}

Result<DrillReport> confirm_drill(const Workplace& workplace, const Confirmation& confirmation) {
  if (confirmation.by.empty()) {
    return Error(ErrorCode::invalid_argument, "nobody is named who confirms it")
        .with_hint("--by NAME");
  }
  auto last = TRY(last_drill(workplace, confirmation.drill));
  if (!last) {
    return Error(ErrorCode::not_found, fmt::format("drill {} has not run yet", confirmation.drill))
        .with_hint("holdfast drill " + confirmation.drill);
  }
  auto& report = *last;
  auto* check = TRY(find_check(report, confirmation.text));
  const auto now = workplace.clock.now();
  check->outcome = DrillOutcome::passed;
  check->confirmed_by = confirmation.by;
  check->confirmed_at = now;
  check->message = "confirmed by " + confirmation.by;
  judge_drill(report);
  TRY(workplace.catalog.evidence().append(now, drill_evidence_kind, encode_drill(report)));
  if (report.outcome == DrillOutcome::passed) TRY(record_proofs(workplace, report));
  TRY(workplace.catalog.runs().log(report.run, now,
                                   fmt::format("{} {}", name_of_check(*check), check->message)));
  TRY(workplace.catalog.runs().end(report.run, report.end));
  return std::move(report);
}

}  // namespace holdfast::engine
