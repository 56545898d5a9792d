// Capture into memory and restore from it, in one call each.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/files/capture.hpp"
#include "source/files/restore.hpp"
#include "support/memory_tree.hpp"

namespace holdfast::source::test {

// A captured tree. `started` is set far ahead of every file's times, so that stat is trusted in the
// next one.
struct Snapshot {
  std::shared_ptr<MemoryChunks> chunks;  // shared by the snapshots of one history
  repository::TreeRoot root;
  FilesCaptureResult result;
  std::vector<Warning> warnings;
  std::vector<repository::Entry> entries;
  std::size_t reused = 0;
  base::Time started;

  // By its path without the leading '/'; nullptr if it isn't there.
  [[nodiscard]] const repository::Entry* find(std::string path) const;
  [[nodiscard]] bool has(const std::string& path) const { return find(path) != nullptr; }
};

[[nodiscard]] FilesCaptureOptions options_for(const std::string& root);
// Fails the test if it can't.
[[nodiscard]] Snapshot capture(const FilesCaptureOptions& options,
                               const Snapshot* parent = nullptr);
[[nodiscard]] Snapshot capture(const std::string& root, const Snapshot* parent = nullptr);

[[nodiscard]] base::Result<FilesRestoreReport> try_restore(const Snapshot& snapshot,
                                                           const FilesRestoreOptions& options);
// Fails the test if it can't, or if the report names a failure.
FilesRestoreReport restore(const Snapshot& snapshot, const FilesRestoreOptions& options);
// What lies at `path` in the snapshot, into `target`.
FilesRestoreReport restore(const Snapshot& snapshot, const std::string& path,
                           const std::string& target);

// Builds a snapshot of these entries as they are, to be as hostile as one likes. Sorted by key
// first.
[[nodiscard]] Snapshot snapshot_of(std::vector<repository::Entry> entries,
                                   std::shared_ptr<MemoryChunks> chunks = nullptr);
[[nodiscard]] base::Bytes key_of(std::string path);

}  // namespace holdfast::source::test
