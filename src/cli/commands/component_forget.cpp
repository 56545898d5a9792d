// snapshot forget --component: retention of a component carried out by hand, after a look at it.
#include "commands/component_forget.hpp"

#include <fmt/format.h>

#include "base/units.hpp"
#include "engine/expiry_preview.hpp"
#include "engine/place.hpp"
#include "strategy_session.hpp"

namespace holdfast::cli {

namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

// One location of the component, and what would become of it.
struct Place {
  std::string name;
  std::unique_ptr<engine::Location> location;
  engine::ExpiryPreview preview;
  std::vector<std::string> forgotten;
};

Result<std::vector<Place>> places_of(const StrategySession& session,
                                     const strategy::Component& component,
                                     const std::optional<std::string>& only) {
  std::vector<Place> places;
  for (const auto& location : session.strategy().locations) {
    if (location.kind != strategy::LocationKind::repository) continue;
    const bool serves = !strategy::rules_at(component, location.name).empty();
    if (only ? location.name != *only : !serves) continue;
    // Without a rule nothing wants what is there: all of it would go.
    if (!serves) {
      return Error(ErrorCode::invalid_argument,
                   fmt::format("no plan of {} goes to {}", component.name, location.name))
          .with_hint("name snapshots themselves: holdfast snapshot forget SNAPSHOT --to URL");
    }
    Place place{.name = location.name, .location = {}, .preview = {}, .forgotten = {}};
    place.location = TRY(engine::open_place(session.workplace(), location));
    auto& repository = place.location->repository();
    const auto list = TRY(repository::list_snapshots(repository));
    place.preview = engine::preview_of(
        TRY(engine::decide_expiry(session.workplace(), component, location.name, repository, list)),
        session.workplace().zone);
    places.push_back(std::move(place));
  }
  if (!places.empty()) return places;
  return Error(ErrorCode::invalid_argument,
               only ? fmt::format("the strategy has no location '{}'", *only)
                    : fmt::format("no plan of {} goes to a repository", component.name))
      .with_hint("holdfast strategy explain says where its snapshots are");
}

void print(Output& output, const Place& place, const strategy::TimeZone& zone) {
  output.result(fmt::format("{}: {} snapshots stay, {} go", place.name, place.preview.kept,
                            place.preview.going));
  for (const auto& line : engine::calendar_lines(place.preview)) output.result("  " + line);
  for (const auto& day : place.preview.days) {
    for (const auto& each : day.snapshots) {
      output.result(fmt::format("  {}  {}  {:<5}  {}", zone.format(each.captured),
                                each.id.substr(0, 8), each.goes() ? "goes" : "stays",
                                fmt::join(each.goes() ? each.plans : each.because, "; ")));
    }
  }
}

void write(JsonWriter& json, const Place& place) {
  json.begin_object();
  json.text("location", place.name);
  json.integer("kept", place.preview.kept);
  json.integer("going", place.preview.going);
  if (place.preview.drastic) json.text("drastic", *place.preview.drastic);
  json.begin_array("snapshots");
  for (const auto& day : place.preview.days) {
    for (const auto& each : day.snapshots) {
      json.begin_object();
      json.text("id", each.id);
      json.text("captured", base::format_utc(each.captured));
      json.begin_array("plans");
      for (const auto& name : each.plans) json.text(name);
      json.end();
      json.begin_array("because");
      for (const auto& reason : each.because) json.text(reason);
      json.end();
      json.boolean("goes", each.goes());
      json.end();
    }
  }
  json.end();
  json.end();
}

// Before anything goes anywhere.
Result<void> refuse_drastic(const std::vector<Place>& places) {
  for (const auto& place : places) {
    if (!place.preview.drastic) continue;
    return Error(ErrorCode::conflict, fmt::format("at {}: {}", place.name, *place.preview.drastic))
        .with_retry(base::Retry::never)
        .with_hint("look at it with --dry-run; --confirm says that it is meant");
  }
  return {};
}

}  // namespace

Result<ExitCode> forget_of_component(Invocation& invocation, const std::string& name) {
  if (!invocation.arguments("SNAPSHOT").empty()) {
    return Error(ErrorCode::invalid_argument,
                 "--component goes by the strategy's rules, and takes "
                 "no snapshots")
        .with_hint("leave the snapshots away, or --component");
  }
  const auto session = TRY(StrategySession::open(invocation));
  const auto& component = *TRY(session->component(name));
  auto places = TRY(places_of(*session, component, invocation.option("location")));
  const bool dry = invocation.flag("dry-run");
  auto& output = invocation.output();
  for (const auto& place : places) {
    if (!output.is_json()) print(output, place, session->workplace().zone);
  }
  if (!dry && !invocation.flag("confirm")) TRY(refuse_drastic(places));
  for (auto& place : places) {
    if (dry || place.preview.going == 0) continue;
    auto done = TRY(engine::expire(session->workplace(), component, place.name,
                                   place.location->repository(), session->stop()));
    place.forgotten = std::move(done.forgotten);
    output.summary(fmt::format("{}: {} snapshots forgotten", place.name, place.forgotten.size()));
  }
  if (dry) output.summary("dry run: nothing was forgotten");
  if (!output.is_json()) return ExitCode::done;
  auto& json = output.json();
  json.begin_object();
  json.boolean("dry_run", dry);
  json.begin_array("forgotten");
  for (const auto& place : places) {
    for (const auto& id : place.forgotten) json.text(id);
  }
  json.end();
  json.text("component", component.name);
  json.begin_array("locations");
  for (const auto& place : places) write(json, place);
  json.end();
  return ExitCode::done;
}

}  // namespace holdfast::cli
