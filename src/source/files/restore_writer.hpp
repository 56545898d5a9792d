// RestoreWriter: puts chunks where the files of a window want them, from several tasks at once, and
// finishes what a window leaves: links and directories.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"
#include "metadata_writer.hpp"
#include "open_files.hpp"
#include "restore_tally.hpp"
#include "restore_window.hpp"

namespace holdfast::source {

class RestoreWriter {
 public:
  // All borrowed.
  RestoreWriter(const io::Fd& target, MetadataWriter& metadata, RestoreTally& tally)
      : target_(target), metadata_(metadata), tally_(tally), open_files_(target, metadata) {}

  // Thread-safe. `plaintext` goes to every file of the window that uses it, or they all fail. An
  // error means that the target can take no more.
  base::Result<void> receive(const RestoreWindow& window, const repository::ChunkId& id,
                             const base::Result<base::ByteView>& plaintext);
  // One piece of a large file is done, or was given up; the last one finishes the file.
  // Thread-safe.
  base::Result<void> piece_done(LargeFile& file);
  // A hole in a file that was there before. Thread-safe.
  base::Result<void> write_hole(LargeFile& file, std::uint64_t offset, std::uint64_t length);
  // Makes a file without content in an open directory. Thread-safe.
  base::Result<void> make_empty(int directory, const WindowDirectory& where, const SmallFile& file);
  // Gives up a large file; nothing of it stays. Thread-safe. `error` is returned if it concerns
  // everything.
  base::Result<void> fail(LargeFile& file, const base::Error& error, RestoreTally::Cause cause);

  // After all chunks of the window: its links, then its directories. Used by one task.
  base::Result<void> finish(const RestoreWindow& window);
  // After everything: flags that forbid changes.
  void set_forbidding_flags();
  // After an error that ends the restore.
  void remove_unfinished() { open_files_.remove_all(); }

 private:
  struct ForbiddingFlags {
    std::string directory;
    std::string name;
    std::string shown;
    std::uint64_t flags;
  };
  class DirectoryRun;

  base::Result<void> write_small(int directory, const WindowDirectory& where, const SmallFile& file,
                                 base::ByteView content);
  base::Result<void> make_small(int directory, const WindowDirectory& where, const SmallFile& file,
                                base::ByteView content);
  base::Result<void> update_small(int directory, const SmallFile& file, base::ByteView content);
  base::Result<void> write_piece(LargeFile& file, const ChunkUse& use, base::ByteView plaintext);
  base::Result<void> make_link(const RestoreWindow& window, const PendingLink& link);
  base::Result<void> finish_directory(const FinishedDirectory& directory);
  // Writes what differs from what is there.
  base::Result<void> write_differing(int fd, std::uint64_t offset, base::ByteView content);
  void remember_flags(const std::string& directory, const std::string& name,
                      const std::string& shown, const TargetMetadata& metadata);
  // Counts a failure of one file; an error that concerns everything is returned.
  base::Result<void> settle(const std::string& shown, const base::Result<void>& result);

  const io::Fd& target_;
  MetadataWriter& metadata_;
  RestoreTally& tally_;
  OpenFiles open_files_;
  std::mutex mutex_;
  std::vector<ForbiddingFlags> forbidding_;
};

// Whether the target as a whole has failed, so that going on is of no use: full, read-only, gone.
[[nodiscard]] bool concerns_everything(const base::Error& error);

}  // namespace holdfast::source
