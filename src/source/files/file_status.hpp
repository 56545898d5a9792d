// What stat says about a file, reduced to what capture and restore use, and the token by which an
// unchanged file is recognised in the next snapshot.
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "repository/entry.hpp"

namespace holdfast::source {

struct FileStatus {
  std::uint32_t mode = 0;  // with the type bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t link_count = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t special_device = 0;  // st_rdev
  std::uint64_t size = 0;
  std::uint64_t allocated = 0;  // bytes on disk
  std::int64_t mtime = 0;       // nanoseconds since 1970
  std::int64_t ctime = 0;

  [[nodiscard]] bool is_directory() const noexcept { return S_ISDIR(mode); }
  [[nodiscard]] bool is_regular() const noexcept { return S_ISREG(mode); }
  [[nodiscard]] bool is_symlink() const noexcept { return S_ISLNK(mode); }
  [[nodiscard]] bool same_file(const FileStatus& other) const noexcept {
    return device == other.device && inode == other.inode;
  }
  // Whether nothing that a writer does has happened in between.
  [[nodiscard]] bool unchanged_since(const FileStatus& before) const noexcept {
    return same_file(before) && size == before.size && mtime == before.mtime &&
           ctime == before.ctime;
  }
};

[[nodiscard]] FileStatus to_file_status(const struct stat& from) noexcept;

// fstatat without following symlinks, and fstat: 0, or the errno.
[[nodiscard]] int read_status(int directory, const char* name, FileStatus& out) noexcept;
[[nodiscard]] int read_status(int fd, FileStatus& out) noexcept;

[[nodiscard]] repository::EntryKind entry_kind_of(const FileStatus& status) noexcept;

// Inode, size, mtime and ctime. Not the device: its number changes when a volume is mounted anew.
[[nodiscard]] base::Bytes change_token(const FileStatus& status);
// Whether mtime and ctime are old enough that a later change must have moved one of them: two
// seconds, the coarsest resolution of a file system in use, before the reading at `read_at`.
[[nodiscard]] bool times_settled(const FileStatus& status, base::Time read_at) noexcept;

}  // namespace holdfast::source
