// Agenda: what runs next.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "strategy/model.hpp"
#include "strategy/time_zone.hpp"

namespace holdfast::strategy {

struct AgendaEntry {
  base::Time slot;   // when it is due
  base::Time start;  // after jitter and blackouts
  std::string component;
  std::string plan;  // or the verification
  bool is_verification = false;
};

// Timed plans and verifications that start in (after, until], by start; at most `limit`. Of what
// waits for the end of a window only the newest slot is told: one run catches up.
[[nodiscard]] std::vector<AgendaEntry> agenda(const Strategy& strategy, base::Time after,
                                              base::Time until, const TimeZone& zone,
                                              std::size_t limit);

// When a run that is due at `slot` begins: jitter added, windows of the plan and the strategy left,
// a copy not before what is due in the same minute of the plan that it copies; nothing if windows
// never end.
[[nodiscard]] std::optional<base::Time> start_of(const Strategy& strategy,
                                                 const Component& component, const Plan& plan,
                                                 base::Time slot, const TimeZone& zone);

}  // namespace holdfast::strategy
