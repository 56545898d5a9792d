// Schedules: at which instants a plan is due. Pure functions of the plan, a time zone and the time.
//
// Fixed times (`at`, and cron with limited hours) follow the wall clock: a time that daylight
// saving skips is due at the instant of the change, one that comes twice is due the first time.
// Intervals count elapsed time: `every` starts afresh at each local midnight, so that runs stay at
// round times, and a run that would come less than half an interval before midnight is left out; an
// interval of days is due at local midnights counted from a Monday; one that doesn't divide the day
// counts from Monday 1970-01-05 00:00 UTC. Cron with every hour counts real minutes: nothing is
// skipped or stands still when the clock is set back.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "strategy/plan.hpp"
#include "strategy/time_zone.hpp"
#include "strategy/when.hpp"

namespace holdfast::strategy {

// The first instant after `after` at which the clock makes it due; nothing for what the clock
// doesn't decide, and for what never happens.
[[nodiscard]] std::optional<base::Time> next_due(const When& when, base::Time after,
                                                 const TimeZone& zone);

// What the clock decides about a plan: for `when: change` the sweeps; nothing while it is off.
[[nodiscard]] When timing_of(const Plan& plan);

// The same for a plan.
[[nodiscard]] std::optional<base::Time> next_due(const Plan& plan, base::Time after,
                                                 const TimeZone& zone);

// All instants in (after, until], at most `limit`.
[[nodiscard]] std::vector<base::Time> due_between(const When& when, base::Time after,
                                                  base::Time until, const TimeZone& zone,
                                                  std::size_t limit = 100'000);

// The last instant not after `until`; nothing if there was none for eight years.
[[nodiscard]] std::optional<base::Time> newest_due(const When& when, base::Time until,
                                                   const TimeZone& zone);

// The last one of those that meet the condition: which, if an instant doesn't, no later one does.
[[nodiscard]] std::optional<base::Time> newest_due(
    const When& when, base::Time until, const TimeZone& zone,
    const std::function<bool(base::Time)>& condition);

// What is to be started now.
struct Due {
  base::Time slot;           // the newest instant that has come
  std::uint64_t missed = 0;  // earlier ones that are caught up with it; at most 1000 are counted
};

// What has come due in (since, now] and not been served: `since` is the slot of the last run, or,
// before the first one, the moment at which the program first saw the plan, so that a first start
// runs nothing that isn't due. However many were missed, one run catches up.
[[nodiscard]] std::optional<Due> due_now(const When& when, base::Time since, base::Time now,
                                         const TimeZone& zone);

// A delay in [0, jitter), always the same for a name and slot.
[[nodiscard]] base::Duration jitter_of(std::string_view name, base::Time slot,
                                       base::Duration jitter);

// The first instant from `at` on that lies in no window; nothing if there is none within a month.
[[nodiscard]] std::optional<base::Time> after_blackout(const std::vector<Window>& windows,
                                                       base::Time at, const TimeZone& zone);

// What keeps a run from starting when it is due.
struct Delays {
  base::Duration jitter;
  std::vector<Window> windows;
};

// The longest time between two starts, on days on which no clock is changed, whatever the jitter
// happens to be; nothing for what the clock doesn't decide, and if windows never end.
[[nodiscard]] std::optional<base::Duration> longest_gap(const When& when,
                                                        const Delays& delays = {});

// The most that is lost with copies that are taken so, of what is captured so: from the instant
// that the copy holds until the next copy starts. A copy takes what is due in the same minute, else
// the newest.
struct Rhythm {
  When when;
  Delays delays;
};
[[nodiscard]] std::optional<base::Duration> longest_gap_of_copies(const Rhythm& copies,
                                                                  const Rhythm& captures);

// The longest time that windows forbid without a break; nothing if they never end.
[[nodiscard]] std::optional<base::Duration> longest_window(const std::vector<Window>& windows);

}  // namespace holdfast::strategy
