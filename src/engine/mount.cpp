// The FUSE side of a mount: libfuse3's calls by path, answered from SnapshotFolders.
#include "engine/mount.hpp"

#define FUSE_USE_VERSION 314
#include <fuse3/fuse.h>
#include <fuse3/fuse_lowlevel.h>

#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "base/log.hpp"
#include "engine/content_stream.hpp"
#include "io/file.hpp"
#include "snapshot_folders.hpp"

namespace holdfast::engine {

namespace {

using repository::EntryKind;
using Place = SnapshotFolders::Place;

constexpr double kept_by_kernel_seconds = 60;
constexpr unsigned serving_tasks = 4;
constexpr int poll_milliseconds = 200;
constexpr mode_t folder_mode = 0555;
constexpr unsigned read_size_max = 1U << 20;

class Mount {
 public:
  Mount(std::unique_ptr<SnapshotFolders> folders, io::Executor& executor)
      : folders_(std::move(folders)), executor_(executor) {}

  SnapshotFolders& folders() { return *folders_; }
  std::unique_ptr<ContentStream> stream(const PlacedEntry& entry) {
    return std::make_unique<ContentStream>(folders_->reader(), executor_, entry.content,
                                           entry.size);
  }

 private:
  const std::unique_ptr<SnapshotFolders> folders_;
  io::Executor& executor_;
};

Mount& mounted() { return *static_cast<Mount*>(fuse_get_context()->private_data); }

int error_number(const base::Error& error) {
  switch (error.code()) {
    case base::ErrorCode::not_found:
    case base::ErrorCode::invalid_argument: return -ENOENT;
    case base::ErrorCode::cancelled: return -EINTR;
    default: break;
  }
  base::log(base::LogLevel::warning, "mount: " + error.to_string());
  return -EIO;
}

mode_t type_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::directory: return S_IFDIR;
    case EntryKind::symlink: return S_IFLNK;
    case EntryKind::character_device: return S_IFCHR;
    case EntryKind::block_device: return S_IFBLK;
    case EntryKind::fifo: return S_IFIFO;
    case EntryKind::socket: return S_IFSOCK;
    case EntryKind::file:
    case EntryKind::hard_link:
    case EntryKind::object: return S_IFREG;
  }
  return S_IFREG;
}

timespec time_of(std::int64_t nanoseconds) {
  auto seconds = nanoseconds / base::nanoseconds_per_second;
  auto rest = nanoseconds % base::nanoseconds_per_second;
  if (rest < 0) {
    rest += base::nanoseconds_per_second;
    --seconds;
  }
  return {.tv_sec = seconds, .tv_nsec = rest};
}

// An entry with the number 0 isn't shown by the kernel.
std::uint64_t inode_number(std::string_view name, std::uint64_t salt) {
  const auto number = std::hash<std::string_view>()(name) ^ salt;
  return number == 0 ? 1 : number;
}

void describe_folder(std::string_view path, struct stat& status) {
  status = {};
  status.st_ino = inode_number(path, 0);
  status.st_mode = S_IFDIR | folder_mode;
  status.st_nlink = 2;
}

void describe(const Place& place, const PlacedEntry& entry, struct stat& status) {
  status = {};
  const auto& attributes = entry.attributes;
  status.st_mode = type_of(entry.kind) | attributes.mode;
  status.st_nlink = entry.kind == EntryKind::directory ? 2 : 1;
  status.st_uid = attributes.uid;
  status.st_gid = attributes.gid;
  status.st_size = static_cast<off_t>(
      entry.kind == EntryKind::symlink ? attributes.symlink_target.size() : entry.size);
  status.st_blocks = (status.st_size + 511) / 512;
  status.st_blksize = 1 << 20;
  if (attributes.device)
    status.st_rdev = ::gnu_dev_makedev(attributes.device->major, attributes.device->minor);
  const bool has_time = attributes.mtime != 0;
  status.st_mtim = time_of(has_time ? attributes.mtime : place.time.nanoseconds);
  status.st_ctim = status.st_mtim;
  status.st_atim = status.st_mtim;
  // The same for all names of one file.
  status.st_ino = inode_number(base::as_text(entry.key), place.salt);
}

