// Prune: deleting what no snapshot needs, without a lock (docs/internals/prune.md). A pure plan
// first, which can be printed, then its execution.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "repository/condemnation.hpp"
#include "repository/lock_renewal.hpp"
#include "repository/repository.hpp"

namespace holdfast::repository {

struct PruneOptions {
  // Packs with more garbage than this share are rewritten.
  double garbage_share_max = 0.25;
  // At most this many bytes are rewritten in one run; 0: no limit.
  std::uint64_t rewrite_bytes_max = 0;
};

// What is known of one pack when planning.
struct PackUse {
  PackInfo pack;
  base::Time stored_at;
  bool is_indexed = false;  // a counting segment names it
  bool is_condemned = false;
  std::uint64_t chunks = 0;  // that the index places in it
  std::uint64_t live_chunks = 0;
  std::uint64_t live_bytes = 0;  // stored bytes of these
};

struct PrunePlan {
  std::vector<PackInfo> condemn;      // nothing in them is needed
  std::vector<PackInfo> rewrite;      // their live chunks are copied, then they are condemned
  std::vector<PackInfo> rescue;       // condemned already, yet something in them is needed: copied
  std::vector<Condemnation> execute;  // ripe: their packs are deleted
  std::uint64_t bytes_to_rewrite = 0;
  std::uint64_t bytes_condemned = 0;
  std::uint64_t bytes_to_delete = 0;
  std::uint64_t packs_kept = 0;
};

// Facts that decide, all from the storage.
struct PruneFacts {
  std::vector<PackUse> packs;
  std::vector<Condemnation> condemnations;
  base::Time now;                            // the storage's
  std::optional<base::Time> oldest_session;  // registration of the oldest live session
};

// A pure function of its inputs.
[[nodiscard]] PrunePlan plan_prune(const PruneFacts& facts, const PruneOptions& options,
                                   const Config& config);

struct PruneReport {
  PrunePlan plan;
  std::uint64_t snapshots = 0;
  std::uint64_t bytes_deleted = 0;
  std::uint64_t packs_deleted = 0;
  std::uint64_t bytes_rewritten = 0;
  std::vector<IgnoredObject> ignored;  // forged or foreign; reported, never a reason to stop
  // What counts, and should make somebody look: snapshots whose writer lied, objects that others
  // were laid over. Nothing is lost by it.
  std::vector<IgnoredObject> suspicious;
  LockReport locks;                // of what is needed: extended
  std::uint64_t packs_locked = 0;  // condemned, and deleted when their lock has ended
  std::uint64_t bytes_locked = 0;
  bool executed = false;
};

struct PruneProgress {
  std::string stage;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};
using PruneProgressCall = std::function<void(const PruneProgress&)>;

enum class PruneRun { real, dry };

// Needs reading, writing and admin keys. damaged: something that a snapshot names can't be read,
// nothing was deleted.
base::Result<PruneReport> prune(Repository& repository, const PruneOptions& options, PruneRun run,
                                const PruneProgressCall& progress, std::stop_token stop);

}  // namespace holdfast::repository
