// Status: what could be restored of each component, from where, how old it is against what was
// promised. It comes from the repositories, not from what runs said of themselves.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/finding.hpp"
#include "catalog/run.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

struct PlaceStatus {
  std::string location;
  // unknown: the location is down or could not be read; `message` says why.
  enum class State { fresh, late, empty, unknown } state = State::unknown;
  std::uint64_t snapshots = 0;
  std::optional<base::Time> newest;  // the recovery point: when its capture began
  std::string newest_snapshot;       // hexadecimal
  std::optional<base::Duration> age;
  std::optional<base::Duration> expected;  // not older than this: the RPO, or a schedule and a half
  std::string proved;                      // the highest level that one of them has reached
  std::optional<base::Time> proved_at;
  std::string message;
};

// A mirror of a git repository.
struct MirrorStatus {
  std::string location;
  // unknown: one of the two can't be asked; `message` says why.
  enum class State { in_step, behind, unknown } state = State::unknown;
  std::uint64_t refs_behind = 0;
  std::optional<base::Duration> age;  // of the oldest commit that isn't there, if it is known
  std::string message;
};

struct ComponentStatus {
  std::string name;
  std::string kind;
  bool is_built = true;
  bool is_enabled = true;
  std::optional<base::Duration> rpo;
  std::optional<base::Duration> rto;
  // Whether the newest recovery point anywhere keeps the RPO.
  enum class Objective { met, missed, unknown, none } objective = Objective::none;
  std::vector<PlaceStatus> places;    // in the order of the strategy's locations
  std::vector<MirrorStatus> mirrors;  // likewise
  std::optional<catalog::RunRecord> last_run;
  std::optional<base::Time> next_run;
  std::string next_plan;
};

struct StrategyStatus {
  base::Time at;
  std::vector<ComponentStatus> components;
  std::vector<catalog::FindingRecord> findings;
  std::uint64_t waiting_copies = 0;
};

// Opens every location that a component goes to, once, and asks its mirrors.
base::Result<StrategyStatus> status_of(const Workplace& workplace);

[[nodiscard]] std::string_view place_state_name(PlaceStatus::State state) noexcept;
[[nodiscard]] std::string_view mirror_state_name(MirrorStatus::State state) noexcept;
[[nodiscard]] std::string_view objective_name(ComponentStatus::Objective objective) noexcept;

}  // namespace holdfast::engine
