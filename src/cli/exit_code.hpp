// Exit codes: the whole contract with scripts, and the one place where an Error becomes a code.
#pragma once

#include <string_view>

#include "base/error.hpp"

namespace holdfast::cli {

enum class ExitCode : int {
  done = 0,
  failed = 1,
  usage = 2,
  warnings = 3,
  damage = 4,
  objective_missed = 5,
  unverified = 6,
};

// What the code means, as help and man pages say it.
[[nodiscard]] std::string_view exit_code_text(ExitCode code) noexcept;

// The code of a command that ended with an error of this kind.
[[nodiscard]] ExitCode exit_code_of(base::ErrorCode code) noexcept;

}  // namespace holdfast::cli
