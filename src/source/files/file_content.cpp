// Reading with SEEK_DATA and SEEK_HOLE where a file occupies less than its size.
#include "file_content.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace holdfast::source {

using base::Result;

namespace {

constexpr std::uint64_t read_ahead_from_size = std::uint64_t{1} << 20;
using Tell = std::function<Result<void>(std::uint64_t)>;

// Reads [copy.size, end) as data. Stops early at the file's end or at an error.
Result<void> copy_data(int fd, std::uint64_t end, repository::EntrySink& sink, const Tell& tell,
                       ContentCopy& copy) {
  while (copy.size < end) {
    const auto buffer = TRY(sink.buffer());
    const auto room = std::min<std::uint64_t>(buffer.size(), end - copy.size);
    const auto got = ::pread(fd, buffer.data(), room, static_cast<off_t>(copy.size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      copy.error = errno;
      return {};
    }
    if (got == 0) return {};
    TRY(sink.filled(static_cast<std::size_t>(got)));
    copy.size += static_cast<std::uint64_t>(got);
    copy.bytes_read += static_cast<std::uint64_t>(got);
    TRY(tell(static_cast<std::uint64_t>(got)));
  }
  return {};
}

// The offset of the next data or hole at or after `from`; `end` if there is none.
std::uint64_t seek_next(int fd, std::uint64_t from, std::uint64_t end, int whence) {
  const auto at = ::lseek(fd, static_cast<off_t>(from), whence);
  // ENXIO: only a hole follows. Anything else: no support, so all of it is data.
  if (at < 0) return errno == ENXIO || whence == SEEK_HOLE ? end : from;
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(at), from, end);
}

}  // namespace

Result<ContentCopy> copy_content(int fd, const FileStatus& status, repository::EntrySink& sink,
                                 const Tell& tell) {
  ContentCopy copy;
  const auto end = status.size;
  if (end >= read_ahead_from_size) ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  if (status.allocated >= end) {
    TRY(copy_data(fd, end, sink, tell, copy));
    return copy;
  }
  while (copy.size < end) {
    const auto data = seek_next(fd, copy.size, end, SEEK_DATA);
    const auto hole = data < end ? seek_next(fd, data, end, SEEK_HOLE) : end;
    FileStatus now;
    // A file that was cut meanwhile looks like a hole up to where its end was.
    if (data == end && (read_status(fd, now) != 0 || now.size < end)) break;
    if (data > copy.size) TRY(sink.hole(data - copy.size));
    copy.size = data;
    if (data == end) break;
    // Not even one byte of data: a hole that was filled or cut while we looked. Read it plainly.
    TRY(copy_data(fd, std::max(hole, std::min(data + 1, end)), sink, tell, copy));
    if (copy.error != 0 || copy.size < hole) break;
  }
  return copy;
}

}  // namespace holdfast::source
