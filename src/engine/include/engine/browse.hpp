// Looking into snapshots: listing, finding, comparing.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "repository/entry.hpp"
#include "repository/repository.hpp"
#include "repository/snapshot_list.hpp"
#include "source/files/posix_attributes.hpp"

namespace holdfast::engine {

struct BrowsedEntry {
  std::string path;  // absolute, raw bytes
  repository::EntryKind kind = repository::EntryKind::file;
  std::uint64_t size = 0;
  source::PosixAttributes attributes;
};

using BrowseCall = std::function<base::Result<void>(const BrowsedEntry&)>;

enum class Depth { children, all };
// What `path` ("" or "/": everything) holds, itself first. not_found if the snapshot has no such
// path.
base::Result<void> list_entries(repository::Repository& repository,
                                const repository::SnapshotRecord& snapshot, const std::string& path,
                                Depth depth, const BrowseCall& visit);

// Entries whose path matches a pattern in .gitignore syntax.
base::Result<void> find_entries(repository::Repository& repository,
                                const repository::SnapshotRecord& snapshot,
                                const std::string& pattern, const BrowseCall& visit);

struct Difference {
  enum class Kind {
    added,
    removed,
    changed,
    attributes
  } kind = Kind::changed;  // attributes: content is the same
  std::string path;
  std::uint64_t size_before = 0;
  std::uint64_t size_after = 0;
};
base::Result<void> compare(repository::Repository& repository,
                           const repository::SnapshotRecord& before,
                           const repository::SnapshotRecord& after,
                           const std::function<base::Result<void>(const Difference&)>& visit);

}  // namespace holdfast::engine
