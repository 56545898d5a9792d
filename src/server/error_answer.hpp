// Errors as answers: the object that the whole API uses, and the status that goes with it.
#pragma once

#include <string>

#include "base/error.hpp"
#include "server/message.hpp"

namespace holdfast::server {

[[nodiscard]] int status_of(base::ErrorCode code) noexcept;
// {"error": {"code", "message", "context", "hint"}}
[[nodiscard]] Response error_answer(const base::Error& error);
// With another status than the code's own.
[[nodiscard]] Response error_answer(int status, const base::Error& error);

}  // namespace holdfast::server
