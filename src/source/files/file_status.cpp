// Conversion from struct stat, and the change token's bytes: version, inode, size, mtime, ctime.
#include "file_status.hpp"

#include <fcntl.h>

#include <cerrno>

namespace holdfast::source {

namespace {

constexpr std::uint8_t token_version = 1;
constexpr base::Duration settling_time = base::seconds(2);

std::int64_t nanoseconds_of(const struct timespec& t) noexcept {
  std::int64_t total = 0;
  // Far-off times of hostile or broken file systems wrap; they only have to stay the same from one
  // look to the next.
  total = static_cast<std::int64_t>(static_cast<std::uint64_t>(t.tv_sec) *
                                        static_cast<std::uint64_t>(base::nanoseconds_per_second) +
                                    static_cast<std::uint64_t>(t.tv_nsec));
  return total;
}

}  // namespace

FileStatus to_file_status(const struct stat& from) noexcept {
  FileStatus to;
  to.mode = from.st_mode;
  to.uid = from.st_uid;
  to.gid = from.st_gid;
  to.link_count = from.st_nlink;
  to.device = from.st_dev;
  to.inode = from.st_ino;
  to.special_device = from.st_rdev;
  to.size = static_cast<std::uint64_t>(from.st_size);
  to.allocated = static_cast<std::uint64_t>(from.st_blocks) * 512;
  to.mtime = nanoseconds_of(from.st_mtim);
  to.ctime = nanoseconds_of(from.st_ctim);
  return to;
}

int read_status(int directory, const char* name, FileStatus& out) noexcept {
  struct stat status;
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) return errno;
  out = to_file_status(status);
  return 0;
}

int read_status(int fd, FileStatus& out) noexcept {
  struct stat status;
  if (::fstat(fd, &status) != 0) return errno;
  out = to_file_status(status);
  return 0;
}

repository::EntryKind entry_kind_of(const FileStatus& status) noexcept {
  using repository::EntryKind;
  switch (status.mode & S_IFMT) {
    case S_IFDIR: return EntryKind::directory;
    case S_IFLNK: return EntryKind::symlink;
    case S_IFCHR: return EntryKind::character_device;
    case S_IFBLK: return EntryKind::block_device;
    case S_IFIFO: return EntryKind::fifo;
    case S_IFSOCK: return EntryKind::socket;
    default: return EntryKind::file;
  }
}

base::Bytes change_token(const FileStatus& status) {
  base::Bytes token;
  token.reserve(40);
  base::ByteWriter out(token);
  out.u8(token_version);
  out.varint(status.inode);
  out.varint(status.size);
  out.signed_varint(status.mtime);
  out.signed_varint(status.ctime);
  return token;
}

bool times_settled(const FileStatus& status, base::Time read_at) noexcept {
  const auto limit = (read_at - settling_time).nanoseconds;
  return status.mtime <= limit && status.ctime <= limit;
}

}  // namespace holdfast::source
