// snapshot forget where it is about a component of a strategy rather than about snapshots by name.
#pragma once

#include <string>

#include "base/result.hpp"
#include "exit_code.hpp"
#include "invocation.hpp"

namespace holdfast::cli {

// Shows what retention would let go of the component at each location, and forgets it; refuses
// drastic drops without --confirm, before anything has gone.
base::Result<ExitCode> forget_of_component(Invocation& invocation, const std::string& name);

}  // namespace holdfast::cli
