// SnapshotFolders: the folders of a mount above the snapshots, and which snapshot a path lies in.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/snapshot_tree.hpp"
#include "recent_reader.hpp"
#include "repository/repository_reader.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::engine {

// Thread-safe. Lists the snapshots anew when its own folders are read and the last list is old.
class SnapshotFolders {
 public:
  static base::Result<std::unique_ptr<SnapshotFolders>> open(repository::Repository& repository);

  struct Place {
    const SnapshotTree* tree = nullptr;  // nullptr: a folder above the snapshots
    std::string path;                    // in the snapshot, absolute
    base::Time time;                     // of the snapshot, for directories without an own
    std::uint64_t salt = 0;              // tells snapshots apart, for inode numbers
  };
  // not_found for what is no folder of ours.
  base::Result<Place> find(std::string_view path);
  // Names in a folder above the snapshots, sorted.
  base::Result<std::vector<std::string>> list(std::string_view path);
  [[nodiscard]] repository::ContentReader& reader() noexcept { return recent_; }

 private:
  struct Mounted {
    std::unique_ptr<SnapshotTree> tree;
    base::Time time;
    std::uint64_t salt = 0;
  };
  // Name (relative path of the folder, such as by-id/4f2a…) to snapshot.
  using Names = std::map<std::string, repository::ObjectHash, std::less<>>;

  SnapshotFolders(repository::Repository& repository,
                  std::unique_ptr<repository::RepositoryReader> reader);
  base::Result<void> refresh();
  base::Result<void> refresh_if_old();

  repository::Repository& repository_;
  const std::unique_ptr<repository::RepositoryReader> reader_;
  RecentReader recent_;
  std::mutex mutex_;
  Names names_;
  std::map<repository::ObjectHash, Mounted> mounted_;  // never shrinks: places are handed out
  base::Duration listed_;
};

}  // namespace holdfast::engine
