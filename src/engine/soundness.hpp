// Whether what a snapshot holds makes sense for the kind of component that it is of: one check a
// kind, in a table.
#pragma once

#include <stop_token>
#include <string_view>

#include "base/result.hpp"
#include "repository/content_reader.hpp"
#include "repository/repository.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::engine {

// What a check looks at. Borrowed.
struct SoundnessSubject {
  repository::ContentReader& reader;
  const repository::SnapshotRecord& snapshot;
  const repository::SnapshotDetail& detail;
  std::stop_token stop;
};

// damaged: it makes no sense, and why. Any other error: nothing is known.
using SoundnessCheck = base::Result<void> (*)(const SoundnessSubject& subject);

// nullptr for a kind that nothing is known about. `kind`: as snapshots name it ("files").
[[nodiscard]] SoundnessCheck soundness_check_of(std::string_view kind) noexcept;

// Carries out the check of the snapshot's kind. unsupported if there is none. Needs the reading
// key.
base::Result<void> check_soundness(repository::Repository& repository,
                                   const repository::SnapshotRecord& snapshot,
                                   const std::stop_token& stop);

// Of any kind that keeps files: the tree holds as many entries of each sort, and as many bytes, as
// were counted when it was captured.
base::Result<void> check_counts(const SoundnessSubject& subject);
// The same, and a git repository in it has refs and a HEAD that leads to one.
base::Result<void> check_git(const SoundnessSubject& subject);

}  // namespace holdfast::engine
