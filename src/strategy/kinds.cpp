// The table of kinds.
#include "kinds.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"

namespace holdfast::strategy {

namespace {

struct TypeName {
  std::string_view name;
  PlanType type;
  bool synonym = false;
};

struct KindFacts {
  ComponentKind kind;
  std::string_view name;
  Built built = Built::not_yet;
  std::vector<PlanType> types_not_built = {};
  std::vector<TypeName> types = {};
  std::optional<PlanType> fallback = {};
  std::vector<PlanType> bases = {};
  std::string_view base_name = {};
};

const std::vector<KindFacts>& facts() {
  static const std::vector<KindFacts> table{
      {.kind = ComponentKind::part, .name = "part"},
      {.kind = ComponentKind::postgres,
       .name = "postgres",
       .built = Built::yes,
       .types = {{"logical", PlanType::logical},
                 {"physical", PlanType::physical},
                 {"incremental", PlanType::incremental},
                 {"log", PlanType::log},
                 {"wal", PlanType::log, true}},
       .bases = {PlanType::physical, PlanType::incremental},
       .base_name = "a physical or incremental plan"},
      {.kind = ComponentKind::redis,
       .name = "redis",
       .types = {{"rdb", PlanType::rdb}, {"aof", PlanType::aof}, {"log", PlanType::log}},
       .bases = {PlanType::rdb, PlanType::aof},
       .base_name = "an rdb or aof plan"},
      {.kind = ComponentKind::mongodb,
       .name = "mongodb",
       .types = {{"dump", PlanType::dump}, {"log", PlanType::log}, {"oplog", PlanType::log, true}},
       .bases = {PlanType::dump},
       .base_name = "a dump plan"},
      {.kind = ComponentKind::clickhouse,
       .name = "clickhouse",
       .types = {{"full", PlanType::full}, {"incremental", PlanType::incremental}}},
      {.kind = ComponentKind::files,
       .name = "files",
       .built = Built::yes,
       .types = {{"incremental", PlanType::incremental}, {"full", PlanType::full}},
       .fallback = PlanType::incremental},
      {.kind = ComponentKind::command,
       .name = "command",
       .built = Built::yes,
       .fallback = PlanType::unspecified},
      {.kind = ComponentKind::git,
       .name = "git",
       .built = Built::yes,
       .fallback = PlanType::unspecified},
      {.kind = ComponentKind::bucket, .name = "bucket", .fallback = PlanType::unspecified},
      {.kind = ComponentKind::docker, .name = "docker", .fallback = PlanType::unspecified},
      {.kind = ComponentKind::kubernetes, .name = "kubernetes", .fallback = PlanType::unspecified},
      {.kind = ComponentKind::vault, .name = "vault", .fallback = PlanType::unspecified},
  };
  return table;
}

const KindFacts& facts_of(ComponentKind kind) {
  const auto& table = facts();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const KindFacts& each) { return each.kind == kind; });
  CHECK(found != table.end(), "a kind of component without facts");
  return *found;
}

}  // namespace

std::string_view component_kind_name(ComponentKind kind) noexcept { return facts_of(kind).name; }

Built is_built(ComponentKind kind) noexcept { return facts_of(kind).built; }

Built is_built(ComponentKind kind, PlanType type) noexcept {
  const auto& missing = facts_of(kind).types_not_built;
  const bool lacks = std::find(missing.begin(), missing.end(), type) != missing.end();
  return lacks ? Built::not_yet : Built::yes;
}

std::optional<PlanType> parse_type(ComponentKind kind, std::string_view text) {
  for (const auto& type : facts_of(kind).types) {
    if (type.name == text) return type.type;
  }
  return std::nullopt;
}

std::vector<std::string> type_names(ComponentKind kind) {
  std::vector<std::string> names;
  for (const auto& type : facts_of(kind).types) {
    if (!type.synonym) names.emplace_back(type.name);
  }
  return names;
}

std::optional<PlanType> default_type(ComponentKind kind) { return facts_of(kind).fallback; }

bool is_base_of_log(ComponentKind kind, PlanType type) {
  const auto& bases = facts_of(kind).bases;
  return std::find(bases.begin(), bases.end(), type) != bases.end();
}

std::string_view base_of_log_name(ComponentKind kind) { return facts_of(kind).base_name; }

bool allows(ComponentKind kind, PlanType type, WhenKind when) {
  const bool follows_alone = kind == ComponentKind::bucket;
  switch (when) {
    case WhenKind::change:
      return kind == ComponentKind::files || kind == ComponentKind::vault ||
             kind == ComponentKind::kubernetes;
    case WhenKind::commit: return kind == ComponentKind::git;
    case WhenKind::continuous: return type == PlanType::log || follows_alone;
    case WhenKind::each: return false;
    default: return type != PlanType::log;
  }
}

bool is_server(ComponentKind kind) noexcept {
  return kind == ComponentKind::postgres || kind == ComponentKind::redis ||
         kind == ComponentKind::mongodb || kind == ComponentKind::clickhouse;
}

}  // namespace holdfast::strategy
