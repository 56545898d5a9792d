// A window of a restore: a bounded run of the tree, in key order, whose chunks are fetched
// together, and what has to happen once their bytes are in place.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "file_status.hpp"
#include "metadata_writer.hpp"
#include "repository/ids.hpp"

namespace holdfast::source {

// Where a file goes. `directory` and `path` are relative to the target; `shown` is its path in the
// snapshot.
struct FilePlace {
  std::uint32_t directory = 0;  // index into RestoreWindow::directories
  std::string name;
  std::string shown;
};

// fresh: nothing is there. update: a regular file is there, which is made right in place.
enum class FileStart { fresh, update };

// A file whose whole content is one piece of one chunk: made, written and closed in one go.
struct SmallFile {
  FilePlace place;
  TargetMetadata metadata;
  FileStart start = FileStart::fresh;
};

// A file of several pieces, which come in any order, from several tasks and perhaps in several
// windows.
struct LargeFile {
  std::string directory;  // path
  std::string name;
  std::string shown;
  std::uint32_t directory_group = 0;  // that new files there get
  TargetMetadata metadata;
  std::uint64_t size = 0;
  FileStart start = FileStart::fresh;
  // Pieces that were not written yet, and one for the planning itself.
  std::atomic<std::uint64_t> pieces_left = 1;
  std::atomic<bool> failed = false;
  // Of OpenFiles, under its mutex:
  bool created = false;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};
using LargeFilePtr = std::shared_ptr<LargeFile>;  // shared by the windows that hold pieces of it

// One use of a chunk: which bytes of it go where.
struct ChunkUse {
  std::uint32_t chunk = 0;  // index into RestoreWindow::chunks
  std::uint32_t file = 0;   // index into small_files or large_files
  bool large = false;
  std::uint64_t file_offset = 0;
  std::uint64_t chunk_offset = 0;
  std::uint64_t length = 0;
};

struct WindowDirectory {
  std::string path;         // relative to the target
  std::uint32_t group = 0;  // that new files there get
};

// A hard link to make once all contents of the window are there.
struct PendingLink {
  FilePlace place;
  std::string target;  // path relative to the target directory
};

// A directory in which nothing happens any more.
struct FinishedDirectory {
  std::string path;  // relative to the target
  std::string shown;
  TargetMetadata metadata;
  bool existed = false;
};

struct RestoreWindow {
  std::vector<WindowDirectory> directories;
  std::vector<repository::ChunkId> chunks;  // without repetitions
  std::unordered_map<repository::ChunkId, std::uint32_t, repository::IdHash> chunk_index;
  std::vector<ChunkUse> uses;            // sorted by chunk, then in key order
  std::vector<std::uint32_t> first_use;  // by chunk; one more at the end
  std::vector<SmallFile> small_files;
  std::vector<LargeFilePtr> large_files;
  std::vector<PendingLink> links;
  std::vector<FinishedDirectory> finished;  // children before parents

  [[nodiscard]] bool empty() const {
    return uses.empty() && large_files.empty() && links.empty() && finished.empty();
  }
  std::uint32_t index_of(const repository::ChunkId& id);
  // Sorts the uses by chunk: the window is complete.
  void seal();
};

}  // namespace holdfast::source
