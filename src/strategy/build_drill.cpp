// Builds drills, scenarios and alerts.
#include <array>

#include "builder.hpp"
#include "keys.hpp"

namespace holdfast::strategy {

namespace {

constexpr std::array<std::pair<std::string_view, ExpectKind>, 6> expect_kinds{
    {{"query", ExpectKind::query},
     {"keys", ExpectKind::keys},
     {"files", ExpectKind::files},
     {"tables", ExpectKind::tables},
     {"run", ExpectKind::run},
     {"confirm", ExpectKind::confirm}}};

Expectation build_expectation(const Node& node) {
  const Fields fields(node, expect_record());
  Expectation made{.position = node.position};
  for (const auto& [key, kind] : expect_kinds) {
    if (!fields.has(key)) continue;
    made.kind = kind;
    if (kind == ExpectKind::tables) {
      made.tables = fields.texts(key);
    } else {
      made.text = fields.text(key);
    }
  }
  made.on = fields.text("on");
  const auto number = [&](std::string_view key) -> std::optional<std::int64_t> {
    const auto value = fields.integer(key);
    if (!value) return std::nullopt;
    return static_cast<std::int64_t>(*value);
  };
  made.at_least = number("at-least");
  made.at_most = number("at-most");
  made.equals = fields.text("equals");
  made.type = fields.text("type");
  made.sample = fields.integer("sample").value_or(0);
  made.same_as_source = fields.flag("same-as-source").value_or(false);
  made.timeout = fields.duration("timeout").value_or(base::Duration{});
  return made;
}

ScenarioStep build_step(const Node& node) {
  ScenarioStep step{.text = node.text, .position = node.position};
  if (!node.is_map()) return step;
  const Fields fields(node, step_record());
  static constexpr std::array<std::pair<std::string_view, ScenarioStep::Kind>, 3> kinds{
      {{"drill", ScenarioStep::Kind::drill},
       {"run", ScenarioStep::Kind::run},
       {"confirm", ScenarioStep::Kind::confirm}}};
  for (const auto& [key, kind] : kinds) {
    if (!fields.has(key)) continue;
    step.kind = kind;
    step.text = fields.text(key);
  }
  return step;
}

Alert build_alert(const Member& member, Finding finding) {
  Alert made{.finding = finding, .position = member.position};
  made.severity_position = member.value.position;
  if (member.value.is_scalar()) {
    made.severity = member.value.text;
    return made;
  }
  const Fields fields(member.value, alert_record());
  made.severity = fields.text("severity");
  made.severity_position = fields.position("severity");
  made.after = fields.duration("after");
  made.lasting = fields.duration("for");
  made.below_percent = fields.percentage("below");
  made.above_percent = fields.percentage("above");
  return made;
}

}  // namespace

Drill build_drill(const Member& member) {
  const Fields fields(member.value, drill_record());
  Drill made{.name = member.key, .position = member.position};
  made.restore = fields.texts("restore");
  if (made.restore == std::vector<std::string>{"all"}) {
    made.all = true;
    made.restore.clear();
  }
  made.from = fields.text("from");
  if (fields.has("instant")) {
    if (const auto instant = parse_instant(fields.text("instant")); instant.ok()) {
      made.instant = instant.value();
    }
  }
  if (fields.has("in")) made.in = fields.text("in");
  made.within = fields.duration("within");
  if (const auto* list = fields.find("expect")) {
    for (const auto& item : list->items) made.expect.push_back(build_expectation(item));
  }
  made.note = fields.text("note");
  return made;
}

Scenario build_scenario(const Member& member) {
  const Fields fields(member.value, scenario_record());
  Scenario made{.name = member.key, .position = member.position};
  made.detection = fields.text("detection");
  made.rto = fields.duration("rto");
  made.rpo = fields.duration("rpo");
  if (const auto* list = fields.find("steps")) {
    for (const auto& item : list->items) made.steps.push_back(build_step(item));
  }
  return made;
}

std::vector<Alert> build_alerts(const Node& node) {
  std::vector<Alert> all;
  for (const auto& member : node.members) {
    for (std::size_t i = 0; i < finding_count; ++i) {
      const auto finding = static_cast<Finding>(i);
      if (finding_name(finding) == member.key) all.push_back(build_alert(member, finding));
    }
  }
  return all;
}

}  // namespace holdfast::strategy
