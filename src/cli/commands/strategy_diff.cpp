// strategy diff.
#include "strategy/diff.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "commands/handlers.hpp"
#include "invocation.hpp"
#include "strategy_file.hpp"

namespace holdfast::cli {

namespace {

using base::Result;

Result<base::Time> start_of(const Invocation& invocation) {
  const auto text = invocation.option("start");
  if (!text) return base::SystemClock().now();
  return base::parse_utc(*text).with_context("--start");
}

void write_json(JsonWriter& json, const strategy::StrategyDiff& made) {
  json.begin_object();
  json.begin_array("changes");
  for (const auto& change : made.changes) {
    json.begin_object();
    json.text("kind", strategy::change_kind_name(change.kind));
    json.text("what", change.what);
    json.text("component", change.component);
    json.text("plan", change.plan);
    json.text("location", change.location);
    json.text("before", change.before);
    json.text("after", change.after);
    json.end();
  }
  json.end();
  json.begin_array("consequences");
  for (const auto& each : made.consequences) {
    json.begin_object();
    json.text("kind", strategy::consequence_name(each.kind));
    json.text("component", each.component);
    json.text("plan", each.plan);
    json.text("location", each.location);
    if (each.kind == strategy::Consequence::Kind::kept_shorter) {
      json.integer("kept_before", each.kept_before);
      json.integer("kept_after", each.kept_after);
    }
    json.text("text", each.text);
    json.end();
  }
  json.end();
}

}  // namespace

Result<ExitCode> run_strategy_diff(Invocation& invocation) {
  const auto before = TRY(usable_strategy_at(invocation, invocation.argument("OLD")));
  const auto& newer = invocation.arguments("NEW");
  const auto after = TRY(newer.empty() ? usable_strategy(invocation)
                                       : usable_strategy_at(invocation, newer.front()));
  const auto made = strategy::diff(before, after, TRY(start_of(invocation)));
  auto& output = invocation.output();
  if (output.is_json()) write_json(output.json(), made);
  for (const auto& change : made.changes) output.result(change.sentence());
  if (!made.consequences.empty()) {
    output.result("");
    output.result("What follows:");
  }
  for (const auto& each : made.consequences) output.result("  " + each.text);
  if (made.changes.empty()) output.summary("nothing differs");
  const bool loses = std::any_of(made.consequences.begin(), made.consequences.end(),
                                 [](const auto& each) { return each.is_loss(); });
  return loses ? ExitCode::warnings : ExitCode::done;
}

}  // namespace holdfast::cli