base::Result<PlacedEntry> entry_at(const Place& place) { return place.tree->find(place.path); }

int get_attributes(const char* path, struct stat* status, fuse_file_info*) {
  const auto place = mounted().folders().find(path);
  if (!place.ok()) return error_number(place.error());
  if (place.value().tree == nullptr) {
    describe_folder(path, *status);
    return 0;
  }
  const auto entry = entry_at(place.value());
  if (!entry.ok()) return error_number(entry.error());
  describe(place.value(), entry.value(), *status);
  return 0;
}

int read_link(const char* path, char* out, std::size_t size) {
  const auto place = mounted().folders().find(path);
  if (!place.ok()) return error_number(place.error());
  if (place.value().tree == nullptr) return -EINVAL;
  const auto entry = entry_at(place.value());
  if (!entry.ok()) return error_number(entry.error());
  const auto& target = entry.value().attributes.symlink_target;
  const auto length = std::min(target.size(), size - 1);
  std::memcpy(out, target.data(), length);
  out[length] = 0;
  return 0;
}

int read_directory(const char* path, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*,
                   fuse_readdir_flags) {
  const auto place = mounted().folders().find(path);
  if (!place.ok()) return error_number(place.error());
  const auto add = [&](const char* name, const struct stat* status) {
    return fill(buffer, name, status, 0,
                status == nullptr ? fuse_fill_dir_flags() : FUSE_FILL_DIR_PLUS);
  };
  add(".", nullptr);
  add("..", nullptr);
  if (place.value().tree == nullptr) {
    const auto names = mounted().folders().list(path);
    if (!names.ok()) return error_number(names.error());
    for (const auto& name : names.value()) {
      struct stat status;
      describe_folder(std::string(path) + "/" + name, status);
      add(name.c_str(), &status);
    }
    return 0;
  }
  const auto listed = place.value().tree->list(
      place.value().path,
      [&](const std::string& name, const PlacedEntry& entry) -> base::Result<void> {
        struct stat status;
        describe(place.value(), entry, status);
        if (add(name.c_str(), &status) != 0)
          return base::Error(base::ErrorCode::io, "the kernel takes no more entries");
        return {};
      });
  return listed.ok() ? 0 : error_number(listed.error());
}

int open_content(const char* path, fuse_file_info* file) {
  if ((file->flags & O_ACCMODE) != O_RDONLY) return -EROFS;
  const auto place = mounted().folders().find(path);
  if (!place.ok()) return error_number(place.error());
  if (place.value().tree == nullptr) return -EISDIR;
  const auto entry = entry_at(place.value());
  if (!entry.ok()) return error_number(entry.error());
  file->fh = reinterpret_cast<std::uint64_t>(mounted().stream(entry.value()).release());
  file->keep_cache = 1;
  return 0;
}

int read_content(const char*, char* out, std::size_t size, off_t offset, fuse_file_info* file) {
  auto& stream = *reinterpret_cast<ContentStream*>(file->fh);
  const auto done = stream.read(static_cast<std::uint64_t>(offset),
                                base::MutableByteView(reinterpret_cast<base::Byte*>(out), size));
  return done.ok() ? static_cast<int>(done.value()) : error_number(done.error());
}

int close_content(const char*, fuse_file_info* file) {
  delete reinterpret_cast<ContentStream*>(file->fh);
  return 0;
}

// Fills `out` if it is large enough; the size either way, as the calls for attributes want it.
int give(base::ByteView value, char* out, std::size_t size) {
  if (size == 0) return static_cast<int>(value.size());
  if (value.size() > size) return -ERANGE;
  std::memcpy(out, value.data(), value.size());
  return static_cast<int>(value.size());
}

base::Result<PlacedEntry> entry_of(const char* path) {
  const auto place = TRY(mounted().folders().find(path));
  if (place.tree == nullptr) return PlacedEntry{};
  return entry_at(place);
}

