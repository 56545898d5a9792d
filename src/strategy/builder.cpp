// Builds the strategy as a whole.
#include "builder.hpp"

#include "keys.hpp"

namespace holdfast::strategy {

namespace {

void build_encryption(const Fields& top, Strategy& strategy) {
  auto& encryption = strategy.encryption;
  encryption.position = top.position("encryption");
  encryption.demand =
      strategy.is_production() ? EncryptionDemand::required : EncryptionDemand::warn;
  const auto* node = top.find("encryption");
  if (node == nullptr) return;
  std::string demand = node->text;
  if (node->is_map()) {
    const Fields fields(*node, encryption_record());
    demand = fields.text("demand");
    encryption.key = fields.secret("key");
    encryption.write_key = fields.secret("write-key");
    encryption.read_key = fields.secret("read-key");
  }
  if (demand == "required") encryption.demand = EncryptionDemand::required;
  if (demand == "warn") encryption.demand = EncryptionDemand::warn;
  if (demand == "optional") encryption.demand = EncryptionDemand::optional;
}

Defaults build_defaults(const Fields& top, Diagnostics& diagnostics) {
  Defaults made;
  const auto* node = top.find("defaults");
  if (node == nullptr) return made;
  const Fields fields(*node, defaults_record());
  if (const auto* keep = fields.find("keep")) made.keep = build_keep(*keep, diagnostics);
  made.keep_position = fields.position("keep");
  made.demand = parse_level(fields.text("demand")).value_or(Level::none);
  made.host = fields.text("host");
  made.jitter = fields.duration("jitter").value_or(base::Duration{});
  made.stall = fields.duration("stall").value_or(base::Duration{});
  for (const auto& member : fields.named("verify")) {
    made.verifications.push_back(build_verification(member));
  }
  return made;
}

void build_budget(const Fields& top, Strategy& strategy) {
  if (const auto* node = top.find("budget")) {
    const Fields fields(*node, budget_record());
    strategy.budget.storage = fields.size("storage");
    if (const auto rate = parse_request_rate(fields.text("requests")); rate.ok()) {
      strategy.budget.requests = rate.value().count;
      strategy.budget.requests_per = rate.value().per;
    }
  }
  if (const auto* node = top.find("limits")) {
    const Fields fields(*node, limits_record());
    const auto number = [&](std::string_view key) {
      return static_cast<std::uint32_t>(fields.integer(key).value_or(0));
    };
    strategy.limits = {number("runs"), number("per-component"), number("per-location")};
  }
}

void build_telling(const Fields& top, Strategy& strategy) {
  for (const auto& member : top.named("channels")) {
    auto address = parse_secret(member.value.text);
    auto reference = address.ok() ? std::move(address).value() : SecretReference{};
    reference.position = member.value.position;
    strategy.channels.push_back({member.key, member.position, std::move(reference)});
  }
  for (const auto& member : top.named("severities")) {
    SeverityRoute route{.name = member.key, .position = member.position};
    if (member.value.is_scalar()) route.channels.push_back(member.value.text);
    for (const auto& item : member.value.items) route.channels.push_back(item.text);
    strategy.severities.push_back(std::move(route));
  }
  if (const auto* node = top.find("alerts")) strategy.alerts = build_alerts(*node);
}

void build_compliance(const Fields& top, Strategy& strategy) {
  for (const auto& member : top.named("compliance")) {
    const Fields fields(member.value, requirement_record());
    strategy.compliance.push_back(
        {member.key, member.position, fields.text("requirement"), fields.texts("by")});
  }
}

void build_render(const Fields& top, Strategy& strategy) {
  const auto* node = top.find("render");
  if (node == nullptr) return;
  const auto* names = Fields(*node, render_record()).find("kubernetes");
  if (names == nullptr) return;
  const Fields fields(*names, kubernetes_names_record());
  strategy.kubernetes = {fields.text("name"), fields.text("namespace"), fields.text("secret"),
                         fields.text("image")};
}

}  // namespace

void build(const Node& root, Strategy& strategy, Diagnostics& diagnostics) {
  const Fields top(root, strategy_record());
  strategy.name = top.text("strategy");
  if (top.has("timezone")) strategy.timezone = top.text("timezone");
  strategy.blackout = top.windows("blackout");
  build_encryption(top, strategy);
  build_budget(top, strategy);
  const auto defaults = build_defaults(top, diagnostics);
  for (const auto& member : top.named("locations")) {
    strategy.locations.push_back(build_location(member, diagnostics));
  }
  for (const auto& member : top.named("components")) {
    strategy.components.push_back(build_component(member, strategy, defaults, diagnostics));
  }
  for (const auto& member : top.named("drills")) strategy.drills.push_back(build_drill(member));
  for (const auto& member : top.named("targets")) {
    const Fields fields(member.value, target_record());
    strategy.targets.push_back({member.key, member.position, fields.text("host"),
                                fields.text("path"), fields.text("url")});
  }
  for (const auto& member : top.named("scenarios")) {
    strategy.scenarios.push_back(build_scenario(member));
  }
  build_telling(top, strategy);
  build_compliance(top, strategy);
  build_render(top, strategy);
}

}  // namespace holdfast::strategy
