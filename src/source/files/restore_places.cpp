// The part of the planner that looks at and changes the target at once: directories, what is in the
// way, symlinks and special files. Everything goes through open directories, and no symlink is
// followed.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "inode_attributes.hpp"
#include "long_path.hpp"
#include "restore_planner.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;
using repository::Entry;
using repository::EntryKind;
using Overwrite = FilesRestoreOptions::Overwrite;

namespace {

constexpr int directory_flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Error failure(int error, const char* what) { return Error::from_errno(error, what); }

// What an earlier restore may have set and what now keeps the file from being changed.
void clear_forbidding_flags(int directory, const char* name, std::uint64_t flags) {
  if ((flags & forbidding_inode_flags) == 0) return;
  const io::Fd fd(::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (fd.valid()) (void)write_inode_flags(fd.get(), flags & ~forbidding_inode_flags);
}

bool has_default_list(int directory, const char* name) {
  const auto path = path_through_proc(directory, name);
  return ::lgetxattr(path.c_str(), "system.posix_acl_default", nullptr, 0) > 0;
}

}  // namespace

Result<void> RestorePlanner::open_frame(Frame& frame) {
  if (frame.fd.valid()) return {};
  if (!target_.directory.valid()) return Error(ErrorCode::not_found, "the target doesn't exist");
  const int error =
      open_beneath(target_.directory.get(), frame.path, O_PATH | O_DIRECTORY, frame.fd);
  return error == 0 ? Result<void>() : failure(error, "cannot open the directory");
}

bool RestorePlanner::make(std::size_t depth) {
  auto& frame = frames_[depth];
  if (frame.state == Frame::State::made && (dry() || frame.fd.valid())) return true;
  if (frame.state == Frame::State::failed) return false;
  if (frame.state == Frame::State::made) {
    const auto opened = open_frame(frame);
    if (opened.ok()) return true;
    fail(frame.shown, opened.error());
    frame.state = Frame::State::failed;
    return false;
  }
  const bool parent_made = make(depth - 1);
  const auto made =
      parent_made
          ? make_directory(frame, frames_[depth - 1])
          : Result<void>(Error(ErrorCode::conflict, "the directory above it could not be made"));
  frame.state = made.ok() ? Frame::State::made : Frame::State::failed;
  if (made.ok())
    ++tally_.directories;
  else
    fail(frame.shown, made.error());
  return made.ok();
}

Result<void> RestorePlanner::make_directory(Frame& frame, Frame& parent) {
  const auto slash = frame.path.rfind('/');
  const std::string name = slash == std::string::npos ? frame.path : frame.path.substr(slash + 1);
  FileStatus there;
  const bool may_exist = parent.existed && open_frame(parent).ok();
  const int absent = may_exist ? read_status(parent.fd.get(), name.c_str(), there) : ENOENT;
  if (absent != 0 && absent != ENOENT) return failure(absent, "cannot read its state");
  frame.existed = absent == 0 && there.is_directory();
  if (absent == 0 && !frame.existed) {
    if (options_.overwrite == Overwrite::never) {
      return Error(ErrorCode::already_exists, "something that isn't a directory is in its place")
          .with_hint("restore into an empty directory, or allow files to be overwritten");
    }
    if (!dry() && ::unlinkat(parent.fd.get(), name.c_str(), 0) != 0) {
      return failure(errno, "cannot replace what is in its place");
    }
  }
  if (dry()) {
    if (frame.existed) TRY(open_frame(frame));
    return {};
  }
  // Its own mode comes last; until then only its owner may enter.
  if (!frame.existed && ::mkdirat(parent.fd.get(), name.c_str(), 0700) != 0) {
    return failure(errno, "cannot make the directory");
  }
  frame.fd = io::Fd(::openat(parent.fd.get(), name.c_str(), directory_flags));
  if (!frame.fd.valid()) return failure(errno, "cannot open the directory");
  FileStatus now;
  if (const int error = read_status(frame.fd.get(), now); error != 0)
    return failure(error, "cannot read its state");
  frame.group = metadata_.group_in(now);
  if (frame.existed) {
    if (options_.overwrite != Overwrite::never) {
      clear_forbidding_flags(parent.fd.get(), name.c_str(), frame.metadata.inode_flags);
      // Our own directory that we may not write: its mode is set in the end.
      const auto by_number = "/proc/self/fd/" + std::to_string(frame.fd.get());
      if ((now.mode & 0700) != 0700) (void)::chmod(by_number.c_str(), (now.mode & 07777) | 0700);
    }
    if (has_default_list(parent.fd.get(), name.c_str())) metadata_.expect_inherited_lists();
  }
  return {};
}

RestorePlanner::Place RestorePlanner::look(Frame& directory, const FilePlace& place,
                                           const Entry& entry, const PosixAttributes& attributes,
                                           const TargetMetadata& metadata) {
  if (!directory.existed || (dry() && !directory.fd.valid() && !open_frame(directory).ok()))
    return Place::free;
  const int at = directory.fd.get();
  const char* name = place.name.c_str();
  FileStatus there;
  const int absent = read_status(at, name, there);
  if (absent == ENOENT) return Place::free;
  Result<void> error;
  Place result = Place::free;
  if (absent != 0) {
    error = failure(absent, "cannot read the state of what is there");
  } else if (options_.overwrite == Overwrite::never) {
    return Place::done;
  } else if (there.is_directory()) {
    error = Error(ErrorCode::already_exists, "a directory is in its place")
                .with_hint("move it away and run again");
  } else if (entry.kind == EntryKind::file && there.is_regular()) {
    result = look_at_file(at, name, there, entry, metadata, error);
  } else if (is_right_special(at, name, there, entry, attributes)) {
    result = Place::done;
    if (!dry())
      error = metadata_.apply_at(at, name, there, metadata, MetadataWriter::Origin::existing);
  }
  if (error.ok() && result == Place::free && !dry()) {
    clear_forbidding_flags(at, name, metadata.inode_flags);
    if (::unlinkat(at, name, 0) != 0) error = failure(errno, "cannot replace what is in its place");
  }
  if (error.ok()) return result;
  fail(place.shown, error.error());
  return Place::failed;
}

RestorePlanner::Place RestorePlanner::look_at_file(int directory, const char* name,
                                                   const FileStatus& there, const Entry& entry,
                                                   const TargetMetadata& metadata,
                                                   Result<void>& error) {
  const bool same = there.size == entry.size && there.mtime == metadata.mtime;
  if (options_.overwrite != Overwrite::changed || !same) {
    if (there.link_count != 1) return Place::free;
    if (!dry()) clear_forbidding_flags(directory, name, metadata.inode_flags);
    return Place::update;
  }
  const bool is_right = (there.mode & 07777) == metadata.mode && there.uid == metadata.uid &&
                        there.gid == metadata.gid && metadata.extended.empty() &&
                        metadata.inode_flags == 0;
  if (is_right || dry()) return Place::done;
  clear_forbidding_flags(directory, name, metadata.inode_flags);
  const io::Fd fd(::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) {
    error = failure(errno, "cannot open the file that is there");
    return Place::failed;
  }
  error = metadata_.apply(fd.get(), there, metadata, MetadataWriter::Origin::existing);
  return Place::done;
}

bool RestorePlanner::is_right_special(int directory, const char* name, const FileStatus& there,
                                      const Entry& entry, const PosixAttributes& attributes) const {
  if (entry_kind_of(there) != entry.kind) return false;
  if (entry.kind == EntryKind::symlink) {
    std::array<char, 8192> target;
    const auto size = ::readlinkat(directory, name, target.data(), target.size());
    return size >= 0 && std::string_view(target.data(), static_cast<std::size_t>(size)) ==
                            base::as_text(attributes.symlink_target);
  }
  if (entry.kind == EntryKind::character_device || entry.kind == EntryKind::block_device) {
    return attributes.device && there.special_device == ::gnu_dev_makedev(attributes.device->major,
                                                                          attributes.device->minor);
  }
  return entry.kind == EntryKind::fifo;
}

void RestorePlanner::plan_special(const Entry& entry, const PosixAttributes& attributes,
                                  Frame& directory, const FilePlace& place) {
  const auto metadata = target_metadata(attributes);
  const auto there = look(directory, place, entry, attributes, metadata);
  if (there == Place::failed) return;
  ++tally_.others;
  if (there == Place::done) ++tally_.unchanged;
  if (there == Place::done || dry()) return;
  const char* name = place.name.c_str();
  auto made = make_special(entry, attributes, directory.fd.get(), name);
  if (!made.ok() && made.error().code() == ErrorCode::permission_denied && ::geteuid() != 0 &&
      attributes.device) {
    --tally_.others;
    ++tally_.devices_lost;
    return;
  }
  if (made.ok()) {
    FileStatus now;
    const int error = read_status(directory.fd.get(), name, now);
    made = error != 0 ? failure(error, "cannot read its state")
                      : metadata_.apply_at(directory.fd.get(), name, now, metadata,
                                           MetadataWriter::Origin::fresh);
  }
  if (made.ok()) return;
  --tally_.others;
  fail(place.shown, made.error());
}

Result<void> RestorePlanner::make_special(const Entry& entry, const PosixAttributes& attributes,
                                          int directory, const char* name) {
  if (entry.kind == EntryKind::symlink) {
    const std::string target(base::as_text(attributes.symlink_target));
    if (target.empty() || target.find('\0') != std::string::npos) {
      return Error(ErrorCode::damaged, "a symbolic link without a proper target");
    }
    if (::symlinkat(target.c_str(), directory, name) == 0) return {};
    return failure(errno, "cannot make a symbolic link");
  }
  mode_t type = S_IFIFO;
  dev_t device = 0;
  if (entry.kind != EntryKind::fifo) {
    if (!attributes.device) return Error(ErrorCode::damaged, "a device without its number");
    type = entry.kind == EntryKind::character_device ? S_IFCHR : S_IFBLK;
    device = ::gnu_dev_makedev(attributes.device->major, attributes.device->minor);
  }
  if (::mknodat(directory, name, type | 0600, device) == 0) return {};
  return failure(errno, "cannot make a special file");
}

}  // namespace holdfast::source
