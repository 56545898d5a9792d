// LocalFileSystem: a new file is written under a passing name and takes its real one at commit, so
// that a reader sees the old contents or the new, never half.
#include "io/file_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <limits>

#include "base/random.hpp"
#include "io/file.hpp"

namespace holdfast::io {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::string_view passing_prefix = ".tmp-";
constexpr std::size_t buffer_size = 256 * 1024;

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

Error failed(const char* what, const std::string& path) {
  return Error::from_errno(errno, std::string(what) + " " + base::printable(path));
}

// Makes `directory` and what is missing above it. A new one is synced into its parent at once: it
// happens rarely, and later nobody knows any more that it was new.
Result<void> make_directories(const std::string& directory) {
  struct stat found;
  if (::stat(directory.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return {};
    return Error(ErrorCode::invalid_argument, base::printable(directory) + " is not a directory");
  }
  if (errno != ENOENT) return failed("cannot look at", directory);
  const auto parent = parent_of(directory);
  TRY(make_directories(parent));
  if (::mkdir(directory.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};  // another process was quicker
    return failed("cannot create directory", directory);
  }
  return sync_directory(parent);
}

Result<void> check_absolute(const std::string& path) {
  if (!path.empty() && path.front() == '/') return {};
  return Error(ErrorCode::invalid_argument,
               "'" + base::printable(path) + "' is not an absolute path");
}

std::string passing_name(const std::string& directory) {
  base::SystemRandom random;
  return directory + "/" + std::string(passing_prefix) + base::to_hex(random.array<8>());
}

// A file with a passing name, which goes away with the object unless it was renamed.
class PassingFile {
 public:
  static Result<PassingFile> create(const std::string& path) {
    TRY(check_absolute(path));
    const auto directory = parent_of(path);
    TRY(make_directories(directory));
    auto name = passing_name(directory);
    auto file = TRY(open_file(name, O_RDWR | O_CREAT | O_EXCL, 0600));
    return PassingFile(std::move(name), std::move(file));
  }
  PassingFile(PassingFile&& other) noexcept
      : name_(std::exchange(other.name_, {})), file_(std::move(other.file_)) {}
  PassingFile& operator=(PassingFile&&) = delete;
  ~PassingFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }
  [[nodiscard]] int fd() const noexcept { return file_.get(); }
  Result<void> rename_to(const std::string& path) {
    if (::rename(name_.c_str(), path.c_str()) != 0) return failed("cannot put in place", path);
    name_.clear();
    return {};
  }

 private:
  PassingFile(std::string name, Fd file) : name_(std::move(name)), file_(std::move(file)) {}
  std::string name_;
  Fd file_;
};

class LocalFileWriter final : public FileWriter {
 public:
  LocalFileWriter(std::string path, PassingFile file)
      : path_(std::move(path)), file_(std::move(file)) {}

  Result<void> append(base::ByteView data) override {
    CHECK(!committed_, "append after commit");
    size_ += data.size();
    if (buffer_.size() + data.size() > buffer_size) TRY(flush());
    if (data.size() >= buffer_size) return write_all(file_.fd(), data);
    buffer_.insert(buffer_.end(), data.begin(), data.end());
    return {};
  }

  [[nodiscard]] std::uint64_t size() const override { return size_; }

  Result<void> commit(Durable durable) override {
    CHECK(!committed_, "a second commit");
    TRY(flush());
    if (durable == Durable::yes) TRY(sync_file(file_.fd()));
    TRY(file_.rename_to(path_));
    committed_ = true;
    if (durable == Durable::yes) TRY(sync_directory(parent_of(path_)));
    return {};
  }

 private:
  Result<void> flush() {
    TRY(write_all(file_.fd(), buffer_));
    buffer_.clear();
    return {};
  }

  std::string path_;
  PassingFile file_;
  base::Bytes buffer_;
  std::uint64_t size_ = 0;
  bool committed_ = false;
};

// A mapping; the file may be closed, replaced or removed meanwhile. An empty file has none.
class Mapping {
 public:
  static Result<Mapping> of(int fd, std::uint64_t size, int protection, const std::string& path) {
    if (size == 0) return Mapping(nullptr, 0);
    if (size > std::numeric_limits<std::size_t>::max() / 2) {
      return Error(ErrorCode::invalid_argument, base::printable(path) + " is too large to map");
    }
    void* at = ::mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return failed("cannot map", path);
    return Mapping(static_cast<base::Byte*>(at), size);
  }
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&&) = delete;
  ~Mapping() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }
  [[nodiscard]] base::MutableByteView bytes() const noexcept { return {data_, size_}; }

 private:
  Mapping(base::Byte* data, std::size_t size) : data_(data), size_(size) {}
  base::Byte* data_;
  std::size_t size_;
};

