// TreeWalk: visits what lies below the roots in the order of keys, with calls relative to open
// directories, so that neither deep trees nor long paths nor renames on the way lead it astray. It
// reads names and stat only; contents and attributes are its caller's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "exclusions.hpp"
#include "file_status.hpp"
#include "io/file.hpp"
#include "source_opening.hpp"

namespace holdfast::source {

// An open directory, closed when nobody in the walk and none of the items that came from it needs
// it any more.
using SharedDirectory = std::shared_ptr<const io::Fd>;

struct WalkItem {
  // entry: something to record, perhaps with a message about it. message: only that.
  enum class Kind { entry, message };
  Kind kind = Kind::entry;
  std::string path;             // without the leading '/': "" is "/" itself
  std::size_t name_offset = 0;  // of the last component
  FileStatus status;
  SharedDirectory parent;  // where `name()` lies; none for directories above roots
  SharedDirectory self;    // of a directory that could be opened
  std::string message;

  [[nodiscard]] const char* name() const { return path.c_str() + name_offset; }
};

// Used by one task. Items may outlive it.
class TreeWalk {
 public:
  // Checks that every root exists.
  static base::Result<TreeWalk> open(const FilesCaptureOptions& options);
  // False at the end. `item` is overwritten.
  bool next(WalkItem& item);

 private:
  struct Frame {
    SharedDirectory directory;  // none while too many are open
    FileStatus status;
    DirectoryListing listing;
    std::size_t next = 0;
    std::size_t path_size = 0;
    std::shared_ptr<const DirectoryRules> rules;
  };

  // A root, or a directory above one.
  struct Stop {
    enum class Kind { above_root, root };
    std::string path;
    Kind kind = Kind::root;
  };

  TreeWalk(std::vector<Stop> stops, Exclusions exclusions, const FilesCaptureOptions& options);
  bool next_stop(WalkItem& item);
  bool visit_above_root(WalkItem& item);
  bool visit_root(WalkItem& item);
  // path_ names what is visited. False if it is left out.
  bool visit(WalkItem& item, std::uint8_t type);
  bool visit_directory(WalkItem& item);
  void give(WalkItem& item) const;
  void give_message(WalkItem& item, std::string message) const;
  void enter(const WalkItem& item);
  void leave();
  // Opens the directory of a frame again, from the one below it or by its path.
  [[nodiscard]] int reopen(Frame& frame, const SharedDirectory& below) const;

  std::vector<Stop> stops_;  // in key order
  std::size_t next_stop_ = 0;
  Exclusions exclusions_;
  FilesCaptureOptions::FileSystems file_systems_;
  SourceOpening opening_;
  std::size_t root_base_ = 0;  // where paths relative to the current root begin
  std::uint64_t root_device_ = 0;
  std::string path_;  // of what is visited
  std::size_t name_offset_ = 0;
  std::vector<std::unique_ptr<Frame>> frames_;  // the first depth_ are in use
  std::size_t depth_ = 0;
  std::optional<WalkItem> pending_;  // a message that comes after the item just given
};

}  // namespace holdfast::source
