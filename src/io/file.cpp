// Complete reads and writes. Interrupted calls are repeated; an error names the file, which the
// kernel knows by its descriptor.
#include "io/file.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace holdfast::io {

using base::Error;
using base::Result;

namespace {

std::string name_of(int fd) {
  std::array<char, 4096> target;
  const auto link = "/proc/self/fd/" + std::to_string(fd);
  const auto size = ::readlink(link.c_str(), target.data(), target.size());
  if (size <= 0) return "descriptor " + std::to_string(fd);
  return base::printable({target.data(), static_cast<std::size_t>(size)});
}

Error failure(int errno_value, const char* what, int fd) {
  return Error::from_errno(errno_value, std::string(what) + " " + name_of(fd));
}

// The most that one call moves (the kernel's own limit is 2 GiB less a page).
constexpr std::size_t call_size_max = std::size_t{1} << 30;

template <typename Call>
Result<std::size_t> read_fully(int fd, base::MutableByteView out, Call call) {
  std::size_t total = 0;
  while (total < out.size()) {
    const auto got = call(out.data() + total, std::min(out.size() - total, call_size_max), total);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(errno, "cannot read", fd);
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

template <typename Call>
Result<void> write_fully(int fd, base::ByteView data, Call call) {
  std::size_t total = 0;
  while (total < data.size()) {
    const auto put = call(data.data() + total, std::min(data.size() - total, call_size_max), total);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failure(errno, "cannot write", fd);
    total += static_cast<std::size_t>(put);
  }
  return {};
}

// Linux 6.14: what is written is on its way to the disk at once and leaves the page cache when it
// is there. A large file then takes the same pages again and again instead of all of the machine's:
// several times less processor time where memory is fresh, and nothing to wait for at a sync.
constexpr int written_without_cache = 0x80;  // RWF_DONTCACHE
// Below this the cache is quicker: it gathers small files into few large requests.
constexpr std::size_t passing_size_min = 128 * 1024;

ssize_t write_passing(int fd, const base::Byte* from, std::size_t size, off_t offset) {
  if (size >= passing_size_min) {
    // The structure serves reading as well, so it knows no const.
    iovec piece{nullptr, size};
    std::memcpy(&piece.iov_base, &from, sizeof from);
    const ssize_t put = ::pwritev2(fd, &piece, 1, offset, written_without_cache);
    if (put >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)) return put;
  }
  return ::pwrite(fd, from, size, offset);
}

}  // namespace

void Fd::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);  // Linux closes it even if the call is interrupted
  fd_ = -1;
}

Result<Fd> open_file(const std::string& path, int flags, unsigned mode) {
  return open_file_at(AT_FDCWD, path, flags, mode);
}

Result<Fd> open_file_at(int directory, const std::string& name, int flags, unsigned mode) {
  while (true) {
    const int fd = ::openat(directory, name.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0) return Fd(fd);
    if (errno != EINTR) return Error::from_errno(errno, "cannot open " + base::printable(name));
  }
}

Result<std::size_t> read_some(int fd, base::MutableByteView out) {
  return read_fully(fd, out, [fd](base::Byte* to, std::size_t size, std::size_t) {
    return ::read(fd, to, size);
  });
}

Result<std::size_t> read_at(int fd, base::MutableByteView out, std::uint64_t offset) {
  return read_fully(fd, out, [fd, offset](base::Byte* to, std::size_t size, std::size_t done) {
    return ::pread(fd, to, size, static_cast<off_t>(offset + done));
  });
}

Result<void> write_all(int fd, base::ByteView data) {
  return write_fully(fd, data, [fd](const base::Byte* from, std::size_t size, std::size_t) {
    return ::write(fd, from, size);
  });
}

Result<void> write_at(int fd, base::ByteView data, std::uint64_t offset) {
  return write_fully(fd, data,
                     [fd, offset](const base::Byte* from, std::size_t size, std::size_t done) {
                       return write_passing(fd, from, size, static_cast<off_t>(offset + done));
                     });
}

Result<void> sync_file(int fd) {
  while (::fdatasync(fd) != 0) {
    if (errno != EINTR) return failure(errno, "cannot sync", fd);
  }
  return {};
}

Result<void> sync_directory(const std::string& path) {
  const Fd directory = TRY(open_file(path, O_RDONLY | O_DIRECTORY));
  while (::fsync(directory.get()) != 0) {
    // Some network file systems refuse to sync a directory: it is as durable as they make it.
    if (errno == EINVAL || errno == ENOTSUP) return {};
    if (errno != EINTR) {
      return Error::from_errno(errno, "cannot sync directory " + base::printable(path));
    }
  }
  return {};
}

Result<base::Bytes> read_file(const std::string& path, std::uint64_t size_max) {
  const Fd file = TRY(open_file(path, O_RDONLY));
  // Not by the size that stat gives: pipes and files of /proc have none.
  base::Bytes bytes;
  std::size_t piece = 4096;
  while (true) {
    const auto at = bytes.size();
    const auto room =
        std::min<std::uint64_t>(piece, size_max - at + (size_max < UINT64_MAX ? 1 : 0));
    bytes.resize(at + room);
    const auto got = TRY(read_some(file.get(), base::MutableByteView(bytes).subspan(at)));
    bytes.resize(at + got);
    if (bytes.size() > size_max) {
      return Error(base::ErrorCode::invalid_argument, base::printable(path) +
                                                          " is larger than its limit of " +
                                                          std::to_string(size_max) + " bytes");
    }
    if (got < room) return bytes;
    piece = std::min<std::size_t>(piece * 4, std::size_t{16} << 20);
  }
}

}  // namespace holdfast::io
