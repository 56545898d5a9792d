// The storage in a directory: opening it, reading from it, and cleaning up behind killed processes.
#include "storage/local.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <set>
#include <utility>

#include "answers.hpp"
#include "local_listing.hpp"
#include "local_root.hpp"
#include "local_upload.hpp"
#include "open_files.hpp"

namespace holdfast::storage {

namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t open_files_max = 64;
constexpr base::Duration clean_interval = base::hours(1);
constexpr std::size_t temporary_name_size = 32;  // hexadecimal digits

// Absolute, without trailing slashes, otherwise as given: "a/../b" may lead through a symbolic
// link.
base::Result<std::string> absolute_path(const std::string& path) {
  if (path.empty()) return Error(ErrorCode::invalid_argument, "the path of the location is empty");
  std::error_code failure;
  std::string absolute = std::filesystem::absolute(path, failure).string();
  if (failure) return Error::from_errno(failure.value(), "cannot make " + path + " absolute");
  while (absolute.size() > 1 && absolute.back() == '/') absolute.pop_back();
  return absolute;
}

base::Result<void> make_tree(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) == 0) {
      TRY(io::sync_directory(std::filesystem::path(part).parent_path().string()));
    } else if (errno != EEXIST && errno != EISDIR) {
      return Error::from_errno(errno, "cannot make the directory " + part)
          .with_hint("choose a path that this user may write to");
    }
    if (slash == std::string::npos) return {};
  }
}

enum class Content { nothing, uploads, other };

// What lies in a directory, a new disk's lost+found aside. `uploads`: only an empty tmp/.
base::Result<Content> content_of(const LocalRoot& root, const std::string& directory) {
  const Directory opened = TRY(root.open_directory(directory));
  Content content = Content::nothing;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(opened.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || name == "lost+found") continue;
    if (name != upload_directory || directory != ".") return Content::other;
    content = Content::uploads;
  }
  if (errno != 0) return root.failure(errno, "list", directory);
  if (content == Content::uploads) {
    const Content inside = TRY(content_of(root, upload_directory));
    if (inside != Content::nothing) return Content::other;
  }
  return content;
}

