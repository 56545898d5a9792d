// Status: what could be restored of each component, from where, how old it is against what was
// promised. It comes from the repositories, not from what runs said of themselves.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/finding.hpp"
#include "catalog/run.hpp"
#include "engine/log_position.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

struct PlaceStatus {
  std::string location;
  // unknown: the location is down or could not be read; `message` says why.
  enum class State { fresh, late, empty, unknown } state = State::unknown;
  std::uint64_t snapshots = 0;
  // The recovery point: when the newest capture began, or the end of the log after it.
  std::optional<base::Time> newest;
  std::string newest_snapshot;  // hexadecimal
  std::optional<base::Duration> age;
  std::optional<base::Duration> expected;  // not older than this: the RPO, or a schedule and a half
  std::string proved;                      // the highest level that one of them has reached
  std::optional<base::Time> proved_at;
  std::string message;
  std::optional<base::Time> oldest;  // the oldest recovery point
  // The newest look at any of its snapshots that gave an answer.
  std::optional<base::Time> verified_at;
  std::uint64_t damaged = 0;  // snapshots that are there and whose last look found damage
  // Of a component that keeps a log. none: it keeps none, or the location can't be seen; flows: it
  // leads from a base to `log_end`; broken: more of it is there, and nothing leads to that.
  enum class Log { none, flows, broken } log = Log::none;
  std::optional<LogPosition> log_end;
};

// A verification that the strategy declares, at one location; a drill is at none.
struct VerificationStatus {
  std::string name;
  std::string location;
  std::string level;
  std::string drill;
  // current: its last look was in time, and found nothing wrong. waiting: there was none yet, and
  // none is missing. unknown: the last one could not be made, or the location can't be seen.
  enum class State { current, waiting, overdue, failed, unknown } state = State::waiting;
  std::optional<base::Time> at;  // of the last look that gave an answer
  std::optional<base::Duration> age;
  std::optional<base::Duration> expected;  // it should not be older: a schedule and a half
  std::string message;
};

// The last drill that restored a component.
struct DrillStatus {
  std::string drill;
  std::string run;
  std::string outcome;  // passed, failed or unknown
  base::Time at;
  base::Duration duration;  // of this component alone
  bool is_late = false;     // the whole drill took longer than its `within`
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
  // Whether its last drill kept the RTO; unknown: none has passed.
  Objective recovery = Objective::none;
  std::vector<PlaceStatus> places;    // in the order of the strategy's locations
  std::vector<MirrorStatus> mirrors;  // likewise
  std::vector<VerificationStatus> verifications;
  std::optional<DrillStatus> last_drill;
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

[[nodiscard]] std::string_view place_log_name(PlaceStatus::Log log) noexcept;
[[nodiscard]] std::string_view place_state_name(PlaceStatus::State state) noexcept;
[[nodiscard]] std::string_view verification_state_name(VerificationStatus::State state) noexcept;
[[nodiscard]] std::string_view mirror_state_name(MirrorStatus::State state) noexcept;
[[nodiscard]] std::string_view objective_name(ComponentStatus::Objective objective) noexcept;

}  // namespace holdfast::engine
