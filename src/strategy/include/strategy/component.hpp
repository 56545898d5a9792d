// Component: one thing to protect, with its plans and the promises that are made about it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "strategy/diagnostic.hpp"
#include "strategy/location.hpp"
#include "strategy/plan.hpp"

namespace holdfast::strategy {

enum class ComponentKind {
  part,  // of another component: no data of its own
  postgres,
  redis,
  mongodb,
  clickhouse,
  files,
  command,
  git,
  bucket,
  docker,
  kubernetes,
  vault,
};

[[nodiscard]] std::string_view component_kind_name(ComponentKind kind) noexcept;

// Whether this program can carry out plans of the kind yet.
enum class Built { yes, not_yet };
[[nodiscard]] Built is_built(ComponentKind kind) noexcept;
// Of a kind that is built: whether plans of this type can be carried out, too.
[[nodiscard]] Built is_built(ComponentKind kind, PlanType type) noexcept;

// What the component's source needs to know. Words are scalars, lists have more than one; both are
// keyed as in the strategy ("url", "paths"). Secrets are references.
struct SourceSettings {
  std::map<std::string, std::string, std::less<>> words;
  std::map<std::string, std::vector<std::string>, std::less<>> lists;
  std::map<std::string, SecretReference, std::less<>> secrets;

  // Empty if it was not given.
  [[nodiscard]] const std::string& word(std::string_view key) const;
  [[nodiscard]] const std::vector<std::string>& list(std::string_view key) const;
};

struct Percentage {
  double percent = 0;
  std::string per;  // "month", "quarter", "year", "week"; empty: at all times
};

struct Objectives {
  std::optional<base::Duration> rpo;
  std::optional<base::Duration> rto;
  std::optional<Percentage> success;   // of runs
  std::optional<Percentage> verified;  // of snapshots
  std::optional<Percentage> drills;    // of drills
  Position position;
  Position rpo_position;
  Position rto_position;
};

struct Hooks {
  std::vector<std::string> before;
  std::vector<std::string> after;
  std::vector<std::string> failed;
};

// Stopped and started around restores in place and drills.
struct Service {
  std::string stop;
  std::string start;
};

struct Component {
  std::string name;
  Position position;
  ComponentKind kind = ComponentKind::files;
  Position kind_position;
  SourceSettings source;
  std::string part_of;
  std::vector<std::string> tables;
  std::string host;  // whose daemon runs it; empty: any one does
  bool enabled = true;
  std::string note;
  Objectives objectives;
  std::vector<Plan> plans;  // in the order of the strategy
  std::vector<Verification> verifications;
  Hooks hooks;
  Service service;
  std::optional<std::uint64_t> expected_size;  // bytes, for forecasts

  // Nothing if there is none. Borrowed.
  [[nodiscard]] const Plan* plan(std::string_view name) const;
  // Whether the machine of this name carries its plans out.
  [[nodiscard]] bool is_of_host(std::string_view host_name) const noexcept {
    return host.empty() || host == host_name;
  }
};

}  // namespace holdfast::strategy
