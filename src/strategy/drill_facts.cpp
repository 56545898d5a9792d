// Facts about drills, scenarios, alerts and who is told.
#include <fmt/format.h>

#include <algorithm>

#include "facts.hpp"
#include "kinds.hpp"
#include "words.hpp"

namespace holdfast::strategy {

namespace {

bool can_be_asked(ExpectKind kind, ComponentKind of) {
  switch (kind) {
    case ExpectKind::query:
    case ExpectKind::tables:
      return of == ComponentKind::postgres || of == ComponentKind::clickhouse ||
             of == ComponentKind::mongodb;
    case ExpectKind::keys: return of == ComponentKind::redis;
    case ExpectKind::files: return !is_server(of);
    case ExpectKind::run:
    case ExpectKind::confirm: return true;
  }
  return true;
}

class DrillFacts {
 public:
  DrillFacts(const Strategy& strategy, Diagnostics& diagnostics)
      : strategy_(strategy), diagnostics_(diagnostics) {}

  void check() {
    for (const auto& drill : strategy_.drills) check_drill(drill);
    for (const auto& target : strategy_.targets) {
      if (target.name != "sandbox") continue;
      diagnostics_.error(target.position, "no target can be called sandbox",
                         "in: sandbox means a fresh one: another name is needed");
    }
    for (const auto& scenario : strategy_.scenarios) check_scenario(scenario);
    check_telling();
  }

 private:
  void check_drill(const Drill& drill) {
    for (const auto& name : drill.restore) {
      const auto* component = strategy_.component(name);
      if (component == nullptr) {
        unknown(drill.position, fmt::format("drill {} restores '{}'", drill.name, name),
                "component", name, names_of(strategy_.components));
      } else if (component->kind == ComponentKind::part) {
        diagnostics_.error(
            drill.position,
            fmt::format("drill {} restores {}, which has no data of its own", drill.name, name),
            fmt::format("restore {}", component->part_of), name);
      }
    }
    if (!drill.from.empty()) check_from(drill);
    if (drill.in != "sandbox") {
      const auto names = names_of(strategy_.targets);
      if (std::find(names.begin(), names.end(), drill.in) == names.end()) {
        unknown(drill.position, fmt::format("drill {} restores in '{}'", drill.name, drill.in),
                "target", drill.in, names);
      }
    }
    for (const auto& expectation : drill.expect) check_expectation(drill, expectation);
    if (drill.expect.empty()) {
      diagnostics_.warning(drill.position,
                           fmt::format("drill {} expects nothing of what it restores", drill.name),
                           "add expect: a restore that nobody looks at proves little");
    }
  }

  void check_from(const Drill& drill) {
    const auto* location = strategy_.location(drill.from);
    if (location == nullptr) {
      unknown(drill.position, fmt::format("drill {} restores from '{}'", drill.name, drill.from),
              "location", drill.from, names_of(strategy_.locations));
      return;
    }
    for (const auto& component : strategy_.components) {
      if (component.kind == ComponentKind::part || !restores(drill, component.name)) continue;
      const bool is_there =
          std::any_of(component.plans.begin(), component.plans.end(),
                      [&](const Plan& plan) { return plan.destination(drill.from) != nullptr; });
      if (is_there || !component.enabled) continue;
      diagnostics_.warning(
          drill.position,
          fmt::format("drill {} can't restore {} from {}: no plan sends it there", drill.name,
                      component.name, drill.from),
          drill.all ? "name the components, or another location" : "choose another location");
    }
  }

  static bool restores(const Drill& drill, const std::string& component) {
    return drill.all ||
           std::find(drill.restore.begin(), drill.restore.end(), component) != drill.restore.end();
  }

  void check_expectation(const Drill& drill, const Expectation& expectation) {
    const bool general =
        expectation.kind == ExpectKind::run || expectation.kind == ExpectKind::confirm;
    if (expectation.on.empty()) {
      if (general) return;
      diagnostics_.error(expectation.position, "the expectation does not say of what",
                         "add on: COMPONENT");
      return;
    }
    const auto* component = strategy_.component(expectation.on);
    if (component == nullptr) {
      unknown(expectation.position, fmt::format("something is expected of '{}'", expectation.on),
              "component", expectation.on, names_of(strategy_.components));
      return;
    }
    const auto& whole = strategy_.protector(*component);
    if (!restores(drill, whole.name)) {
      diagnostics_.error(expectation.position,
                         fmt::format("drill {} does not restore {}", drill.name, whole.name),
                         fmt::format("add {} to restore", whole.name), expectation.on);
    }
    if (!can_be_asked(expectation.kind, whole.kind)) {
      diagnostics_.error(expectation.position,
                         fmt::format("this can't be asked of {}, which is {}", whole.name,
                                     component_kind_name(whole.kind)),
                         "query and tables are for databases, keys for redis, files for the rest",
                         expectation.on);
    }
  }

  void check_scenario(const Scenario& scenario) {
    for (const auto& step : scenario.steps) {
      if (step.kind != ScenarioStep::Kind::drill || strategy_.drill(step.text) != nullptr) continue;
      unknown(step.position,
              fmt::format("scenario {} has the drill '{}'", scenario.name, step.text), "drill",
              step.text, names_of(strategy_.drills));
    }
  }

  void check_telling() {
    const auto channels = names_of(strategy_.channels);
    for (const auto& severity : strategy_.severities) {
      for (const auto& channel : severity.channels) {
        if (std::find(channels.begin(), channels.end(), channel) != channels.end()) continue;
        unknown(severity.position, fmt::format("severity {} uses '{}'", severity.name, channel),
                "channel", channel, channels);
      }
    }
    const auto severities = names_of(strategy_.severities);
    for (const auto& alert : strategy_.alerts) {
      if (std::find(severities.begin(), severities.end(), alert.severity) != severities.end()) {
        continue;
      }
      unknown(alert.severity_position,
              fmt::format("alert {} has the severity '{}'", finding_name(alert.finding),
                          alert.severity),
              "severity", alert.severity, severities);
    }
    if (!strategy_.channels.empty()) {
      diagnostics_.note(strategy_.channels.front().position,
                        "channels are declared and not used yet",
                        "findings are shown by status and metrics; telling people comes with a "
                        "later version");
    }
    if (!strategy_.compliance.empty()) {
      diagnostics_.note(strategy_.compliance.front().position,
                        "compliance is declared and not reported yet",
                        "reports come with a later version");
    }
  }

  void unknown(Position at, const std::string& statement, std::string_view what,
               const std::string& name, const std::vector<std::string>& known) {
    diagnostics_.error(at, fmt::format("{}, which is not a {}", statement, what),
                       advice_on_name(name, known), name);
  }

  const Strategy& strategy_;
  Diagnostics& diagnostics_;
};

}  // namespace

void check_drill_facts(const Strategy& strategy, Diagnostics& diagnostics) {
  DrillFacts(strategy, diagnostics).check();
}

}  // namespace holdfast::strategy
