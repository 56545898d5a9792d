// How drills and verifications of components look in output, and which exit code follows from them.
#pragma once

#include "engine/drill.hpp"
#include "exit_code.hpp"
#include "invocation.hpp"

namespace holdfast::cli {

// An element of the open array.
void write_drill(JsonWriter& json, const engine::DrillReport& report);
void print_drill(Output& output, const engine::DrillReport& report);
// damage: failed; unverified: unknown; objective_missed: only too slow; failed: interrupted.
[[nodiscard]] ExitCode exit_of(const engine::DrillReport& report);
// Which of two counts.
[[nodiscard]] ExitCode worse_proof(ExitCode a, ExitCode b);

// Whether verify is about components of the strategy rather than a repository.
[[nodiscard]] bool verifies_components(const Invocation& invocation);
base::Result<ExitCode> verify_components(Invocation& invocation);

}  // namespace holdfast::cli
