// Strategy: the whole of holdfast.yaml, for one environment, after includes, defaults and
// variables. A value type: immutable once parsed, safe to share between threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strategy/alert.hpp"
#include "strategy/component.hpp"
#include "strategy/drill.hpp"
#include "strategy/location.hpp"
#include "strategy/plan.hpp"

namespace holdfast::strategy {

// What checks demand of encryption. Repositories are always encrypted.
enum class EncryptionDemand { required, warn, optional };

struct Encryption {
  Position position;
  EncryptionDemand demand = EncryptionDemand::required;
  SecretReference key;        // reads and writes
  SecretReference write_key;  // writes only
  SecretReference read_key;   // reads only
};

struct Budget {
  std::optional<std::uint64_t> storage;   // bytes
  std::optional<std::uint64_t> requests;  // in requests_per
  base::Duration requests_per = base::days(30);
};

struct Limits {
  std::uint32_t runs = 0;  // at once in all; 0: the default
  std::uint32_t per_component = 0;
  std::uint32_t per_location = 0;
};

// One requirement of a regulation and what meets it here.
struct Requirement {
  std::string name;
  Position position;
  std::string text;
  std::vector<std::string> by;
};

struct KubernetesNames {
  std::string name;
  std::string workspace;  // the namespace
  std::string secret;
  std::string image;
};

struct Strategy {
  std::string name;
  std::string environment;
  std::string timezone = "UTC";
  std::string folder;              // of the strategy file; relative paths start here
  std::vector<std::string> files;  // that positions count
  Budget budget;
  Limits limits;
  Encryption encryption;
  std::vector<Window> blackout;
  std::vector<Location> locations;
  std::vector<Component> components;
  std::vector<Drill> drills;
  std::vector<Target> targets;
  std::vector<Scenario> scenarios;
  std::vector<Channel> channels;
  std::vector<SeverityRoute> severities;
  std::vector<Alert> alerts;
  std::vector<Requirement> compliance;
  KubernetesNames kubernetes;
  std::vector<std::string> environments;  // that the file knows

  [[nodiscard]] bool is_production() const;
  // Nothing if there is none. Borrowed.
  [[nodiscard]] const Component* component(std::string_view name) const;
  [[nodiscard]] const Location* location(std::string_view name) const;
  [[nodiscard]] const Drill* drill(std::string_view name) const;
  // Whose plans protect this component: itself, or what it is a part of.
  [[nodiscard]] const Component& protector(const Component& component) const;
};

}  // namespace holdfast::strategy
