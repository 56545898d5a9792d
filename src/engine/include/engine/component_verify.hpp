// Verification of a component: its snapshots at every location, up to the level that the strategy
// asks for; or the drill that it names. Each look is kept in the catalog's ledger, and one that
// could not be made is unknown there, never passed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "catalog/run.hpp"
#include "catalog/verification.hpp"
#include "engine/drill.hpp"
#include "engine/progress.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

// What is to be done. Which snapshots `of` means is decided for each location by itself; with a
// percentage, the one whose last look is the longest ago comes first, so that all are covered
// within ceil(100 / percent) runs.
struct VerificationRun {
  const strategy::Component* component = nullptr;        // borrowed
  const strategy::Verification* verification = nullptr;  // borrowed
  catalog::RunReason reason = catalog::RunReason::command;
  std::optional<base::Time> slot;
  std::string location = {};  // only this one; empty: all
  // Told the run's id as soon as it has one, for those who may have to end it.
  std::function<void(const std::string& run)> began = {};
};

// One snapshot at one location.
struct SnapshotProof {
  std::string location;
  std::string snapshot;                // hexadecimal; empty: nothing could be seen there
  std::optional<base::Time> captured;  // when its capture began
  catalog::VerificationOutcome outcome = catalog::VerificationOutcome::unknown;
  std::string message;             // what is wrong, or why nothing is known
  std::vector<std::string> paths;  // files that are hit, raw bytes; the first hundred
};

struct VerificationReport {
  std::string run;  // empty: there was nothing to do, as the end's message says
  catalog::RunEnd end;
  // failed if anything failed; unknown if anything is, or if there was nothing to look at; of a
  // drill, its own.
  catalog::VerificationOutcome outcome = catalog::VerificationOutcome::unknown;
  strategy::Level level = strategy::Level::none;
  std::vector<SnapshotProof> proofs;  // in the order of the locations
  std::uint64_t bytes_read = 0;
  std::optional<DrillReport> drill;  // if the verification is one
};

// Carries it out, with a run (failed: damage; warnings: something is unknown) and evidence of it. A
// location that is down makes its snapshots unknown and leaves the others alone. A verification by
// a drill carries that drill out, unless another component's verification has done so for the same
// slot, whose outcome is then this one's, or the drill doesn't restore this component: then nothing
// is done. An error means that the catalog didn't take the records.
base::Result<VerificationReport> verify_component(const Workplace& workplace,
                                                  const VerificationRun& what,
                                                  const ProgressCall& progress,
                                                  std::stop_token stop);

}  // namespace holdfast::engine
