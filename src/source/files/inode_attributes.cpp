// flistxattr, fgetxattr, FS_IOC_GETFLAGS and FS_IOC_SETFLAGS.
#include "inode_attributes.hpp"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace holdfast::source {

const std::uint64_t restorable_inode_flags =
    FS_SECRM_FL | FS_UNRM_FL | FS_COMPR_FL | FS_SYNC_FL | FS_IMMUTABLE_FL | FS_APPEND_FL |
    FS_NODUMP_FL | FS_NOATIME_FL | FS_NOCOMP_FL | FS_JOURNAL_DATA_FL | FS_NOTAIL_FL |
    FS_DIRSYNC_FL | FS_TOPDIR_FL | FS_NOCOW_FL;
const std::uint64_t forbidding_inode_flags = FS_IMMUTABLE_FL | FS_APPEND_FL;

namespace {

constexpr std::size_t list_size_max = XATTR_LIST_MAX;
constexpr std::size_t value_size_max = XATTR_SIZE_MAX;

bool not_supported(int error) {
  return error == ENOTSUP || error == ENOTTY || error == ENOSYS || error == EINVAL;
}

}  // namespace

std::string path_through_proc(int directory, const char* name) {
  std::string path = "/proc/self/fd/";
  path += std::to_string(directory);
  path += '/';
  path += name;
  return path;
}

void InodeAttributeReader::meet(std::uint64_t device) {
  if (file_system_.known && file_system_.device == device) return;
  file_system_ = {.device = device, .known = true, .has_extended = true, .has_flags = true};
}

template <typename List, typename Get>
int InodeAttributeReader::read_extended(List list, Get get, PosixAttributes& out) {
  if (!file_system_.has_extended) return 0;
  names_.resize(list_size_max);
  const auto size = list(names_.data(), names_.size());
  if (size < 0) {
    if (!not_supported(errno)) return errno;
    file_system_.has_extended = false;
    return 0;
  }
  for (const char* name = names_.data(); name < names_.data() + size;
       name += std::strlen(name) + 1) {
    value_.resize(value_size_max);
    const auto got = get(name, value_.data(), value_.size());
    if (got < 0) {
      // Removed since it was listed, or listed by a file system that won't give it out.
      if (errno == ENODATA || not_supported(errno)) continue;
      return errno;
    }
    out.extended.push_back(
        {.name = name, .value = base::Bytes(value_.begin(), value_.begin() + got)});
  }
  std::ranges::sort(out.extended, {}, &ExtendedAttribute::name);
  return 0;
}

int InodeAttributeReader::read(int fd, std::uint64_t device, PosixAttributes& out) {
  meet(device);
  const int error =
      read_extended([fd](char* names, std::size_t size) { return ::flistxattr(fd, names, size); },
                    [fd](const char* name, void* value, std::size_t size) {
                      return ::fgetxattr(fd, name, value, size);
                    },
                    out);
  if (error != 0 || !file_system_.has_flags) return error;
  unsigned flags = 0;  // the call is declared with long and writes an int
  if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) {
    if (!not_supported(errno)) return errno;
    file_system_.has_flags = false;
    return 0;
  }
  out.inode_flags = flags & restorable_inode_flags;
  return 0;
}

int InodeAttributeReader::read_unopened(int directory, const char* name, std::uint64_t device,
                                        PosixAttributes& out) {
  meet(device);
  const auto path = path_through_proc(directory, name);
  return read_extended(
      [&](char* names, std::size_t size) { return ::llistxattr(path.c_str(), names, size); },
      [&](const char* attribute, void* value, std::size_t size) {
        return ::lgetxattr(path.c_str(), attribute, value, size);
      },
      out);
}

int write_inode_flags(int fd, std::uint64_t flags) {
  unsigned now = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &now) != 0)
    return flags == 0 && not_supported(errno) ? 0 : errno;
  const auto wanted =
      static_cast<unsigned>((now & ~restorable_inode_flags) | (flags & restorable_inode_flags));
  if (wanted == now) return 0;
  return ::ioctl(fd, FS_IOC_SETFLAGS, &wanted) == 0 ? 0 : errno;
}

}  // namespace holdfast::source
