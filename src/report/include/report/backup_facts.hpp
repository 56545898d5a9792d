// BackupFacts: what a plan's runs came to at one of its locations, from the catalog's totals and
// the plans that the strategy declares.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "catalog/copy.hpp"
#include "catalog/run.hpp"
#include "strategy/model.hpp"

namespace holdfast::report {

// Counters only grow, as long as the catalog is the same.
struct BackupFacts {
  std::string component;
  std::string plan;
  std::string location;
  std::uint64_t attempts = 0;   // to bring a snapshot there, copies that were tried again included
  std::uint64_t successes = 0;  // it came there
  std::uint64_t failures = 0;   // it did not; what was cancelled is neither
  // Of the plan's newest run that succeeded.
  std::optional<base::Duration> duration;
  std::optional<std::uint64_t> size;  // bytes that were captured
  // When the newest run whose snapshot is at the location began.
  std::optional<base::Time> newest;
};

// One for each plan of the strategy and each repository that it goes to, in the strategy's order;
// with zeros where nothing ran yet. What the totals know and the strategy doesn't is left out.
// Pure.
[[nodiscard]] std::vector<BackupFacts> backup_facts(const strategy::Strategy& strategy,
                                                    const std::vector<catalog::RunTotals>& runs,
                                                    const std::vector<catalog::CopyTotals>& copies);

}  // namespace holdfast::report
