// Which snapshots a verification looks at: a pure function of what there is and what was looked at.
//
// `percent` is a queue. A snapshot stands in it since its last look, or, never looked at, since its
// capture; each run takes the oldest ceil(percent of all). Whoever is in the queue has at most all
// the others before it, so everything is looked at again within ceil(100 / percent) runs: with
// `every: 1d, of: 10%`, each snapshot every ten days. New ones don't overtake old ones, as they
// would if those never looked at came first: then a plan that takes more snapshots than a run looks
// at would leave the old ones unseen for ever.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "catalog/verification.hpp"
#include "strategy/plan.hpp"

namespace holdfast::engine {

struct VerificationCandidate {
  std::string snapshot;  // hexadecimal
  base::Time captured;
  std::optional<base::Time> looked_at;  // at the level or above; what couldn't be made isn't a look
  bool is_proved = false;               // one of these looks passed
};

// Whether and when each was looked at last at `level` or above, by the ledger of one component and
// location.
void remember_looks(std::vector<VerificationCandidate>& candidates, strategy::Level level,
                    const std::vector<catalog::VerificationRecord>& ledger);

// Ids, in the order in which they should be looked at. `candidates` are oldest first.
[[nodiscard]] std::vector<std::string> choose_snapshots(
    const std::vector<VerificationCandidate>& candidates, const strategy::Sample& of);

}  // namespace holdfast::engine
