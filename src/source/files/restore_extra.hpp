// What a target has below captured directories and the snapshot doesn't: found by walking both, and
// removed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "exclusions.hpp"
#include "repository/node_store.hpp"
#include "repository/tree_cursor.hpp"
#include "restore_selection.hpp"
#include "restore_tally.hpp"

namespace holdfast::source {

// Used by one task, after everything else has been restored. Symlinks are never followed; what lies
// on another file system than the captured root stays, and is noted.
class ExtraRemoval {
 public:
  // All borrowed. `target`: the open directory.
  ExtraRemoval(const FilesRestoreOptions& options, const RestoreSelection& selection, int target,
               RestoreTally& tally, std::stop_token stop);

  // What can't be removed is a failure in the tally, and the rest goes on. Errors: cancelled, an
  // exclude file or a part of the tree that can't be read (nothing more goes then).
  base::Result<void> run(repository::NodeSource& nodes, const repository::TreeRoot& root);

 private:
  // A directory of the snapshot on the way to the entry at hand; the first is the target.
  struct Frame {
    base::Bytes key;
    std::string path;  // relative to the target, which is as it is in the snapshot
    bool is_wanted = false;
    std::optional<std::size_t> root;  // the captured path that it lies in; nothing: in none
    std::set<std::string, std::less<>> names;
  };
  // A directory of the target being emptied.
  struct Emptied {
    int fd;
    std::string path;
    std::size_t root;
    std::uint64_t device;
    std::size_t depth;
  };

  base::Result<void> load();
  void enter(const repository::Entry& entry);
  void push(base::Bytes key, const std::string& name, bool is_recorded);
  base::Result<void> leave();
  base::Result<void> clean(const Frame& frame);
  // Whether it is gone, or would be.
  base::Result<bool> remove(const Emptied& in, const std::string& name);
  base::Result<bool> remove_directory(const Emptied& in, const std::string& name,
                                      const std::string& path);
  bool take_away(const Emptied& in, const std::string& name, const std::string& path, int flags);
  [[nodiscard]] std::optional<std::uint64_t> device_of_root(std::size_t root);
  [[nodiscard]] bool is_left_out(const std::string& path, PathKind kind, std::size_t root) const;

  const FilesRestoreOptions& options_;
  const RestoreSelection& selection_;
  const int target_;
  RestoreTally& tally_;
  std::stop_token stop_;
  std::vector<std::string> roots_;  // relative paths; their keys
  std::vector<base::Bytes> root_keys_;
  std::map<std::size_t, std::optional<std::uint64_t>> devices_;  // of the roots
  std::set<std::string, std::less<>> spared_;                    // relative paths
  std::optional<Exclusions> exclusions_;
  std::vector<Frame> frames_;
};

}  // namespace holdfast::source
