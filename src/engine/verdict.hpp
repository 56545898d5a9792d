// Verdicts: what the findings of one verification say about each snapshot that it looked at.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "catalog/verification.hpp"
#include "engine/verify.hpp"
#include "repository/repository.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::engine {

struct Verdict {
  catalog::VerificationOutcome outcome = catalog::VerificationOutcome::passed;
  std::string message;             // what is wrong, or why nothing is known
  std::vector<std::string> paths;  // files that are hit, raw bytes; the first hundred
  std::uint64_t path_count = 0;    // all of them
};

struct Verdicts {
  std::vector<Verdict> of;          // in the order of the snapshots
  std::vector<std::string> beside;  // damage that costs none of them anything, in a sentence each
};

// A snapshot has failed if a file of it is hit, if it needs a pack in which anything is damaged, or
// if what all need (index, keys, config) is damaged. It is unknown if something of that sort could
// not be looked at. Damage to snapshots of others and to notes is told beside.
base::Result<Verdicts> judge_findings(
    repository::Repository& repository, const VerifyReport& report,
    const std::vector<const repository::SnapshotRecord*>& snapshots, const std::stop_token& stop);

}  // namespace holdfast::engine