bool is_temporary_name(std::string_view name) {
  return name.size() == temporary_name_size &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

struct LocalStorage::State {
  explicit State(std::unique_ptr<LocalRoot> opened) : root(std::move(opened)) {}

  // The file of an object, and its size.
  base::Result<OpenFiles::File> open(std::string_view name);
  base::Result<std::uint64_t> size_of(const OpenFiles::File& file, std::string_view name) const;
  // Fills `out` or fails.
  base::Result<void> read(const OpenFiles::File& file, std::string_view name, std::uint64_t offset,
                          base::MutableByteView out) const;
  base::Error read_failure(int errno_value, std::string_view name) const;
  std::optional<Error> remove(const std::string& name);
  base::Result<std::size_t> remove_stale(base::Time before) const;
  base::Result<bool> remove_if_stale(const std::string& name, base::Time before) const;

  const std::unique_ptr<LocalRoot> root;
  OpenFiles files{open_files_max};
  std::atomic<std::int64_t> cleaned_at{0};  // storage time, nanoseconds
};

base::Result<OpenFiles::File> LocalStorage::State::open(std::string_view name) {
  if (!is_valid_name(name)) return invalid_name(name, root->path());
  if (is_reserved(name)) return absent(name, root->path());
  if (auto held = files.find(name)) return held;
  const std::string path(name);
  io::Fd opened(::openat(root->fd(), path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!opened.valid()) return root->failure(errno, "open", name);
  struct stat about{};
  if (::fstat(opened.get(), &about) != 0) return root->failure(errno, "stat", name);
  if (!S_ISREG(about.st_mode)) return absent(name, root->path());
  auto file = std::make_shared<const io::Fd>(std::move(opened));
  files.keep(name, file);
  return file;
}

base::Result<std::uint64_t> LocalStorage::State::size_of(const OpenFiles::File& file,
                                                         std::string_view name) const {
  struct stat about{};
  if (::fstat(file->get(), &about) != 0) return root->failure(errno, "stat", name);
  return static_cast<std::uint64_t>(about.st_size);
}

// A fault while reading is the object's damage if the place itself still answers, an outage if it
// doesn't.
Error LocalStorage::State::read_failure(int errno_value, std::string_view name) const {
  if (errno_value != EIO) return root->failure(errno_value, "read", name);
  auto still = root->verify();
  if (!still.ok()) return std::move(still).error();
  return Error(ErrorCode::damaged, "cannot read " + root->path() + "/" + std::string(name) +
                                       ": the disk reports a fault")
      .with_hint("see the kernel's log (dmesg); copy the repository off this disk and repair it");
}

base::Result<void> LocalStorage::State::read(const OpenFiles::File& file, std::string_view name,
                                             std::uint64_t offset,
                                             base::MutableByteView out) const {
  const Range range{offset, out.size()};
  constexpr auto end_max = static_cast<std::uint64_t>(INT64_MAX);
  while (!out.empty()) {
    if (offset > end_max - out.size()) break;
    const auto count = ::pread(file->get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return read_failure(errno, name);
    if (count == 0) break;
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  if (out.empty() && range.size > 0) return {};
  const std::uint64_t size = TRY(size_of(file, name));
  if (!out.empty() || range.offset > size) return range_past_end(name, range, size, root->path());
  return {};
}

std::optional<Error> LocalStorage::State::remove(const std::string& name) {
  if (!is_valid_name(name) || is_reserved(name)) return invalid_name(name, root->path());
  files.drop(name);
  if (::unlinkat(root->fd(), name.c_str(), 0) == 0) return std::nullopt;
  if (errno == EISDIR) return std::nullopt;
  Error error = root->failure(errno, "remove", name);
  if (error.code() == ErrorCode::not_found) return std::nullopt;
  return error;
}

// True if it went.
base::Result<bool> LocalStorage::State::remove_if_stale(const std::string& name,
                                                        base::Time before) const {
  const io::Fd file(::openat(root->fd(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid() && errno == ENOENT) return false;
  if (!file.valid()) return root->failure(errno, "open", name);
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return root->failure(errno, "stat", name);
  if (!S_ISREG(about.st_mode) || time_of(about.st_mtim) > before) return false;
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  if (::unlinkat(root->fd(), name.c_str(), 0) == 0) return true;
  if (errno == ENOENT) return false;
  return root->failure(errno, "remove", name);
}

base::Result<std::size_t> LocalStorage::State::remove_stale(base::Time before) const {
  const Directory directory = TRY(root->open_directory(upload_directory));
  std::size_t removed = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (!is_temporary_name(entry->d_name)) continue;
    const bool went =
        TRY(remove_if_stale(std::string(upload_directory) + "/" + entry->d_name, before));
    if (went) ++removed;
  }
  return removed;
}

LocalStorage::LocalStorage(std::unique_ptr<State> state) : state_(std::move(state)) {}
LocalStorage::~LocalStorage() = default;

base::Result<std::unique_ptr<LocalStorage>> LocalStorage::create(const std::string& path) {
  const std::string absolute = TRY(absolute_path(path));
  TRY(make_tree(absolute));
  auto root = TRY(LocalRoot::open(absolute));
  const Content content = TRY(content_of(*root, "."));
  if (content == Content::other) {
    return Error(ErrorCode::already_exists, absolute + " is not empty")
        .with_hint("choose a new or an empty directory for the repository");
  }
  TRY(root->make_parents(std::string(upload_directory) + "/x"));
  return std::unique_ptr<LocalStorage>(new LocalStorage(std::make_unique<State>(std::move(root))));
}

base::Result<std::unique_ptr<LocalStorage>> LocalStorage::open(const std::string& path) {
  const std::string absolute = TRY(absolute_path(path));
  auto root = TRY(LocalRoot::open(absolute));
  const Content content = TRY(content_of(*root, "."));
  if (content == Content::nothing) {
    return Error(ErrorCode::not_found, absolute + " is empty, there is no repository in it")
        .with_hint("is the disk mounted? `holdfast init` makes a new repository");
  }
  return std::unique_ptr<LocalStorage>(new LocalStorage(std::make_unique<State>(std::move(root))));
}

std::string LocalStorage::describe() const { return state_->root->path(); }

Capabilities LocalStorage::capabilities() const {
  // Between an object's stamp and its name a slow disk may lie.
  return {.versions = false, .retention = false, .consistent = true, .skew = base::minutes(1)};
}

base::Result<std::unique_ptr<Upload>> LocalStorage::begin_put() {
  auto upload = TRY(LocalUpload::begin(*state_->root));
  const base::Time now = TRY(upload->modified_at());
  std::int64_t cleaned_at = state_->cleaned_at.load();
  if (now.nanoseconds - cleaned_at >= clean_interval.nanoseconds &&
      state_->cleaned_at.compare_exchange_strong(cleaned_at, now.nanoseconds)) {
    // Only tidiness: whatever hinders it will be met, and reported, by the upload itself.
    (void)state_->remove_stale(now - base::days(1)).ok();
  }
  return std::unique_ptr<Upload>(std::move(upload));
}

base::Result<void> LocalStorage::read(std::string_view name, Range range,
                                      base::MutableByteView out) {
  CHECK(range.size == out.size(), "a range and a buffer of different sizes");
  const auto file = TRY(state_->open(name));
  return state_->read(file, name, range.offset, out);
}

base::Result<base::Bytes> LocalStorage::get(std::string_view name, std::uint64_t size_max,
                                            std::string_view version) {
  if (!version.empty()) return absent(name, describe() + ", version " + std::string(version));
  const auto file = TRY(state_->open(name));
  const std::uint64_t size = TRY(state_->size_of(file, name));
  if (size > size_max) return too_large(name, size, size_max, describe());
  base::Bytes content(size);
  TRY(state_->read(file, name, 0, content));
  return content;
}

base::Result<ObjectInfo> LocalStorage::stat(std::string_view name) {
  if (!is_valid_name(name)) return invalid_name(name, describe());
  if (is_reserved(name)) return absent(name, describe());
  struct stat about{};
  if (::fstatat(state_->root->fd(), std::string(name).c_str(), &about, 0) != 0) {
    return state_->root->failure(errno, "stat", name);
  }
  if (!S_ISREG(about.st_mode)) return absent(name, describe());
  ObjectInfo info;
  info.name = name;
  info.size = static_cast<std::uint64_t>(about.st_size);
  info.stored_at = time_of(about.st_mtim);
  return info;
}

base::Result<ListPage> LocalStorage::list(const ListOptions& options) {
  return list_page(*state_->root, options);
}

base::Result<ListPage> LocalStorage::list_versions(const ListOptions& options) {
  return list(options);
}

base::Result<std::vector<RemoveOutcome>> LocalStorage::remove(std::span<const std::string> names) {
  TRY(check_batch(names.size(), describe()));
  TRY(state_->root->verify());
  std::vector<RemoveOutcome> outcomes;
  outcomes.reserve(names.size());
  std::set<std::string> directories;
  for (const std::string& name : names) {
    outcomes.push_back({name, state_->remove(name)});
    if (!outcomes.back().error) directories.insert(directory_of(name));
  }
  for (const std::string& directory : directories) {
    auto synced = state_->root->sync(directory);
    // A directory that never was has nothing to sync.
    if (!synced.ok() && synced.error().code() != ErrorCode::not_found) {
      return std::move(synced).error();
    }
  }
  return outcomes;
}

base::Result<void> LocalStorage::retain(std::string_view, base::Time) {
  return no_retention(describe());
}

base::Result<std::optional<std::uint64_t>> LocalStorage::free_bytes() {
  TRY(state_->root->verify());
  struct statvfs about{};
  if (::fstatvfs(state_->root->fd(), &about) != 0) {
    return state_->root->failure(errno, "ask for the free space of", "");
  }
  return std::optional<std::uint64_t>(static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize);
}

base::Result<std::size_t> LocalStorage::remove_stale_uploads(base::Duration older_than) {
  // A fresh upload tells the file system's idea of now.
  const auto probe = TRY(LocalUpload::begin(*state_->root));
  const base::Time now = TRY(probe->modified_at());
  return state_->remove_stale(now - older_than);
}

}  // namespace holdfast::storage
