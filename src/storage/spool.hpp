// Spool: bytes that are collected before they can be sent: the first mebibyte in memory, all of
// them in an unlinked temporary file when there are more.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "io/file.hpp"

namespace holdfast::storage {

// Unlinked temporary files that are used again: writing over pages that are there costs a fraction
// of getting new ones. Thread-safe.
class SpoolFiles {
 public:
  // `directory`: where temporary files may lie.
  explicit SpoolFiles(std::string directory) : directory_(std::move(directory)) {}

  [[nodiscard]] const std::string& directory() const { return directory_; }
  // A file of one's own, its offset at the beginning; what it holds is of no interest.
  base::Result<io::Fd> take();
  void give_back(io::Fd file);

 private:
  const std::string directory_;
  std::mutex mutex_;  // guards idle_
  std::vector<io::Fd> idle_;
};

// Used by one task at a time; the view of all() may be shared.
class Spool {
 public:
  // Borrows the files.
  explicit Spool(SpoolFiles& files) : files_(files) {}
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // no_space if the disk is full; the spool is of no use afterwards.
  base::Result<void> append(base::ByteView data);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Everything. No append afterwards; valid as long as the spool.
  base::Result<base::ByteView> all();

 private:
  base::Result<void> write_out(base::ByteView data);

  SpoolFiles& files_;
  base::Bytes buffer_;  // what is not in the file yet
  io::Fd file_;
  std::uint64_t size_ = 0;
  std::optional<base::Error> failure_;
  void* mapped_ = nullptr;
};

}  // namespace holdfast::storage
