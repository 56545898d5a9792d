// Walks long paths in pieces, and confined ones with openat2, or component by component where the
// kernel lacks it.
#include "long_path.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>

namespace holdfast::source {

namespace {

constexpr std::size_t piece_size_max = 4000;  // below PATH_MAX

// Cuts the next piece off `path`: as many whole components as fit into `size_max`, at least one.
std::string cut_piece(std::string_view& path, std::size_t size_max) {
  std::size_t end = path.size();
  if (end > size_max) {
    end = path.rfind('/', size_max);
    if (end == std::string_view::npos || end == 0) end = path.find('/', 1);
    if (end == std::string_view::npos) end = path.size();
  }
  std::string piece(path.substr(0, end));
  path.remove_prefix(end);
  while (path.starts_with('/')) path.remove_prefix(1);
  return piece;
}

template <typename Open>
int open_in_pieces(int directory, std::string_view path, std::size_t size_max, int flags,
                   io::Fd& out, Open open) {
  io::Fd at;
  while (true) {
    const auto piece = cut_piece(path, size_max);
    const int from = at.valid() ? at.get() : directory;
    const int fd =
        open(from, piece.c_str(), path.empty() ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno;
    at = io::Fd(fd);
    if (path.empty()) break;
  }
  out = std::move(at);
  return 0;
}

int call_openat2(int directory, const char* path, int flags) {
  struct open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  while (true) {
    const auto fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
    // EAGAIN: a rename somewhere raced with the resolution.
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return static_cast<int>(fd);
  }
}

}  // namespace

int open_long_path(int directory, std::string_view path, int flags, io::Fd& out) {
  return open_in_pieces(
      directory, path, piece_size_max, flags | O_CLOEXEC, out,
      [](int at, const char* piece, int piece_flags) { return ::openat(at, piece, piece_flags); });
}

int open_beneath(int directory, std::string_view path, int flags, io::Fd& out) {
  static std::atomic<bool> has_openat2 = true;
  flags |= O_CLOEXEC | O_NOFOLLOW;
  if (path.empty()) path = ".";
  if (has_openat2.load(std::memory_order_relaxed)) {
    const int error = open_in_pieces(directory, path, piece_size_max, flags, out, call_openat2);
    // EPERM: a container's filter that doesn't know the call.
    if (error != ENOSYS && error != EPERM) return error;
    if (error == ENOSYS) has_openat2 = false;
  }
  return open_in_pieces(directory, path, 1, flags, out,
                        [](int at, const char* piece, int piece_flags) {
                          return ::openat(at, piece, piece_flags | O_NOFOLLOW);
                        });
}

}  // namespace holdfast::source
