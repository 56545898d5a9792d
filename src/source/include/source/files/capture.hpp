// Capture of files: walks directory trees in key order and gives every entry to an EntrySink; what
// has not changed since the parent snapshot is taken from there without being read.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "io/executor.hpp"
#include "repository/entry_sink.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::source {

struct FilesCaptureOptions {
  // What to do with a directory that holds a CACHEDIR.TAG with the signature of the Cache Directory
  // Tagging Specification: capture it, or only the directory and its tag.
  enum class CacheDirectories { capture, skip_contents };
  // all: except those that the kernel makes up (/proc, /sys), unless a root lies on one.
  enum class FileSystems { all, same_as_root };
  // incremental: a file whose inode, size, mtime and ctime are those of the parent snapshot isn't
  // read. none: read all.
  enum class TrustStat { incremental, none };
  // preserve: O_NOATIME where the kernel allows it.
  enum class AccessTimes { preserve, update };

  // Absolute paths. One that lies in another is folded into it. Directories above a root are
  // recorded without their other content; symlinks among them are followed, a root itself that is a
  // symlink isn't.
  std::vector<std::string> roots;
  // In .gitignore syntax. Anchored patterns match from "/" and from the root being captured.
  std::vector<std::string> excludes;
  std::vector<std::string> exclude_files;  // paths of files that hold such patterns
  // Names of files that hold patterns for the directory they lie in, such as ".gitignore".
  std::vector<std::string> ignore_file_names;
  // Names of files whose presence leaves out the rest of their directory, such as ".nobackup".
  std::vector<std::string> marker_file_names;
  CacheDirectories cache_directories = CacheDirectories::capture;
  FileSystems file_systems = FileSystems::all;
  TrustStat trust_stat = TrustStat::incremental;
  AccessTimes access_times = AccessTimes::preserve;
};

// The snapshot against which this capture runs.
struct FilesParent {
  repository::TreeCursor* entries = nullptr;  // at its beginning; none: everything is new
  base::Time started{};                       // when its capture began
};

struct FilesCaptureResult {
  std::uint64_t files = 0;  // regular files and further names of them
  std::uint64_t directories = 0;
  std::uint64_t others = 0;     // symlinks, devices, FIFOs, sockets
  std::uint64_t unchanged = 0;  // of all these; the three add up
  std::uint64_t changed = 0;
  std::uint64_t added = 0;
  std::uint64_t bytes = 0;       // sizes of all files' contents
  std::uint64_t bytes_read = 0;  // of those that were read
  std::uint64_t warnings = 0;
};

// Called now and then, by the task that called capture_files. `path` is raw bytes, valid during the
// call.
using FilesCaptureProgress =
    std::function<void(const FilesCaptureResult& so_far, std::string_view path)>;

// Writes what lies below the roots into `sink`. What can't be read, vanishes or changes meanwhile
// is a warning in the sink and the rest goes on. Errors: invalid_argument (a root isn't absolute),
// not_found (a root doesn't exist; nothing was written), cancelled, and what the sink or the
// parent's cursor return.
base::Result<FilesCaptureResult> capture_files(const FilesCaptureOptions& options,
                                               const FilesParent& parent,
                                               repository::EntrySink& sink, io::Executor& executor,
                                               const FilesCaptureProgress& progress,
                                               std::stop_token stop);

}  // namespace holdfast::source
