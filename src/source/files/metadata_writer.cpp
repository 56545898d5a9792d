// Order: owner (which clears set-id bits and capabilities), mode, extended attributes (an access
// list changes the mode's group bits to what the mode says anyway), times, flags.
#include "metadata_writer.hpp"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "inode_attributes.hpp"
#include "io/file.hpp"

namespace holdfast::source {

using base::Error;
using base::Result;

namespace {

constexpr std::uint32_t set_id_bits = S_ISUID | S_ISGID;

// From /proc, because umask(2) can only be asked by changing it, for all threads.
std::uint32_t read_umask() {
  const auto bytes = io::read_file("/proc/self/status", 1 << 20);
  if (!bytes.ok()) return 0777;  // unknown: every mode is set explicitly
  const auto text = base::as_text(bytes.value());
  constexpr std::string_view field = "\nUmask:\t";
  const auto at = text.find(field);
  std::uint32_t mask = 0777;
  if (at != std::string_view::npos) {
    const auto* from = text.data() + at + field.size();
    std::from_chars(from, text.data() + text.size(), mask, 8);
  }
  return mask;
}

std::array<struct timespec, 2> times_of(std::int64_t mtime) {
  std::int64_t seconds = mtime / base::nanoseconds_per_second;
  std::int64_t rest = mtime % base::nanoseconds_per_second;
  if (rest < 0) {
    --seconds;
    rest += base::nanoseconds_per_second;
  }
  std::array<struct timespec, 2> times{};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = seconds;
  times[1].tv_nsec = rest;
  return times;
}

bool is_lost_not_failed(int error) {
  return error == EPERM || error == EACCES || error == ENOTSUP || error == ENOSYS ||
         error == EINVAL || error == ENOTTY;
}

Error failure(int error, const char* what) { return Error::from_errno(error, what); }

}  // namespace

MetadataWriter::MetadataWriter(RestoreTally& tally)
    : tally_(tally), uid_(::geteuid()), gid_(::getegid()), umask_(read_umask()) {}

std::uint32_t MetadataWriter::creation_mode(const TargetMetadata& metadata,
                                            std::uint32_t group) const {
  if (metadata.uid != uid_ || metadata.gid != group) return 0600;
  return metadata.mode & 0777;
}

FileStatus MetadataWriter::fresh_status(std::uint32_t mode, std::uint32_t group) const {
  FileStatus status;
  status.mode = S_IFREG | (mode & ~umask_);
  status.uid = uid_;
  status.gid = group;
  status.mtime = -1;
  return status;
}

std::uint32_t MetadataWriter::group_in(const FileStatus& directory) const {
  return (directory.mode & S_ISGID) != 0 ? directory.gid : gid_;
}

MetadataWriter::Owner MetadataWriter::owner_to_set(const FileStatus& now,
                                                   const TargetMetadata& metadata) {
  Owner owner{.uid = now.uid == metadata.uid ? UINT32_MAX : metadata.uid,
              .gid = now.gid == metadata.gid ? UINT32_MAX : metadata.gid};
  if (uid_ != 0 && owner.uid != UINT32_MAX) {
    ++tally_.owners_lost;
    owner.uid = UINT32_MAX;
  }
  return owner;
}

Result<void> MetadataWriter::set_extended(const std::string& path, int fd,
                                          const TargetMetadata& metadata, Origin origin) {
  const bool exact = origin == Origin::existing || inherits_lists_;
  if (exact) {
    std::vector<char> names(XATTR_LIST_MAX);
    const auto size = fd >= 0 ? ::flistxattr(fd, names.data(), names.size())
                              : ::llistxattr(path.c_str(), names.data(), names.size());
    for (const char* name = names.data(); size > 0 && name < names.data() + size;
         name += std::strlen(name) + 1) {
      const bool wanted = std::ranges::any_of(
          metadata.extended, [name](const auto& each) { return each.name == name; });
      // A label of the security module belongs to this machine unless the snapshot has one.
      if (wanted || std::string_view(name) == "security.selinux") continue;
      if (fd >= 0)
        (void)::fremovexattr(fd, name);
      else
        (void)::lremovexattr(path.c_str(), name);
    }
  }
  for (const auto& each : metadata.extended) {
    const int done =
        fd >= 0
            ? ::fsetxattr(fd, each.name.c_str(), each.value.data(), each.value.size(), 0)
            : ::lsetxattr(path.c_str(), each.name.c_str(), each.value.data(), each.value.size(), 0);
    if (done == 0) continue;
    if (!is_lost_not_failed(errno)) return failure(errno, "cannot set an extended attribute");
    ++tally_.extended_lost;
  }
  return {};
}

Result<void> MetadataWriter::apply(int fd, const FileStatus& now, const TargetMetadata& metadata,
                                   Origin origin) {
  const auto owner = owner_to_set(now, metadata);
  if (owner.any() && ::fchown(fd, owner.uid, owner.gid) != 0) {
    if (!is_lost_not_failed(errno)) return failure(errno, "cannot set the owner");
    ++tally_.owners_lost;
  }
  const bool mode_is_right = (now.mode & 07777) == metadata.mode && !inherits_lists_ &&
                             !(owner.any() && (metadata.mode & set_id_bits) != 0);
  // Access lists first go, then the mode: without a list its group bits mean the group.
  const bool lists_may_go = origin == Origin::existing || inherits_lists_;
  if (lists_may_go) TRY(set_extended({}, fd, metadata, origin));
  if (!mode_is_right && ::fchmod(fd, metadata.mode) != 0)
    return failure(errno, "cannot set the mode");
  if (!lists_may_go && !metadata.extended.empty()) TRY(set_extended({}, fd, metadata, origin));
  if (now.mtime != metadata.mtime || origin == Origin::fresh) {
    if (::futimens(fd, times_of(metadata.mtime).data()) != 0)
      return failure(errno, "cannot set the time");
  }
  auto flags = metadata.inode_flags;
  if (now.is_regular()) flags &= ~forbidding_inode_flags;
  if (flags != 0 || origin == Origin::existing) {
    const int error = write_inode_flags(fd, flags);
    if (error != 0 && !is_lost_not_failed(error))
      return failure(error, "cannot set the inode flags");
    if (error != 0 && flags != 0) ++tally_.flags_lost;
  }
  return {};
}

Result<void> MetadataWriter::apply_at(int directory, const char* name, const FileStatus& now,
                                      const TargetMetadata& metadata, Origin origin) {
  const auto owner = owner_to_set(now, metadata);
  if (owner.any() && ::fchownat(directory, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    if (!is_lost_not_failed(errno)) return failure(errno, "cannot set the owner");
    ++tally_.owners_lost;
  }
  const auto path = path_through_proc(directory, name);
  if (!now.is_symlink()) {
    // Through /proc with a descriptor that only names the file: chmod never follows a symlink that
    // came in between.
    const auto at = io::open_file_at(directory, name, O_PATH | O_NOFOLLOW);
    if (!at.ok()) return Error(at.error());
    FileStatus present;
    if (const int error = read_status(at.value().get(), present); error != 0)
      return failure(error, "cannot read the mode");
    const auto by_number = "/proc/self/fd/" + std::to_string(at.value().get());
    if (present.is_symlink() || ::chmod(by_number.c_str(), metadata.mode) != 0) {
      return failure(present.is_symlink() ? ELOOP : errno, "cannot set the mode");
    }
  }
  if (!metadata.extended.empty() || origin == Origin::existing || inherits_lists_) {
    TRY(set_extended(path, -1, metadata, origin));
  }
  if (::utimensat(directory, name, times_of(metadata.mtime).data(), AT_SYMLINK_NOFOLLOW) != 0) {
    return failure(errno, "cannot set the time");
  }
  return {};
}

}  // namespace holdfast::source
