// RestorePlanner: walks a snapshot's tree, makes directories, symlinks and special files as it
// meets them, decides what becomes of files that are there already, and cuts the contents to fetch
// into windows.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"
#include "metadata_writer.hpp"
#include "owner_names.hpp"
#include "repository/content_reader.hpp"
#include "repository/tree_cursor.hpp"
#include "restore_selection.hpp"
#include "restore_tally.hpp"
#include "restore_window.hpp"
#include "restore_writer.hpp"

namespace holdfast::source {

// Where restored things go: the open target, or nothing in a dry run into a directory that doesn't
// exist.
struct RestoreTarget {
  io::Fd directory;
  bool existed = false;
};

// Used by one task, while others write the windows that it gave.
class RestorePlanner {
 public:
  using Give = std::function<base::Result<void>(std::unique_ptr<RestoreWindow>)>;

  struct Parts {
    const FilesRestoreOptions& options;
    const RestoreSelection& selection;
    const RestoreTarget& target;
    repository::ContentReader& reader;
    const repository::TreeRoot& root;
    MetadataWriter& metadata;
    RestoreTally& tally;
    RestoreWriter& writer;
  };
  // All borrowed.
  RestorePlanner(const Parts& parts, Give give, std::stop_token stop);

  // Plans everything. not_found if nothing lies at the path that was asked for.
  base::Result<void> run();

 private:
  // A directory of the snapshot on the way to the entry at hand; the first is the target.
  struct Frame {
    base::Bytes key;
    std::string path;   // relative to the target
    std::string shown;  // in the snapshot
    bool wanted = false;
    enum class State { not_made, made, failed } state = State::not_made;
    bool existed = false;       // in the target, before
    bool has_metadata = false;  // false for directories whose entry is missing
    TargetMetadata metadata;
    io::Fd fd;  // may be closed while it isn't needed
    std::uint32_t group = 0;
    std::uint64_t window = 0;  // in which `index` is valid
    std::uint32_t index = 0;
  };
  // What is at an entry's place in the target.
  enum class Place { free, update, done, failed };

  base::Result<void> start(repository::TreeCursor& tree);
  base::Result<void> plan(repository::Entry entry);
  base::Result<void> plan_directory(repository::Entry& entry, const std::string& shown,
                                    const std::string& name);
  base::Result<void> plan_leaf(repository::Entry& entry, const std::string& shown,
                               const std::string& name);
  base::Result<void> plan_file(repository::Entry& entry, const PosixAttributes& attributes,
                               Frame& directory, FilePlace place);
  base::Result<void> plan_large(const repository::Entry& entry, TargetMetadata metadata,
                                const Frame& directory, const FilePlace& place, FileStart start);
  base::Result<void> plan_pieces(const repository::Entry& entry, const LargeFilePtr& file);
  base::Result<void> plan_hard_link(repository::Entry& entry, const PosixAttributes& attributes,
                                    Frame& directory, FilePlace place);
  // The file whose content a hard link shares, when that file itself isn't restored.
  base::Result<void> plan_lone_link(const base::Bytes& key, Frame& directory, FilePlace place);
  void plan_special(const repository::Entry& entry, const PosixAttributes& attributes,
                    Frame& directory, const FilePlace& place);
  base::Result<void> make_special(const repository::Entry& entry, const PosixAttributes& attributes,
                                  int directory, const char* name);

  // Leaves the frames that `key` doesn't lie in, and enters those missing between.
  void approach(base::ByteView key);
  void push_frame(base::Bytes key, std::string name);
  void leave_frame();
  // Makes a frame's directory and those above it; false if that failed.
  bool make(std::size_t depth);
  base::Result<void> make_directory(Frame& frame, Frame& parent);
  base::Result<void> open_frame(Frame& frame);
  std::uint32_t index_of(Frame& frame);

  Place look(Frame& directory, const FilePlace& place, const repository::Entry& entry,
             const PosixAttributes& attributes, const TargetMetadata& metadata);
  Place look_at_file(int directory, const char* name, const FileStatus& there,
                     const repository::Entry& entry, const TargetMetadata& metadata,
                     base::Result<void>& error);
  bool is_right_special(int directory, const char* name, const FileStatus& there,
                        const repository::Entry& entry, const PosixAttributes& attributes) const;

  TargetMetadata target_metadata(const PosixAttributes& attributes);
  void fail(const std::string& shown, const base::Error& error);
  void lost(const std::string& shown, const base::Error& error);
  [[nodiscard]] bool dry() const { return options_.run == FilesRestoreOptions::Run::dry; }
  RestoreWindow& window() { return *window_; }
  base::Result<void> give_if_full();
  base::Result<void> give_window();
  [[nodiscard]] std::string relative(base::ByteView key) const;

  const FilesRestoreOptions& options_;
  const RestoreSelection& selection_;
  const RestoreTarget& target_;
  repository::ContentReader& reader_;
  const repository::TreeRoot& root_;
  MetadataWriter& metadata_;
  RestoreTally& tally_;
  RestoreWriter& writer_;
  Give give_;
  std::stop_token stop_;

  OwnerNames owners_;
  std::vector<Frame> frames_;
  std::size_t stripped_ = 0;  // bytes of keys that don't appear below the target
  base::Bytes last_leaf_;     // the key of the last entry that isn't a directory
  std::unique_ptr<RestoreWindow> window_;
  std::uint64_t window_number_ = 1;
  // Where the content of a file that isn't restored itself first went.
  std::unordered_map<std::string, std::string> lone_links_;
};

}  // namespace holdfast::source
