// What a restore has done and what went wrong, counted by all of its tasks.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "base/error.hpp"
#include "source/files/restore.hpp"

namespace holdfast::source {

// Thread-safe.
class RestoreTally {
 public:
  explicit RestoreTally(const FilesRestoreProgressCall& progress) : progress_(progress) {}

  std::atomic<std::uint64_t> files = 0;
  std::atomic<std::uint64_t> directories = 0;
  std::atomic<std::uint64_t> others = 0;
  std::atomic<std::uint64_t> unchanged = 0;
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<std::uint64_t> bytes_written = 0;
  // What can't be kept without privileges or on this file system; noted once, not failures.
  std::atomic<std::uint64_t> owners_lost = 0;
  std::atomic<std::uint64_t> extended_lost = 0;
  std::atomic<std::uint64_t> flags_lost = 0;
  std::atomic<std::uint64_t> devices_lost = 0;
  std::atomic<std::uint64_t> sockets_skipped = 0;

  // `path`: in the snapshot, without the leading '/'. repository: its bytes are damaged or absent,
  // and the report says damaged. target: everything else.
  enum class Cause { repository, target };
  void fail(std::string_view path, std::string message, Cause cause);
  // `path` as above: it is not in the snapshot, and is gone.
  void removed(std::string_view path);
  void note(std::string text);
  // Whether anything failed so far.
  [[nodiscard]] bool has_failed() const { return failure_count_ > 0; }
  void tell();
  [[nodiscard]] FilesRestoreReport report();

 private:
  [[nodiscard]] FilesRestoreProgress totals() const;
  const FilesRestoreProgressCall& progress_;
  std::mutex progress_mutex_;
  std::atomic<std::uint64_t> calls_ = 0;
  std::atomic<std::uint64_t> failure_count_ = 0;
  std::mutex mutex_;
  std::vector<FilesRestoreFailure> failures_;
  std::vector<std::string> removed_;
  std::uint64_t removed_count_ = 0;
  std::vector<std::string> notes_;
  bool damaged_ = false;
};

}  // namespace holdfast::source
