// Expectations of a drill, held against what was restored.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "engine/drill.hpp"
#include "strategy/drill.hpp"

namespace holdfast::engine {

class PostgresDrill;

// Where one component lies now.
struct RestoredFolder {
  const strategy::Component* component = nullptr;  // borrowed
  std::string folder;                              // its paths begin below it
  std::string location;                            // from which it came
  std::string snapshot;                            // hexadecimal
  PostgresDrill* postgres = nullptr;               // borrowed; the server that was made of it
};

struct DrillScene {
  const Workplace& workplace;
  const std::string& drill;
  const std::string& run;
  const std::string& folder;  // of the whole drill
  const std::vector<RestoredFolder>& restored;
};

// Never fails: what could not be looked at is unknown, with the reason.
[[nodiscard]] DrillCheck check_expectation(const DrillScene& scene,
                                           const strategy::Expectation& expected,
                                           const std::stop_token& stop);

[[nodiscard]] std::string_view expectation_name(strategy::ExpectKind kind) noexcept;

// The variable by which a command finds a component's folder: HOLDFAST_COMPONENT_ and its name in
// capitals, with _ for what can't be in a variable's name.
[[nodiscard]] std::string component_variable(const std::string& component);
// The one by which it finds a component's server: HOLDFAST_URL_ and the same.
[[nodiscard]] std::string url_variable(const std::string& component);

}  // namespace holdfast::engine
