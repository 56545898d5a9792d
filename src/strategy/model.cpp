// Finding things in the model by their names, and the names of its enumerations.
#include "strategy/model.hpp"

#include <algorithm>
#include <array>

namespace holdfast::strategy {

namespace {

template <typename T>
const T* named(const std::vector<T>& all, std::string_view name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const T& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

constexpr std::array<std::string_view, 6> levels{"none",     "present", "intact",
                                                 "readable", "sound",   "restorable"};

}  // namespace

bool Strategy::is_production() const {
  return environment == "production" || environment == "prod" || environment == "live";
}

const Component* Strategy::component(std::string_view name_) const {
  return named(components, name_);
}

const Location* Strategy::location(std::string_view name_) const { return named(locations, name_); }

const Drill* Strategy::drill(std::string_view name_) const { return named(drills, name_); }

const Component& Strategy::protector(const Component& component) const {
  if (component.kind != ComponentKind::part) return component;
  const auto* whole = named(components, component.part_of);
  return whole != nullptr ? *whole : component;
}

const std::string& SourceSettings::word(std::string_view key) const {
  static const std::string none;
  const auto found = words.find(key);
  return found == words.end() ? none : found->second;
}

const std::vector<std::string>& SourceSettings::list(std::string_view key) const {
  static const std::vector<std::string> none;
  const auto found = lists.find(key);
  return found == lists.end() ? none : found->second;
}

const Plan* Component::plan(std::string_view name_) const { return named(plans, name_); }

const Destination* Plan::destination(std::string_view location) const {
  for (const auto& each : to) {
    if (each.location == location) return &each;
  }
  return nullptr;
}

bool Location::is_object_store() const { return url.starts_with("s3:"); }

bool Location::is_path() const {
  return url.starts_with("file:") || (url.find("://") == std::string::npos &&
                                      url.find('@') == std::string::npos && !url.empty());
}

std::string_view level_name(Level level) noexcept {
  return levels[static_cast<std::size_t>(level)];
}

std::optional<Level> parse_level(std::string_view name) noexcept {
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

std::string_view plan_type_name(PlanType type) noexcept {
  switch (type) {
    case PlanType::unspecified: return "snapshot";
    case PlanType::log: return "log";
    case PlanType::logical: return "logical";
    case PlanType::physical: return "physical";
    case PlanType::incremental: return "incremental";
    case PlanType::full: return "full";
    case PlanType::rdb: return "rdb";
    case PlanType::aof: return "aof";
    case PlanType::dump: return "dump";
  }
  return "snapshot";
}

std::string_view finding_name(Finding finding) noexcept {
  switch (finding) {
    case Finding::failed: return "failed";
    case Finding::missing: return "missing";
    case Finding::size: return "size";
    case Finding::storage: return "storage";
    case Finding::verification: return "verification";
    case Finding::drill: return "drill";
    case Finding::objective: return "objective";
    case Finding::lag: return "lag";
    case Finding::upload: return "upload";
  }
  return "failed";
}

}  // namespace holdfast::strategy
