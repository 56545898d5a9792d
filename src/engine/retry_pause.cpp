// Doubling.
#include "engine/retry_pause.hpp"

#include <algorithm>

namespace holdfast::engine {

namespace {

constexpr base::Duration shortest = base::minutes(1);
constexpr base::Duration longest = base::hours(1);

}  // namespace

base::Duration pause_after(std::uint64_t failures) noexcept {
  auto pause = shortest;
  for (std::uint64_t i = 1; i < failures && pause < longest; ++i) pause = pause + pause;
  return std::min(pause, longest);
}

bool is_over(base::Time until, base::Time now) noexcept {
  return until <= now || until > now + longest;
}

}  // namespace holdfast::engine
