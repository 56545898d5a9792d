// Upload to a directory: buffered writes, early write-back, sync, rename without replacing, sync of
// the directory.
//
// Write-back starts every few MiB (sync_file_range, which only queues), so that the disk works
// while the caller still compresses and the sync at commit finds little left. The mtime is stamped
// after the content is on disk and before the rename; after a power cut it may be that of the last
// write instead, which is earlier, never later.
#include "local_upload.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "answers.hpp"
#include "base/random.hpp"
#include "base/units.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t buffer_size = 256 * base::KiB;
constexpr std::uint64_t write_back_size = 8 * base::MiB;

std::string temporary_name() {
  base::SystemRandom random;
  return std::string(upload_directory) + "/" + base::to_hex(random.array<16>());
}

}  // namespace

base::Time time_of(const timespec& value) {
  return {value.tv_sec * base::nanoseconds_per_second + value.tv_nsec};
}

base::Result<std::unique_ptr<LocalUpload>> LocalUpload::begin(LocalRoot& root) {
  TRY(root.verify());
  std::string name = temporary_name();
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  io::Fd file(::openat(root.fd(), name.c_str(), flags, 0600));
  if (!file.valid() && errno == ENOENT) {
    // tmp/ is missing in copies made by tools that skip empty directories.
    if (::mkdirat(root.fd(), upload_directory, 0700) != 0 && errno != EEXIST) {
      return root.failure(errno, "make directory", upload_directory);
    }
    file = io::Fd(::openat(root.fd(), name.c_str(), flags, 0600));
  }
  if (!file.valid()) return root.failure(errno, "create", name);
  // Where locks don't exist the cleaner goes by age alone.
  (void)::flock(file.get(), LOCK_EX | LOCK_NB);
  return std::make_unique<LocalUpload>(root, std::move(file), std::move(name));
}

LocalUpload::LocalUpload(LocalRoot& root, io::Fd file, std::string temporary)
    : root_(root), file_(std::move(file)), temporary_(std::move(temporary)) {}

LocalUpload::~LocalUpload() {
  if (linked_) (void)::unlinkat(root_.fd(), temporary_.c_str(), 0);
}

Error LocalUpload::broken(Error error) {
  error_ = error;
  return error;
}

base::Result<base::Time> LocalUpload::modified_at() const {
  struct stat about{};
  if (::fstat(file_.get(), &about) != 0) return root_.failure(errno, "stat", temporary_);
  return time_of(about.st_mtim);
}

base::Result<void> LocalUpload::write_out(base::ByteView data) {
  while (!data.empty()) {
    const auto count = ::write(file_.get(), data.data(), data.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return broken(root_.failure(errno, "write", temporary_));
    }
    data = data.subspan(static_cast<std::size_t>(count));
    written_ += static_cast<std::uint64_t>(count);
  }
  if (written_ - write_back_from_ >= write_back_size) {
    // Only a start: what fails here fails again, and is reported, at the sync.
    (void)::sync_file_range(file_.get(), static_cast<off64_t>(write_back_from_),
                            static_cast<off64_t>(written_ - write_back_from_),
                            SYNC_FILE_RANGE_WRITE);
    write_back_from_ = written_;
  }
  return {};
}

base::Result<void> LocalUpload::append(base::ByteView data) {
  CHECK(!done_, "append to an upload that was committed");
  if (error_) return *error_;
  durable_ = false;
  if (buffer_.size() + data.size() < buffer_size) {
    if (buffer_.capacity() == 0 && data.size() * 2 < buffer_size) buffer_.reserve(buffer_size);
    buffer_.insert(buffer_.end(), data.begin(), data.end());
    return {};
  }
  TRY(write_out(buffer_));
  buffer_.clear();
  // Large appends go past the buffer in pieces, each of which starts its own write-back.
  while (data.size() >= buffer_size) {
    const auto piece = data.first(std::min<std::size_t>(data.size(), write_back_size));
    TRY(write_out(piece));
    data = data.subspan(piece.size());
  }
  buffer_.insert(buffer_.end(), data.begin(), data.end());
  return {};
}

base::Result<void> LocalUpload::move_into_place(const std::string& name) {
  if (::renameat2(root_.fd(), temporary_.c_str(), root_.fd(), name.c_str(), RENAME_NOREPLACE) ==
      0) {
    linked_ = false;
    return {};
  }
  int reason = errno;
  if (reason == EINVAL || reason == ENOSYS || reason == ENOTSUP) {
    // NFS and some FUSE file systems: a hard link does not replace either.
    if (::linkat(root_.fd(), temporary_.c_str(), root_.fd(), name.c_str(), 0) == 0) {
      linked_ = ::unlinkat(root_.fd(), temporary_.c_str(), 0) != 0;
      return {};
    }
    reason = errno;
    if (reason == EPERM || reason == ENOTSUP || reason == ENOSYS) {
      return Error(
                 ErrorCode::unsupported,
                 root_.path() + ": this file system can neither rename without replacing nor link")
          .with_hint("use a file system such as ext4, XFS, Btrfs or NFS for the repository");
    }
  }
  if (reason == EEXIST) {
    // Whose it is may not have synced it yet; who hears that it is there takes it for stored.
    TRY(root_.sync(directory_of(name)));
    return already_exists(name, root_.path());
  }
  if (reason == ENOTDIR) return root_.below_object(name);
  if (reason != ENOENT) return root_.failure(reason, "rename into place", name);
  TRY(root_.verify());
  root_.forget_directories();
  return Error(ErrorCode::conflict,
               root_.path() + ": files were removed while '" + name + "' was being stored")
      .with_hint("leave the directories of a repository to holdfast, and run again");
}

base::Result<void> LocalUpload::put_durably(std::string_view name) {
  TRY(write_out(buffer_));
  buffer_.clear();
  if (!durable_) {
    if (::fdatasync(file_.get()) != 0) return broken(root_.failure(errno, "sync", temporary_));
    durable_ = true;
  }
  const timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  if (::futimens(file_.get(), now) != 0 && errno != ENOSYS && errno != ENOTSUP) {
    return root_.failure(errno, "stamp", temporary_);
  }
  TRY(root_.make_parents(name));
  TRY(move_into_place(std::string(name)));
  done_ = true;
  return root_.sync(directory_of(name));
}

base::Result<ObjectInfo> LocalUpload::commit(std::string_view name, const PutOptions& options) {
  if (!is_valid_name(name) || is_reserved(name)) return invalid_name(name, root_.path());
  if (options.retain_until) return no_retention(root_.path());
  if (done_) return already_exists(name, root_.path());
  if (error_) return *error_;
  TRY(root_.verify());
  // Asked before the sync, which would be for nothing; the rename asks again.
  struct stat about{};
  if (::fstatat(root_.fd(), std::string(name).c_str(), &about, 0) == 0) {
    TRY(root_.sync(directory_of(name)));
    return already_exists(name, root_.path());
  }
  TRY(put_durably(name));
  if (::fstat(file_.get(), &about) != 0) return root_.failure(errno, "stat", name);
  ObjectInfo info;
  info.name = name;
  info.size = static_cast<std::uint64_t>(about.st_size);
  info.stored_at = time_of(about.st_mtim);
  file_.reset();
  return info;
}

}  // namespace holdfast::storage
