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

// The same for a plan: for `when: change` with a sweep, the next sweep.
[[nodiscard]] std::optional<base::Time> next_due(const Plan& plan, base::Time after,
                                                 const TimeZone& zone);

// All instants in (after, until], at most `limit`.
[[nodiscard]] std::vector<base::Time> due_between(const When& when, base::Time after,
                                                  base::Time until, const TimeZone& zone,
                                                  std::size_t limit = 100'000);

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

// The longest time between two instants on ordinary days; nothing for what the clock doesn't
// decide.
[[nodiscard]] std::optional<base::Duration> longest_gap(const When& when);

}  // namespace holdfast::strategy
