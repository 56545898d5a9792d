// Walking by descriptors, one folder at a time.
#include "folder_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/bytes.hpp"
#include "io/file.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

Error failed(const char* what, const std::string& path) {
  return Error::from_errno(errno, std::string(what) + " " + base::printable(path));
}

Result<std::vector<std::string>> names_of(int folder, const std::string& path) {
  // A descriptor of its own: closedir closes it, and reading moves its position.
  const int own = ::openat(folder, ".", folder_flags | O_CLOEXEC);
  if (own < 0) return failed("cannot open", path);
  DIR* opened = ::fdopendir(own);
  if (opened == nullptr) {
    const auto error = failed("cannot list", path);
    ::close(own);
    return error;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opened, ::closedir);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return failed("cannot list", path);
  std::sort(names.begin(), names.end());
  return names;
}

class FileWalk {
 public:
  FileWalk(const FileVisit& visit, const std::stop_token& stop) : visit_(visit), stop_(stop) {}

  Result<void> walk(int folder, const std::string& path) {
    for (const auto& name : TRY(names_of(folder, path))) {
      if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
      const auto below = path.empty() ? name : path + "/" + name;
      struct stat status;
      if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return failed("cannot look at", below);
      }
      if (S_ISREG(status.st_mode)) TRY(visit_(below, status));
      if (!S_ISDIR(status.st_mode)) continue;
      const auto inner = TRY(io::open_file_at(folder, name, folder_flags).with_context(below));
      TRY(walk(inner.get(), below));
    }
    return {};
  }

 private:
  const FileVisit& visit_;
  const std::stop_token& stop_;
};

Result<void> empty(int folder, const std::string& path) {
  for (const auto& name : TRY(names_of(folder, path))) {
    const auto below = path + "/" + name;
    struct stat status;
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      return failed("cannot look at", below);
    }
    const bool is_folder = S_ISDIR(status.st_mode);
    if (is_folder) {
      if ((status.st_mode & S_IRWXU) != S_IRWXU &&
          ::fchmodat(folder, name.c_str(), S_IRWXU, 0) != 0) {
        return failed("cannot open up", below);
      }
      const auto inner = TRY(io::open_file_at(folder, name, folder_flags).with_context(below));
      TRY(empty(inner.get(), below));
    }
    if (::unlinkat(folder, name.c_str(), is_folder ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT) {
      return failed("cannot remove", below);
    }
  }
  return {};
}

}  // namespace

Result<void> each_file(const std::string& folder, const FileVisit& visit,
                       const std::stop_token& stop) {
  const auto opened = TRY(io::open_file(folder, folder_flags));
  return FileWalk(visit, stop).walk(opened.get(), "").with_context(base::printable(folder));
}

Result<void> remove_tree(const std::string& folder) {
  struct stat status;
  if (::lstat(folder.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return failed("cannot look at", folder);
  }
  if (!S_ISDIR(status.st_mode)) {
    return Error(ErrorCode::conflict, base::printable(folder) + " is no folder");
  }
  if ((status.st_mode & S_IRWXU) != S_IRWXU && ::chmod(folder.c_str(), S_IRWXU) != 0) {
    return failed("cannot open up", folder);
  }
  {
    const auto opened = TRY(io::open_file(folder, folder_flags));
    TRY(empty(opened.get(), folder));
  }
  if (::rmdir(folder.c_str()) != 0 && errno != ENOENT) return failed("cannot remove", folder);
  return {};
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  auto opened = io::open_file(folder, folder_flags);
  if (!opened.ok()) {
    if (opened.error().code() == ErrorCode::not_found) return std::vector<std::string>();
    return std::move(opened).error();
  }
  return names_of(opened.value().get(), folder);
}

}  // namespace holdfast::engine
