// The root's identity check, its directories, and the translation of errno.
#include "local_root.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "answers.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

// Shards and kinds of objects; more than this means a strange repository, and costs only a few
// syncs.
constexpr std::size_t durable_directories_max = 8192;

bool is_outage(int errno_value) {
  switch (errno_value) {
    case ESTALE:
    case ENOTCONN:
    case ENODEV:
    case ENXIO:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ETIMEDOUT:
    case ECONNRESET:
    case ECONNREFUSED: return true;
    default: return false;
  }
}

Error gone(const std::string& path, const char* what) {
  return Error(ErrorCode::unavailable, path + " " + what)
      .with_hint("mount the file system that holds the repository, then run again");
}

}  // namespace

std::string directory_of(std::string_view name) {
  const auto slash = name.rfind('/');
  return slash == std::string_view::npos ? std::string(".") : std::string(name.substr(0, slash));
}

bool is_reserved(std::string_view name) {
  constexpr std::string_view own = upload_directory;
  return name.starts_with(own) && (name.size() == own.size() || name[own.size()] == '/');
}

LocalRoot::LocalRoot(std::string path, io::Fd directory)
    : path_(std::move(path)), directory_(std::move(directory)) {}

base::Result<std::unique_ptr<LocalRoot>> LocalRoot::open(std::string path) {
  io::Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) {
    const int reason = errno;
    if (is_outage(reason) || reason == EIO) return gone(path, "does not answer");
    Error error = Error::from_errno(reason, "cannot open the directory " + path);
    if (error.code() == ErrorCode::not_found) {
      return std::move(error).with_hint(
          "check the path; is the disk mounted? `holdfast init` makes a new repository");
    }
    return std::move(error).with_hint("check the owner and the mode of the directory");
  }
  return std::make_unique<LocalRoot>(std::move(path), std::move(directory));
}

base::Result<void> LocalRoot::verify() const {
  struct stat held{};
  struct stat there{};
  if (::fstat(fd(), &held) != 0) return gone(path_, "does not answer");
  if (held.st_nlink == 0) return gone(path_, "was removed: the location is not mounted?");
  if (::stat(path_.c_str(), &there) != 0)
    return gone(path_, "is not there: the location is not mounted?");
  if (held.st_dev != there.st_dev || held.st_ino != there.st_ino) {
    return gone(path_, "is another directory than before: the location is not mounted?");
  }
  return {};
}

Error LocalRoot::failure(int errno_value, std::string_view doing, std::string_view name) const {
  if (errno_value == ENOENT || errno_value == ENOTDIR) {
    auto still = verify();
    if (!still.ok()) return std::move(still).error();
    return absent(name, path_);
  }
  std::string what = "cannot ";
  what += doing;
  what += ' ';
  what += path_;
  if (!name.empty()) {
    what += '/';
    what += name;
  }
  Error error = Error::from_errno(errno_value, what);
  if (is_outage(errno_value)) {
    return Error(ErrorCode::unavailable, error.message())
        .with_hint("check the disk or the network mount, then run again");
  }
  switch (errno_value) {
    case EROFS:
      return std::move(error).with_hint("the file system is mounted read-only; mount it writable");
    case EACCES:
    case EPERM:
      return std::move(error).with_hint(
          "run as the user who owns the repository, or correct the owner and the mode of its "
          "files");
    case EMFILE:
    case ENFILE:
      return std::move(error)
          .with_retry(base::Retry::may_help)
          .with_hint("too many open files; raise the limit (ulimit -n)");
    case EIO:
      return std::move(error).with_hint("the disk reports a fault; see the kernel's log (dmesg)");
    default: return error;
  }
}

Error LocalRoot::below_object(std::string_view name) const {
  return {ErrorCode::invalid_argument,
          "the name '" + std::string(name) + "' lies below another object in " + path_};
}

base::Result<Directory> LocalRoot::open_directory(const std::string& directory) const {
  const int opened = ::openat(fd(), directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return failure(errno, "list", directory);
  Directory stream(::fdopendir(opened));
  CHECK(stream != nullptr, "a directory that was opened as one");
  return stream;
}

base::Result<void> LocalRoot::sync(const std::string& directory) const {
  const io::Fd opened(::openat(fd(), directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid()) return failure(errno, "sync", directory);
  // Some network file systems have no sync of directories: there EINVAL is the best answer to get.
  if (::fsync(opened.get()) != 0 && errno != EINVAL && errno != ENOTSUP) {
    return failure(errno, "sync", directory);
  }
  return {};
}

base::Result<void> LocalRoot::make_parents(std::string_view name) {
  for (auto slash = name.find('/'); slash != std::string_view::npos;
       slash = name.find('/', slash + 1)) {
    const std::string directory(name.substr(0, slash));
    {
      const std::lock_guard lock(mutex_);
      if (durable_.contains(directory)) continue;
    }
    if (::mkdirat(fd(), directory.c_str(), 0700) != 0 && errno != EEXIST) {
      if (errno == ENOTDIR) return below_object(name);
      return failure(errno, "make directory", directory);
    }
    TRY(sync(directory_of(directory)));
    const std::lock_guard lock(mutex_);
    if (durable_.size() >= durable_directories_max) durable_.clear();
    durable_.insert(directory);
  }
  return {};
}

void LocalRoot::forget_directories() {
  const std::lock_guard lock(mutex_);
  durable_.clear();
}

}  // namespace holdfast::storage
