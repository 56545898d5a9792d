// What a prune should do: a pure function of what the storage showed.
#include <algorithm>
#include <set>

#include "repository/prune.hpp"

namespace holdfast::repository {

PrunePlan plan_prune(const PruneFacts& facts, const PruneOptions& options, const Config& config) {
  PrunePlan plan;
  std::vector<const PackUse*> rewritable;
  for (const auto& use : facts.packs) {
    if (use.is_condemned) {
      if (use.live_chunks > 0) plan.rescue.push_back(use.pack);
      continue;
    }
    // A pack that was stored since the oldest live session began may be that session's, on its way
    // to a snapshot.
    const bool may_be_in_use = facts.oldest_session && use.stored_at >= *facts.oldest_session;
    // One that no segment names may be on its way to it, or its segment may not be listed yet.
    const bool is_young_orphan = !use.is_indexed && use.stored_at + config.prune_grace >= facts.now;
    if (use.live_chunks == 0) {
      if (may_be_in_use || is_young_orphan) {
        ++plan.packs_kept;
        continue;
      }
      plan.condemn.push_back(use.pack);
      plan.bytes_condemned += use.pack.size;
      continue;
    }
    const auto garbage = use.pack.size > use.live_bytes ? use.pack.size - use.live_bytes : 0;
    const bool too_much = static_cast<double>(garbage) >
                          options.garbage_share_max * static_cast<double>(use.pack.size);
    if (too_much && !may_be_in_use && use.live_chunks < use.chunks) {
      rewritable.push_back(&use);
    } else {
      ++plan.packs_kept;
    }
  }
  // The most garbage for the fewest bytes first.
  std::sort(rewritable.begin(), rewritable.end(), [](const PackUse* a, const PackUse* b) {
    return a->live_bytes * b->pack.size < b->live_bytes * a->pack.size;
  });
  for (const auto* use : rewritable) {
    if (options.rewrite_bytes_max > 0 &&
        plan.bytes_to_rewrite + use->live_bytes > options.rewrite_bytes_max) {
      ++plan.packs_kept;
      continue;
    }
    plan.rewrite.push_back(use->pack);
    plan.bytes_to_rewrite += use->live_bytes;
    plan.bytes_condemned += use->pack.size;
  }
  return plan;
}

}  // namespace holdfast::repository
