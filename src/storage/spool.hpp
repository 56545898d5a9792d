// Spool: bytes that are collected before they can be sent: the first mebibyte in memory, all of
// them in an unlinked temporary file when there are more.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "io/file.hpp"

namespace holdfast::storage {

// Used by one task at a time; the view of all() may be shared.
class Spool {
 public:
  // `directory`: where temporary files may lie.
  explicit Spool(std::string directory);
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

  const std::string directory_;
  base::Bytes buffer_;  // what is not in the file yet
  io::Fd file_;
  std::uint64_t size_ = 0;
  std::optional<base::Error> failure_;
  void* mapped_ = nullptr;
};

}  // namespace holdfast::storage
