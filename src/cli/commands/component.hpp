// backup and init where they are about a strategy rather than a repository.
#pragma once

#include <string>

#include "base/result.hpp"
#include "exit_code.hpp"
#include "invocation.hpp"

namespace holdfast::cli {

// Makes the repositories of the strategy.
base::Result<ExitCode> init_strategy(Invocation& invocation);
// Backs up the components that PATH names, or all of them.
base::Result<ExitCode> back_up_components(Invocation& invocation);
// Whether `name` is a component of the strategy at hand; false if there is no strategy.
[[nodiscard]] bool is_component(const Invocation& invocation, const std::string& name);

}  // namespace holdfast::cli
