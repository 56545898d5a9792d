// What differs between two strategies, in words, and what follows from it: plans that stop,
// locations that are no longer served, snapshots that are kept for a shorter time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "strategy/model.hpp"

namespace holdfast::strategy {

struct StrategyChange {
  enum class Kind { added, removed, changed } kind = Kind::changed;
  std::string what;       // "component", "plan", "schedule", "keep", "location", "objective", …
  std::string component;  // each of these may be empty
  std::string plan;
  std::string location;
  std::string before;  // in words; never a secret
  std::string after;
  [[nodiscard]] std::string sentence() const;
};

struct Consequence {
  enum class Kind {
    plan_stops,           // nothing starts it any more
    location_not_served,  // no plan of the component goes there any more
    kept_shorter,         // a forecast of a year keeps fewer snapshots, or only younger ones
    loses_more,           // more can be lost at worst
    to_do,                // somebody has to do something first
  } kind = Kind::to_do;
  std::string component;
  std::string plan;
  std::string location;
  std::uint64_t kept_before = 0;  // of kept_shorter
  std::uint64_t kept_after = 0;
  std::string text;  // a sentence
  // Whether something is protected less than before.
  [[nodiscard]] bool is_loss() const noexcept { return kind != Kind::to_do; }
};

struct StrategyDiff {
  std::vector<StrategyChange> changes;  // in the order of the new strategy
  std::vector<Consequence> consequences;
};

[[nodiscard]] std::string_view change_kind_name(StrategyChange::Kind kind) noexcept;
[[nodiscard]] std::string_view consequence_name(Consequence::Kind kind) noexcept;

// `start`: of the forecasts that tell what is kept; made only of components that differ.
[[nodiscard]] StrategyDiff diff(const Strategy& before, const Strategy& after, base::Time start);

}  // namespace holdfast::strategy
