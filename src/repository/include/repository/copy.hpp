// Copying snapshots from one repository into another. Only what the target lacks travels. Where
// both write in one domain (they share an id key), chunks are copied as ciphertext: their pack's
// key is sealed to the target's readers, and each chunk is authenticated on the way, not
// decompressed. Elsewhere the content is read, and stored as a backup would store it, under the
// target's own ids.
//
// A copy is a snapshot of its own: it keeps its original's times, host, label, paths, tags and
// warnings, and has one tag more, `copied-from`, which names the original and its repository. The
// snapshot's object comes last, as in a backup; a copy that was interrupted finds what it stored by
// the index and goes on.
#pragma once

#include <functional>
#include <stop_token>

#include "repository/repository_reader.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::repository {

struct CopyTotals {
  std::uint64_t bytes_copied = 0;  // stored in the target
  std::uint64_t chunks_copied = 0;
  // The target had them before. Without a shared domain: those of the original, less those that
  // were new in the target, where the content is cut anew.
  std::uint64_t chunks_present = 0;
};

struct CopyOptions {
  std::function<void(const CopyTotals&)> progress = [](const CopyTotals&) {};
  std::stop_token stop = {};
};

struct CopiedSnapshot {
  ObjectHash id{};
  enum class Outcome { copied, was_there } outcome = Outcome::copied;
  CopyTotals totals;
};

// Whether chunks can go as ciphertext.
[[nodiscard]] bool share_domain(const Repository& from, const Repository& to);
// "<snapshot>@<repository>", or what the snapshot, itself a copy, says.
[[nodiscard]] std::string origin_of(const Repository& from, const SnapshotRecord& snapshot);

// Needs the reading key of `from`, whose index `reader` has brought up to date, and a writing key
// of `to`. What was copied is remembered by the numbers of that index: it must not be updated while
// this runs, so `reader` is one that follows nothing. damaged: a part of the original can't be
// read; nothing counts then, and `repository repair` of the original gives a snapshot that can be
// copied.
base::Result<CopiedSnapshot> copy_snapshot(Repository& from, RepositoryReader& reader,
                                           const SnapshotRecord& snapshot, Repository& to,
                                           const CopyOptions& options = {});

}  // namespace holdfast::repository
