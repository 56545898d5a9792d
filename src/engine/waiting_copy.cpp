// Patience with locations.
#include "engine/waiting_copy.hpp"

#include "engine/retry_pause.hpp"

namespace holdfast::engine {

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
