// RetryPause: how long one waits before trying again what has failed: runs, copies, maintenance.
#pragma once

#include <cstdint>

#include "base/clock.hpp"

namespace holdfast::engine {

// After so many failures in a row: 1, 2, 4, … minutes, an hour at most.
[[nodiscard]] base::Duration pause_after(std::uint64_t failures) noexcept;

// Whether a pause that was to end at `until` is over. One that has longer to go than any pause was
// set before the clock was set back, and is over too.
[[nodiscard]] bool is_over(base::Time until, base::Time now) noexcept;

}  // namespace holdfast::engine
