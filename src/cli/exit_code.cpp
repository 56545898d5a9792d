// Meanings of the exit codes, and which errors lead to which.
#include "exit_code.hpp"

namespace holdfast::cli {

std::string_view exit_code_text(ExitCode code) noexcept {
  switch (code) {
    case ExitCode::done: return "done";
    case ExitCode::failed: return "failed, or interrupted";
    case ExitCode::usage: return "wrong usage or configuration, a wrong passphrase included";
    case ExitCode::warnings: return "done, with warnings";
    case ExitCode::damage: return "damage was found; what is lost is named";
    case ExitCode::objective_missed: return "an objective was missed";
    case ExitCode::unverified: return "could not verify";
  }
  return "unknown";
}

ExitCode exit_code_of(base::ErrorCode code) noexcept {
  switch (code) {
    case base::ErrorCode::invalid_argument:
    case base::ErrorCode::wrong_key: return ExitCode::usage;
    case base::ErrorCode::damaged: return ExitCode::damage;
    case base::ErrorCode::not_found:
    case base::ErrorCode::already_exists:
    case base::ErrorCode::unavailable:
    case base::ErrorCode::permission_denied:
    case base::ErrorCode::no_space:
    case base::ErrorCode::unsupported:
    case base::ErrorCode::conflict:
    case base::ErrorCode::cancelled:
    case base::ErrorCode::io:
    case base::ErrorCode::internal: return ExitCode::failed;
  }
  return ExitCode::failed;
}

}  // namespace holdfast::cli
