// Plan: one row of a component's schedule: which type, when, to which locations, kept how long; and
// Verification, which says when what was kept is looked at.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "strategy/diagnostic.hpp"
#include "strategy/keep.hpp"
#include "strategy/when.hpp"

namespace holdfast::strategy {

// How far a snapshot has been proved, each step including those before. `none`: not looked at.
enum class Level { none, present, intact, readable, sound, restorable };
[[nodiscard]] std::string_view level_name(Level level) noexcept;
// Nothing if there is no such level.
[[nodiscard]] std::optional<Level> parse_level(std::string_view name) noexcept;

enum class PlanType {
  unspecified,  // the kind has one way only
  log,
  logical,
  physical,
  incremental,
  full,
  rdb,
  aof,
  dump,
};
[[nodiscard]] std::string_view plan_type_name(PlanType type) noexcept;

// One location of a plan and what is kept there.
struct Destination {
  std::string location;
  Position position;
  Keep keep;  // empty for mirrors
  Position keep_position;
};

// Named plain files beside the repository, kept by the plan's rules.
struct Export {
  std::string to;
  std::string name;     // with {component}, {plan}, {environment}, {time}, {strategy}
  std::string encrypt;  // "gpg", "openssl", or empty
  bool manifest = false;
};

struct Plan {
  std::string name;
  Position position;
  PlanType type = PlanType::unspecified;
  Position type_position;
  When when;
  Position when_position;
  std::string copy_of;  // the plan whose snapshots this one copies; empty: captures itself
  Position copy_position;
  std::vector<Destination> to;
  Level demand = Level::none;  // the newest snapshot that reached it is never deleted
  std::optional<Export> exported;
  std::string content;  // "schema", "data", or empty for all
  bool enabled = true;
  base::Duration settle;   // of change: so long without another change
  base::Duration at_most;  // of change: though changes go on, not longer than this; 0: no limit
  base::Duration sweep;    // of change: looks by itself so often; 0: never
  base::Duration flush;    // of a log: what was received is durable after so long; 0: the default
  base::Duration stall;    // without progress for so long, the run is cancelled; 0: the default
  base::Duration jitter;
  std::vector<Window> blackout;
  std::string note;

  // Nothing if the plan doesn't go there. Borrowed.
  [[nodiscard]] const Destination* destination(std::string_view location) const;
  [[nodiscard]] bool is_log() const noexcept { return type == PlanType::log; }
};

// Of which snapshots.
struct Sample {
  enum class Kind { all, newest, unverified, percent } kind = Kind::newest;
  double percent = 100;
};

struct Verification {
  std::string name;
  Position position;
  When when;
  Position when_position;
  Level level = Level::none;
  Sample of;
  std::string drill;  // carried out instead of looking; empty: none
  Position drill_position;
  bool enabled = true;
};

}  // namespace holdfast::strategy
