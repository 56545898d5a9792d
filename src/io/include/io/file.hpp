// Owned file descriptors and the calls on them that can be cut short: complete reads and writes
// with errors that name the path.
#pragma once

#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace holdfast::io {

// Closes its descriptor when destroyed.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

// open(2) / openat(2) with O_CLOEXEC added; `mode` is for O_CREAT.
base::Result<Fd> open_file(const std::string& path, int flags, unsigned mode = 0600);
base::Result<Fd> open_file_at(int directory, const std::string& name, int flags,
                              unsigned mode = 0600);

// Reads until `out` is full or the file ends; the number of bytes read.
base::Result<std::size_t> read_some(int fd, base::MutableByteView out);
base::Result<std::size_t> read_at(int fd, base::MutableByteView out, std::uint64_t offset);
// Writes all of `data`, or fails.
base::Result<void> write_all(int fd, base::ByteView data);
base::Result<void> write_at(int fd, base::ByteView data, std::uint64_t offset);
base::Result<void> sync_file(int fd);  // fdatasync
base::Result<void> sync_directory(const std::string& path);

// A whole small file; fails with invalid_argument above `size_max`.
base::Result<base::Bytes> read_file(const std::string& path, std::uint64_t size_max);

}  // namespace holdfast::io
