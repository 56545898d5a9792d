// Opens, evicts the one that was opened first, opens again.
#include "open_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "inode_attributes.hpp"
#include "long_path.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t open_files_max = 64;

}  // namespace

Result<SharedFile> OpenFiles::acquire(LargeFile& file) {
  const std::lock_guard lock(mutex_);
  if (const auto known = open_.find(&file); known != open_.end()) return known->second;
  auto fd = TRY(open(file));
  if (open_.size() >= open_files_max) {
    open_.erase(order_.front());
    order_.pop_front();
  }
  open_.emplace(&file, fd);
  order_.push_back(&file);
  return fd;
}

Result<SharedFile> OpenFiles::create(LargeFile& file, const io::Fd& directory) {
  unfinished_.emplace(&file, std::pair(file.directory, file.name));
  int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  if (file.start == FileStart::fresh) flags |= O_CREAT | O_EXCL;
  const auto mode = metadata_.creation_mode(file.metadata, file.directory_group);
  // The descriptor that makes the file may write whatever the mode; those that open it again may
  // not without S_IWUSR.
  const int fd = ::openat(directory.get(), file.name.c_str(), flags, mode | S_IRUSR | S_IWUSR);
  if (fd < 0) {
    unfinished_.erase(&file);
    return Error::from_errno(errno, "cannot make the file");
  }
  auto opened = std::make_shared<const io::Fd>(fd);
  FileStatus status;
  if (const int error = read_status(fd, status); error != 0)
    return Error::from_errno(error, "cannot read its state");
  if (!status.is_regular()) return Error(ErrorCode::conflict, "something else took its place");
  // Some flags only take effect on an empty file (no copy on write); they are set again, and
  // reported, at the end.
  if (file.start == FileStart::fresh && file.metadata.inode_flags != 0) {
    (void)write_inode_flags(fd, file.metadata.inode_flags & ~forbidding_inode_flags);
  }
  if (status.size != file.size && ::ftruncate(fd, static_cast<off_t>(file.size)) != 0) {
    return Error::from_errno(errno, "cannot set its size");
  }
  file.created = true;
  file.device = status.device;
  file.inode = status.inode;
  return SharedFile(std::move(opened));
}

Result<SharedFile> OpenFiles::open(LargeFile& file) {
  io::Fd directory;
  if (const int error =
          open_beneath(target_.get(), file.directory, O_PATH | O_DIRECTORY, directory);
      error != 0) {
    return Error::from_errno(error, "cannot open its directory");
  }
  if (!file.created) return create(file, directory);
  const int fd =
      ::openat(directory.get(), file.name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return Error::from_errno(errno, "cannot open the file again");
  auto opened = std::make_shared<const io::Fd>(fd);
  FileStatus status;
  const int error = read_status(fd, status);
  if (error != 0 || status.device != file.device || status.inode != file.inode) {
    return Error(ErrorCode::conflict, "another file took its place while it was restored");
  }
  return SharedFile(std::move(opened));
}

void OpenFiles::release(const LargeFile& file) {
  const std::lock_guard lock(mutex_);
  unfinished_.erase(&file);
  if (open_.erase(&file) > 0) std::erase(order_, &file);
}

void OpenFiles::remove(LargeFile& file) {
  release(file);
  io::Fd directory;
  if (!file.created ||
      open_beneath(target_.get(), file.directory, O_PATH | O_DIRECTORY, directory) != 0)
    return;
  FileStatus status;
  if (read_status(directory.get(), file.name.c_str(), status) != 0) return;
  if (status.device == file.device && status.inode == file.inode)
    ::unlinkat(directory.get(), file.name.c_str(), 0);
}

void OpenFiles::remove_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& [file, place] : unfinished_) {
    io::Fd directory;
    if (open_beneath(target_.get(), place.first, O_PATH | O_DIRECTORY, directory) != 0) continue;
    ::unlinkat(directory.get(), place.second.c_str(), 0);
  }
  unfinished_.clear();
  open_.clear();
  order_.clear();
}

}  // namespace holdfast::source
