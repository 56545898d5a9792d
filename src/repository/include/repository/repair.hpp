// Bringing a damaged repository back to a state that verifies, and saying what was lost.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "repository/repository.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::repository {

struct RebuildReport {
  std::uint64_t packs = 0;
  std::uint64_t chunks = 0;
  std::vector<IgnoredObject> unreadable_packs;
};
// Writes a new index from the packs' own directories; it supersedes all segments that are there.
// Needs reading and admin keys.
base::Result<RebuildReport> rebuild_index(
    Repository& repository,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress,
    std::stop_token stop);

struct LostFile {
  std::string snapshot;  // id of the damaged one, in hexadecimal
  std::string path;      // raw bytes
  std::string reason;
};

struct RepairReport {
  RebuildReport index;
  std::vector<LostFile> lost;  // the first 10,000
  std::uint64_t lost_count = 0;
  std::vector<std::pair<ObjectHash, ObjectHash>>
      replaced;  // damaged snapshot, its successor without what was lost
  std::vector<ObjectHash> removed_snapshots;  // nothing of them could be read
  std::vector<std::string> removed_objects;   // damaged objects that are of no use any more
  std::vector<std::string> put_back;          // damaged objects of which the cache had the bytes
  // Of removed_objects, those that nothing takes the place of: key slots, notes (tags, holds), old
  // rosters, condemnations.
  std::vector<std::string> lost_objects;
};
// Reads every pack, drops what doesn't check, rebuilds the index, and replaces each snapshot that
// lost something by one without it. Needs all keys. Held snapshots are replaced too; the hold goes
// over.
base::Result<RepairReport> repair(
    Repository& repository,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress,
    std::stop_token stop);

}  // namespace holdfast::repository
