// OpenFiles: the files of several pieces that are being written, of which a bounded number is open.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/result.hpp"
#include "io/file.hpp"
#include "restore_window.hpp"

namespace holdfast::source {

using SharedFile = std::shared_ptr<const io::Fd>;  // open as long as a task writes through it

// Thread-safe.
class OpenFiles {
 public:
  // `target` is borrowed.
  OpenFiles(const io::Fd& target, const MetadataWriter& metadata)
      : target_(target), metadata_(metadata) {}

  // The file, open for reading and writing; made, or brought to its size, the first time. An error
  // if what is there now is another file.
  base::Result<SharedFile> acquire(LargeFile& file);
  // Forgets it; the descriptor closes when no task holds it.
  void release(const LargeFile& file);
  // Removes what was written of it.
  void remove(LargeFile& file);
  // Of all that are unfinished: the way out after an error.
  void remove_all();

 private:
  base::Result<SharedFile> open(LargeFile& file);
  base::Result<SharedFile> create(LargeFile& file, const io::Fd& directory);

  const io::Fd& target_;
  const MetadataWriter& metadata_;
  std::mutex mutex_;
  std::unordered_map<const LargeFile*, SharedFile> open_;
  std::deque<const LargeFile*> order_;  // of opening
  std::unordered_map<const LargeFile*, std::pair<std::string, std::string>>
      unfinished_;  // directory, name
};

}  // namespace holdfast::source
