// One place where codes become statuses.
#include "error_answer.hpp"

#include "api_json.hpp"

namespace holdfast::server {

int status_of(base::ErrorCode code) noexcept {
  using base::ErrorCode;
  switch (code) {
    case ErrorCode::invalid_argument: return 400;
    case ErrorCode::permission_denied: return 403;
    case ErrorCode::not_found: return 404;
    case ErrorCode::already_exists:
    case ErrorCode::conflict: return 409;
    case ErrorCode::unsupported: return 501;
    case ErrorCode::unavailable:
    case ErrorCode::cancelled: return 503;
    case ErrorCode::no_space: return 507;
    case ErrorCode::damaged:
    case ErrorCode::wrong_key:
    case ErrorCode::io:
    case ErrorCode::internal: return 500;
  }
  return 500;
}

Response error_answer(const base::Error& error) {
  return error_answer(status_of(error.code()), error);
}

Response error_answer(int status, const base::Error& error) {
  return {.status = status, .body = error_json(error)};
}

}  // namespace holdfast::server