int get_extended(const char* path, const char* name, char* out, std::size_t size) {
  const auto entry = entry_of(path);
  if (!entry.ok()) return error_number(entry.error());
  for (const auto& each : entry.value().attributes.extended) {
    if (each.name == name) return give(each.value, out, size);
  }
  return -ENODATA;
}

int list_extended(const char* path, char* out, std::size_t size) {
  const auto entry = entry_of(path);
  if (!entry.ok()) return error_number(entry.error());
  std::string names;
  for (const auto& each : entry.value().attributes.extended)
    names.append(each.name).push_back('\0');
  return give(base::as_bytes(names), out, size);
}

void* start(fuse_conn_info* connection, fuse_config* config) {
  config->use_ino = 1;
  config->kernel_cache = 1;
  config->nullpath_ok = 0;
  config->entry_timeout = kept_by_kernel_seconds;
  config->attr_timeout = kept_by_kernel_seconds;
  connection->max_readahead = read_size_max;
  return fuse_get_context()->private_data;
}

fuse_operations operations() {
  fuse_operations calls{};
  calls.getattr = get_attributes;
  calls.readlink = read_link;
  calls.readdir = read_directory;
  calls.open = open_content;
  calls.read = read_content;
  calls.release = close_content;
  calls.getxattr = get_extended;
  calls.listxattr = list_extended;
  calls.init = start;
  return calls;
}

// Owns libfuse's handle; unmounts when it goes.
class Connection {
 public:
  static base::Result<std::unique_ptr<Connection>> open(Mount& mount, const MountOptions& options) {
    std::vector<std::string> words{"holdfast", "-o", "ro,default_permissions,fsname=holdfast"};
    if (options.access == MountOptions::Access::everybody) words.back() += ",allow_other";
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    fuse_args arguments = FUSE_ARGS_INIT(static_cast<int>(pointers.size()), pointers.data());
    const auto calls = operations();
    fuse* handle = fuse_new(&arguments, &calls, sizeof calls, &mount);
    fuse_opt_free_args(&arguments);
    if (handle == nullptr) return base::Error(base::ErrorCode::io, "cannot start the file system");
    if (fuse_mount(handle, options.directory.c_str()) != 0) {
      fuse_destroy(handle);
      return base::Error(base::ErrorCode::io,
                         "cannot mount at " + base::printable(options.directory))
          .with_hint(
              "the directory must exist and be yours, and /dev/fuse be there (package fuse3)");
    }
    return std::unique_ptr<Connection>(new Connection(handle));
  }
  ~Connection() {
    fuse_unmount(handle_);
    fuse_destroy(handle_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Answers requests until the file system is gone or somebody said to stop. Run by several tasks.
  void serve(const std::stop_token& stop) {
    auto* session = fuse_get_session(handle_);
    fuse_buf buffer{};
    pollfd waiting{.fd = fuse_session_fd(session), .events = POLLIN, .revents = 0};
    while (!stop.stop_requested() && !fuse_session_exited(session)) {
      if (::poll(&waiting, 1, poll_milliseconds) <= 0) continue;
      const int got = fuse_session_receive_buf(session, &buffer);
      if (got == -EINTR || got == -EAGAIN) continue;
      if (got <= 0) break;
      fuse_session_process_buf(session, &buffer);
    }
    fuse_session_exit(session);
    std::free(buffer.mem);
  }

 private:
  explicit Connection(fuse* handle) : handle_(handle) {
    // Several tasks wait for the same request; only one gets it, and the others must not block.
    const int fd = fuse_session_fd(fuse_get_session(handle));
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  }
  fuse* handle_;
};

}  // namespace

base::Result<void> mount(repository::Repository& repository, const MountOptions& options,
                         const std::function<void()>& ready, std::stop_token stop) {
  auto& executor = repository.environment().executor;
  Mount mount(TRY(SnapshotFolders::open(repository)), executor);
  const auto connection = TRY(Connection::open(mount, options));
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (unsigned i = 1; i < serving_tasks; ++i)
    tasks.push_back(executor.spawn("mount", [&] { connection->serve(stop); }));
  if (ready) ready();
  connection->serve(stop);
  for (auto& task : tasks) task->join();
  return {};
}

}  // namespace holdfast::engine
