// Due: what a scheduler starts now, and when it looks again. Pure functions of the strategy, of
// what is remembered about each plan and verification, of what runs, and of the time.
//
// A slot is an instant at which the clock makes a plan due (schedule.hpp); it starts when jitter
// and windows let it (start_of in agenda.hpp). However many slots have come, one run serves the
// newest and with it all before; slots from before a plan was first seen are never served. Nothing
// starts in a window, nor before the time for which a failed run asked.
//
// What one component has due of one kind of capture is captured once: one run serves several plans
// and writes to the destinations of all. A plan that jitter would delay joins a run for a slot of
// the same minute. A copy comes after the run that it is to copy: while what is due in the same
// minute hasn't been captured and is under way or about to be, it waits.
//
// What runs all the time (when: continuous) is not started here, nor what only somebody asks for.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "strategy/model.hpp"
#include "strategy/time_zone.hpp"

namespace holdfast::strategy {

// A plan or a verification of a component.
struct Task {
  enum class Kind { plan, verification };
  std::string component;
  std::string name;
  Kind kind = Kind::plan;
  auto operator<=>(const Task&) const = default;
};

// What is remembered of a task. Whoever starts runs keeps it: `served` (or the number that was
// served, or the changes that were taken) moves on when a run has succeeded or nobody tries again.
struct TaskState {
  base::Time first_seen;               // when the program first saw the task
  std::optional<base::Time> served;    // the newest slot
  std::optional<base::Time> retry_at;  // the last run failed: not again before
  // Numbers count up: of `holdfast event` for the plan's event; of snapshots for a verification
  // after each.
  std::uint64_t event_seen = 0;
  std::uint64_t event_served = 0;
  std::uint64_t commit_seen = 0;
  std::uint64_t commit_served = 0;
  // Changes that no run has taken yet.
  std::optional<base::Time> first_change;
  std::optional<base::Time> last_change;
};

// A run that is under way.
struct RunUnderWay {
  std::vector<Task> tasks;
  std::vector<std::string> locations;  // to which it writes
};

struct Situation {
  base::Time now;
  base::Time running_since;          // since when the program has been looking
  std::string host;                  // this machine's name: other hosts' components are theirs
  std::map<Task, TaskState> states;  // a task without one has been seen only now
  std::vector<RunUnderWay> under_way;
  std::function<bool(ComponentKind)> can_run = [](ComponentKind kind) {
    return is_built(kind) == Built::yes;
  };
  std::function<bool(ComponentKind, PlanType)> can_run_plan =
      [](ComponentKind kind, PlanType type) { return is_built(kind, type) == Built::yes; };
  // Only these are looked at, by name; nothing: all. What others have under way counts against
  // limits all the same.
  std::optional<std::set<std::string>> components;
};

enum class Reason {
  schedule,
  catch_up,  // earlier slots were missed too, or the program wasn't looking when it was to start
  retry,
  change,
  event,
  commit,
};
[[nodiscard]] std::string_view reason_name(Reason reason) noexcept;

struct Serving {
  Task task;
  Reason reason = Reason::schedule;
  // The slot; of what the clock doesn't decide, now.
  base::Time slot;
  std::uint64_t missed = 0;  // earlier slots that it catches up; at most 1000 are counted
  // Of an event, a commit, or the newest snapshot to be verified: the number that is served. Each
  // event has a run of its own, the oldest first.
  std::uint64_t number = 0;
};

// One capture, one copy or one verification.
struct DueRun {
  std::vector<Serving> serves;         // at least one; of one component
  std::vector<std::string> locations;  // the destinations of all of them
  std::string copy_of;                 // the plan whose newest snapshot is copied; or empty
};

struct DueRuns {
  std::vector<DueRun> start;  // in this order
  std::vector<DueRun> held;   // that limits hold back until something ends
  // Components that would be due here and can't be carried out yet, each once.
  std::vector<std::string> not_built;
  // What next_wake() says, of each component that was looked at: nothing, if it isn't there.
  std::map<std::string, base::Time> wakes;
};

// What limits are where the strategy says nothing.
constexpr std::uint32_t runs_at_once_default = 4;
constexpr std::uint32_t runs_of_component_default = 2;

[[nodiscard]] DueRuns what_is_due(const Strategy& strategy, const TimeZone& zone,
                                  const Situation& situation);

// When the clock may make something due next that isn't now; later than now; nothing: never. One
// looks again then, and when a run ends, and when an event, a commit or a change is told.
[[nodiscard]] std::optional<base::Time> next_wake(const Strategy& strategy, const TimeZone& zone,
                                                  const Situation& situation);

}  // namespace holdfast::strategy
