// Patience with locations.
#include "engine/waiting_copy.hpp"

#include <algorithm>

namespace holdfast::engine {

namespace {

constexpr base::Duration first_retry = base::minutes(1);
constexpr base::Duration longest_retry = base::hours(1);

}  // namespace

base::Duration pause_after(std::uint64_t attempts) {
  auto pause = first_retry;
  for (std::uint64_t i = 1; i < attempts && pause < longest_retry; ++i) pause = pause + pause;
  return std::min(pause, longest_retry);
}

bool is_time_for(const catalog::CopyRecord& waiting, base::Time now) {
  return waiting.next_attempt <= now || waiting.next_attempt > now + longest_retry;
}

catalog::CopyRecord after_attempt(catalog::CopyRecord waiting, const base::Result<void>& done,
                                  base::Time now, IfAbsent if_absent) {
  waiting.changed = now;
  ++waiting.attempts;
  if (done.ok()) {
    waiting.state = catalog::CopyState::stored;
    waiting.message.clear();
    return waiting;
  }
  waiting.next_attempt = now + pause_after(waiting.attempts);
  waiting.message = done.error().message();
  const bool is_absent = done.error().code() == base::ErrorCode::not_found;
  if (is_absent && if_absent == IfAbsent::give_up) {
    waiting.state = catalog::CopyState::dropped;
  }
  return waiting;
}

}  // namespace holdfast::engine