class LocalMappedFile final : public MappedFile {
 public:
  explicit LocalMappedFile(Mapping mapping) : mapping_(std::move(mapping)) {}
  [[nodiscard]] base::ByteView bytes() const override { return mapping_.bytes(); }

 private:
  Mapping mapping_;
};

class LocalMappedTable final : public MappedTable {
 public:
  explicit LocalMappedTable(Mapping mapping) : mapping_(std::move(mapping)) {}
  [[nodiscard]] base::MutableByteView bytes() override { return mapping_.bytes(); }

 private:
  Mapping mapping_;
};

// Takes the disk space now: a hole that can't be filled later would end the program with SIGBUS.
Result<void> allocate(int fd, std::uint64_t size, const std::string& path) {
  if (size == 0) return {};
  if (::ftruncate(fd, static_cast<off_t>(size)) != 0) return failed("cannot size", path);
  int problem = EINTR;
  while (problem == EINTR) problem = ::posix_fallocate(fd, 0, static_cast<off_t>(size));
  if (problem == 0) return {};
  return Error::from_errno(problem, "cannot take disk space for " + base::printable(path));
}

// The table as it is, if it has the right size.
Result<std::unique_ptr<MappedTable>> map_existing_table(const std::string& path,
                                                        std::uint64_t size) {
  const Fd file = TRY(open_file(path, O_RDWR | O_NOFOLLOW));
  struct stat found;
  if (::fstat(file.get(), &found) != 0) return failed("cannot look at", path);
  if (!S_ISREG(found.st_mode) || static_cast<std::uint64_t>(found.st_size) != size) {
    return Error(ErrorCode::not_found, "no table of that size");
  }
  TRY(allocate(file.get(), size, path));
  return std::make_unique<LocalMappedTable>(
      TRY(Mapping::of(file.get(), size, PROT_READ | PROT_WRITE, path)));
}

}  // namespace

Result<base::Bytes> LocalFileSystem::read(const std::string& path) {
  TRY(check_absolute(path));
  return read_file(path, std::numeric_limits<std::int64_t>::max());
}

Result<std::unique_ptr<FileWriter>> LocalFileSystem::create(const std::string& path) {
  return std::make_unique<LocalFileWriter>(path, TRY(PassingFile::create(path)));
}

Result<std::unique_ptr<MappedFile>> LocalFileSystem::map(const std::string& path) {
  TRY(check_absolute(path));
  const Fd file = TRY(open_file(path, O_RDONLY));
  struct stat found;
  if (::fstat(file.get(), &found) != 0) return failed("cannot look at", path);
  if (!S_ISREG(found.st_mode)) {
    return Error(ErrorCode::invalid_argument, base::printable(path) + " is not a regular file");
  }
  return std::make_unique<LocalMappedFile>(
      TRY(Mapping::of(file.get(), static_cast<std::uint64_t>(found.st_size), PROT_READ, path)));
}

Result<std::unique_ptr<MappedTable>> LocalFileSystem::map_table(const std::string& path,
                                                                std::uint64_t size) {
  TRY(check_absolute(path));
  if (size > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) {
    return Error(ErrorCode::invalid_argument, "a table of " + std::to_string(size) + " bytes");
  }
  auto existing = map_existing_table(path, size);
  if (existing.ok() || existing.error().code() != ErrorCode::not_found) return existing;
  // A new file in its place, not the old one cut: another process may have that one mapped.
  auto file = TRY(PassingFile::create(path));
  TRY(allocate(file.fd(), size, path));
  auto mapping = TRY(Mapping::of(file.fd(), size, PROT_READ | PROT_WRITE, path));
  TRY(file.rename_to(path));
  return std::make_unique<LocalMappedTable>(std::move(mapping));
}

Result<std::vector<std::string>> LocalFileSystem::list(const std::string& directory) {
  TRY(check_absolute(directory));
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (!stream) {
    if (errno == ENOENT) return names;
    return failed("cannot list", directory);
  }
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    struct stat found;
    if (::fstatat(::dirfd(stream.get()), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;  // removed meanwhile
    }
    const std::string_view name = entry->d_name;
    if (S_ISREG(found.st_mode) && !name.starts_with(passing_prefix)) names.emplace_back(name);
  }
  if (errno != 0) return failed("cannot list", directory);
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> LocalFileSystem::remove(const std::string& path) {
  TRY(check_absolute(path));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
    return failed("cannot remove", path);
  }
  return {};
}

}  // namespace holdfast::io
