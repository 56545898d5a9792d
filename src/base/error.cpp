// Error's construction, its mapping from errno, and its one-line rendering.
#include "base/error.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace holdfast::base {

std::string_view error_code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::already_exists: return "already_exists";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::permission_denied: return "permission_denied";
    case ErrorCode::no_space: return "no_space";
    case ErrorCode::damaged: return "damaged";
    case ErrorCode::wrong_key: return "wrong_key";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::io: return "io";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

Error::Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {
  if (code == ErrorCode::unavailable || code == ErrorCode::conflict) retry_ = Retry::may_help;
}

namespace {

ErrorCode code_of_errno(int errno_value) {
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::not_found;
    case EEXIST: return ErrorCode::already_exists;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::permission_denied;
    case ENOSPC:
    case EDQUOT: return ErrorCode::no_space;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP: return ErrorCode::invalid_argument;
    case ETIMEDOUT:
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ESTALE: return ErrorCode::unavailable;
    default: return ErrorCode::io;
  }
}

}  // namespace

Error Error::from_errno(int errno_value, std::string what) {
  char text[128] = {};
  // The GNU variant may return a static string instead of filling the buffer.
  const char* reason = ::strerror_r(errno_value, text, sizeof text);
  what += ": ";
  what += reason;
  Error error(code_of_errno(errno_value), std::move(what));
  if (errno_value == ENOSPC || errno_value == EDQUOT) {
    error.hint_ = "free some space, or point to a place that has more, and run again";
  }
  return error;
}

Error Error::with_context(std::string context) && {
  context_.push_back(std::move(context));
  return std::move(*this);
}

Error Error::with_hint(std::string hint) && {
  hint_ = std::move(hint);
  return std::move(*this);
}

Error Error::with_retry(Retry retry) && {
  retry_ = retry;
  return std::move(*this);
}

std::string Error::to_string() const {
  std::string text;
  for (auto part = context_.rbegin(); part != context_.rend(); ++part) {
    text += *part;
    text += ": ";
  }
  return text + message_;
}

}  // namespace holdfast::base
