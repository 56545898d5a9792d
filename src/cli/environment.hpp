// The environment's variables: read here and nowhere else in the program.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.hpp"

namespace holdfast::cli {

[[nodiscard]] std::optional<std::string> environment_variable(const std::string& name);

// Where the local cache lies: $HOLDFAST_CACHE_DIR, else $XDG_CACHE_HOME/holdfast, else
// ~/.cache/holdfast, else /var/cache/holdfast.
[[nodiscard]] std::string cache_directory();

// Where a strategy's catalog lies: /var/lib/holdfast for root, else $XDG_STATE_HOME/holdfast, else
// ~/.local/state/holdfast.
[[nodiscard]] std::string state_directory();

// The variable's value; it is overwritten where it lies, so that /proc/PID/environ doesn't show it
// any more, and removed. Empty if it was not set. Call it while the process has one thread.
[[nodiscard]] base::SecretBytes take_environment_secret(const std::string& name);

}  // namespace holdfast::cli
