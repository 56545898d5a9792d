// Builds components and locations.
#include <array>

#include "builder.hpp"
#include "keys.hpp"
#include "kinds.hpp"

namespace holdfast::strategy {

namespace {

struct KindKey {
  std::string_view key;
  ComponentKind kind;
  const Record& (*record)();
};

constexpr std::array<KindKey, 11> kind_keys{{
    {"postgres", ComponentKind::postgres, postgres_record},
    {"redis", ComponentKind::redis, redis_record},
    {"mongodb", ComponentKind::mongodb, mongodb_record},
    {"clickhouse", ComponentKind::clickhouse, clickhouse_record},
    {"files", ComponentKind::files, files_record},
    {"command", ComponentKind::command, command_record},
    {"git", ComponentKind::git, git_record},
    {"bucket", ComponentKind::bucket, bucket_record},
    {"docker", ComponentKind::docker, docker_record},
    {"kubernetes", ComponentKind::kubernetes, kubernetes_record},
    {"vault", ComponentKind::vault, vault_record},
}};

// Whether a value of this shape is always one word.
bool is_list_shaped(const Shape& shape) {
  return shape.form == Form::any_of && shape.parts.back().form == Form::list;
}

SourceSettings build_source(const Node& node, const Record& record) {
  SourceSettings settings;
  const Fields fields(node, record);
  for (const auto& key : record.keys) {
    if (!fields.has(key.name)) continue;
    if (key.shape.form == Form::secret) {
      settings.secrets[key.name] = fields.secret(key.name);
    } else if (is_list_shaped(key.shape)) {
      settings.lists[key.name] = fields.texts(key.name);
    } else {
      settings.words[key.name] = fields.text(key.name);
    }
  }
  return settings;
}

Objectives build_objectives(const Fields& fields) {
  Objectives made;
  made.position = fields.node().position;
  made.rpo = fields.duration("rpo");
  made.rto = fields.duration("rto");
  made.success = fields.rate("success");
  made.verified = fields.rate("verified");
  made.drills = fields.rate("drills");
  made.rpo_position = fields.position("rpo");
  made.rto_position = fields.position("rto");
  return made;
}

void build_kind(const Fields& fields, Component& component) {
  component.part_of = fields.text("part-of");
  if (!component.part_of.empty()) {
    component.kind = ComponentKind::part;
    component.kind_position = fields.position("part-of");
  }
  for (const auto& each : kind_keys) {
    const auto* node = fields.find(each.key);
    if (node == nullptr) continue;
    component.kind = each.kind;
    component.kind_position = node->position;
    component.source = build_source(*node, each.record());
  }
}

// The defaults, with what the component says of the same name in their place.
std::vector<Verification> build_verifications(const Fields& fields, const Defaults& defaults) {
  auto all = defaults.verifications;
  for (const auto& member : fields.named("verify")) {
    auto made = build_verification(member);
    bool replaced = false;
    for (auto& each : all) {
      if (each.name != made.name) continue;
      each = made;
      replaced = true;
    }
    if (!replaced) all.push_back(std::move(made));
  }
  return all;
}

}  // namespace

Component build_component(const Member& member, const Strategy& strategy, const Defaults& defaults,
                          Diagnostics& diagnostics) {
  const Fields fields(member.value, component_record());
  Component made{.name = member.key, .position = member.position};
  build_kind(fields, made);
  made.tables = fields.texts("tables");
  made.host = fields.has("host") ? fields.text("host") : defaults.host;
  made.enabled = fields.flag("enabled").value_or(true);
  made.note = fields.text("note");
  made.expected_size = fields.size("size");
  if (const auto* node = fields.find("objectives")) {
    made.objectives = build_objectives(Fields(*node, objectives_record()));
  }
  for (const auto& plan : fields.named("plans")) {
    made.plans.push_back(build_plan(plan, made.kind, strategy, defaults, diagnostics));
  }
  if (made.kind != ComponentKind::part) made.verifications = build_verifications(fields, defaults);
  if (const auto* node = fields.find("hooks")) {
    const Fields hooks(*node, hooks_record());
    made.hooks = {hooks.texts("before"), hooks.texts("after"), hooks.texts("failed")};
  }
  if (const auto* node = fields.find("service")) {
    const Fields service(*node, service_record());
    made.service = {service.text("stop"), service.text("start")};
  }
  return made;
}

Location build_location(const Member& member, Diagnostics& diagnostics) {
  const Fields fields(member.value, location_record());
  Location made{.name = member.key, .position = member.position};
  if (fields.has("mirror")) made.kind = LocationKind::mirror;
  const std::string_view place = fields.has("mirror") ? "mirror" : "url";
  made.url = fields.text(place);
  made.url_position = fields.position(place);
  made.media = fields.text("media");
  if (made.media.empty() && made.is_object_store()) made.media = "object";
  made.host = fields.text("host");
  made.region = fields.text("region");
  made.provider = fields.text("provider");
  made.endpoint = fields.text("endpoint");
  made.offsite = fields.flag("offsite").value_or(false);
  made.removable = fields.flag("removable").value_or(false);
  made.capacity = fields.size("capacity");
  made.warn_percent = fields.percentage("warn");
  made.access = fields.duration("access");
  made.lock = fields.duration("lock");
  made.lock_position = fields.position("lock");
  if (const auto* node = fields.find("keep")) made.keep = build_keep(*node, diagnostics);
  made.storage_class = fields.text("storage-class");
  made.server_encryption = fields.text("sse");
  made.server_encryption_key = fields.text("sse-key");
  made.addressing = fields.text("addressing");
  made.owner = fields.text("owner");
  made.mode = fields.text("mode");
  made.credentials = fields.secret("credentials");
  made.runs_at_once = static_cast<std::uint32_t>(fields.integer("runs").value_or(0));
  made.bytes_per_second = fields.size("bandwidth").value_or(0);
  return made;
}

}  // namespace holdfast::strategy
