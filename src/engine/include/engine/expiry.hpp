// Expiry: what retention decides for one component at one location, carried out.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/workplace.hpp"
#include "repository/repository.hpp"
#include "repository/snapshot_list.hpp"
#include "strategy/retention.hpp"

namespace holdfast::engine {

struct ExpiryDecision {
  strategy::RetentionRequest request;
  strategy::RetentionDecision decision;  // verdicts in the order of the request's snapshots
};

// Decides and changes nothing: this is what a preview shows. `snapshots` are all of the repository.
base::Result<ExpiryDecision> decide_expiry(const Workplace& workplace,
                                           const strategy::Component& component,
                                           const std::string& location,
                                           repository::Repository& repository,
                                           const repository::SnapshotList& snapshots,
                                           strategy::Reasons reasons = strategy::Reasons::told);

struct ExpiryReport {
  std::vector<std::string> forgotten;  // ids
  std::uint64_t log_pieces = 0;        // of its log, removed
  std::vector<std::string> overdue;    // wait for their event for more than 14 days
};

// Forgets what has expired; each deletion is evidence. What only these snapshots needed goes with
// the next prune.
base::Result<ExpiryReport> expire(const Workplace& workplace, const strategy::Component& component,
                                  const std::string& location, repository::Repository& repository,
                                  std::stop_token stop);

}  // namespace holdfast::engine
