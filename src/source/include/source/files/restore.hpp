// Restore of files: recreates a snapshot's entries below a directory, contents in the order in
// which chunks lie in packs, attributes last, and never through a symlink out of that directory.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/executor.hpp"
#include "repository/content_reader.hpp"
#include "repository/entry.hpp"

namespace holdfast::source {

struct FilesRestoreOptions {
  // What to do about a file that is there already. never: leave it. changed: leave it if kind, size
  // and mtime are the snapshot's (its attributes are set); else make it the snapshot's. always:
  // compare contents too. Blocks that are right already aren't written again.
  enum class Overwrite { never, changed, always };
  enum class Run { real, dry };
  // by_name: owners get the number that their name has on this machine, if it has one.
  enum class Owners { by_name, by_number };

  std::string target;  // a directory; made, with those above it, if it doesn't exist
  // Absolute path in the snapshot; empty: all of it. What a directory holds comes directly into
  // `target`, and the directory's attributes onto it; anything else comes into `target` under its
  // name.
  std::string path;
  std::vector<std::string>
      includes;  // in .gitignore syntax; none: everything. With a directory comes what it holds.
  Overwrite overwrite = Overwrite::changed;
  Run run = Run::real;
  Owners owners = Owners::by_name;
  // remove: what the target has and the snapshot doesn't goes, once all else is done without a
  // failure; only below what was captured (`covered`), never what was left out of the capture
  // (patterns, and files of patterns, as in FilesCaptureOptions) nor what lies at or below
  // `spared`. For whole snapshots: without `path`.
  enum class Extra { keep, remove };
  Extra extra = Extra::keep;
  std::vector<std::string> covered = {};  // absolute paths in the snapshot
  std::vector<std::string> spared = {};   // likewise
  std::vector<std::string> left_out = {};
  std::vector<std::string> left_out_files = {};
};

struct FilesRestoreProgress {
  std::uint64_t files = 0;  // done, further names of files included
  std::uint64_t directories = 0;
  std::uint64_t others = 0;     // symlinks, devices, FIFOs
  std::uint64_t unchanged = 0;  // of these: were right already, or left because of Overwrite::never
  std::uint64_t bytes = 0;      // contents of files that are done
  std::uint64_t bytes_written = 0;
  std::uint64_t failures = 0;
  std::uint64_t removed = 0;  // that the snapshot doesn't have; in a dry run: that would be
};

struct FilesRestoreFailure {
  std::string path;  // in the snapshot, absolute, raw bytes
  std::string message;
};

struct FilesRestoreReport {
  FilesRestoreProgress totals;
  std::vector<FilesRestoreFailure> failures;  // the first 10,000; totals.failures counts all
  std::vector<std::string> removed;  // paths as in the snapshot, raw bytes; the first 10,000
  bool damaged = false;              // something could not be had from the repository
  std::vector<std::string>
      notes;  // what could not be kept and is no failure, such as owners without root
};

// Called from any of the tasks, never by two at once.
using FilesRestoreProgressCall = std::function<void(const FilesRestoreProgress&)>;

// Restores the tree of `root`. A file that can't be restored is named in the report, nothing of it
// is left looking complete, and the rest goes on. What was restored is durable on return. `reader`
// is used by two tasks at once: get() while fetch() runs. Errors: not_found (nothing at `path`),
// no_space, permission_denied (the target can't be written), cancelled, and others that concern
// everything.
base::Result<FilesRestoreReport> restore_files(const FilesRestoreOptions& options,
                                               repository::ContentReader& reader,
                                               const repository::TreeRoot& root,
                                               io::Executor& executor,
                                               const FilesRestoreProgressCall& progress,
                                               std::stop_token stop);

}  // namespace holdfast::source
