// Error: what went wrong, where, whether trying again can help, and what the user should do.
// One list of codes serves the whole program; exit codes and JSON names are derived from it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::base {

// Outage, absence and damage are distinct everywhere: a caller that mixes them up loses data.
enum class ErrorCode {
  invalid_argument,  // the caller's input makes no sense (usage, configuration)
  not_found,         // proved absent: the place answered and the thing isn't there
  already_exists,    // a put-if-absent met an object
  unavailable,       // outage: the place did not answer, or answered that it can't now
  permission_denied,
  no_space,     // disk full, quota
  damaged,      // bytes are there and are not what they should be
  wrong_key,    // a passphrase or key opens nothing here
  unsupported,  // newer version or feature than this program knows
  conflict,     // the state changed under us; running again is right
  cancelled,    // the user or a stop token asked
  io,           // any other failure of the operating system
  internal,     // a programmer's mistake that was met in a place where it could be reported
};

[[nodiscard]] std::string_view error_code_name(ErrorCode code) noexcept;

enum class Retry { never, may_help };

// A value type; moving is cheap. `message` says what happened, `context` (outermost last) where,
// `hint` what to do.
class Error {
 public:
  Error(ErrorCode code, std::string message);

  // Made from an errno value: chooses the code and appends strerror's text to `what`.
  [[nodiscard]] static Error from_errno(int errno_value, std::string what);

  [[nodiscard]] Error with_context(std::string context) &&;
  [[nodiscard]] Error with_hint(std::string hint) &&;
  [[nodiscard]] Error with_retry(Retry retry) &&;

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  [[nodiscard]] const std::vector<std::string>& context() const noexcept { return context_; }
  [[nodiscard]] Retry retry() const noexcept { return retry_; }

  // "outer: inner: message" on one line, without the hint.
  [[nodiscard]] std::string to_string() const;

 private:
  ErrorCode code_;
  Retry retry_ = Retry::never;
  std::string message_;
  std::string hint_;
  std::vector<std::string> context_;
};

}  // namespace holdfast::base
