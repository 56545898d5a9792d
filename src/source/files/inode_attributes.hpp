// Extended attributes and inode flags of files, read and written: what stat doesn't tell.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "source/files/posix_attributes.hpp"

namespace holdfast::source {

// The inode flags that are recorded and put back: those that users set (chattr), not those that
// tell how a file system keeps the file.
extern const std::uint64_t restorable_inode_flags;
// Those of them that forbid further changes: immutable and append-only.
extern const std::uint64_t forbidding_inode_flags;

// Reads what an inode has beyond stat, and remembers the file systems that have no such thing, so
// that they are asked once. Used by one task.
class InodeAttributeReader {
 public:
  // Of an open file or directory; `device` is its st_dev. 0, or the errno of the first failure
  // other than "not supported".
  [[nodiscard]] int read(int fd, std::uint64_t device, PosixAttributes& out);
  // Extended attributes of what can't be opened: a symlink, a device. Goes through /proc.
  [[nodiscard]] int read_unopened(int directory, const char* name, std::uint64_t device,
                                  PosixAttributes& out);

 private:
  struct FileSystem {
    std::uint64_t device = 0;
    bool known = false;
    bool has_extended = true;
    bool has_flags = true;
  };
  template <typename List, typename Get>
  int read_extended(List list, Get get, PosixAttributes& out);
  void meet(std::uint64_t device);

  FileSystem file_system_;
  std::vector<char> names_;
  std::vector<base::Byte> value_;
};

// 0 or the errno. `flags` replaces the restorable ones; nothing is called if they are right.
[[nodiscard]] int write_inode_flags(int fd, std::uint64_t flags);

// "/proc/self/fd/FD/NAME": names a file relative to a directory for calls that take no directory.
[[nodiscard]] std::string path_through_proc(int directory, const char* name);

}  // namespace holdfast::source
