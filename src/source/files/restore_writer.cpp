// Writing of contents and finishing of files, links and directories.
#include "restore_writer.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.hpp"
#include "inode_attributes.hpp"
#include "long_path.hpp"

namespace holdfast::source {

using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::size_t compare_size = std::size_t{128} << 10;
constexpr std::size_t forbidding_max = 65'536;

Error failure(int error, const char* what) { return Error::from_errno(error, what); }

std::string text_of(const Error& error) { return error.to_string(); }

// An outage says nothing about what the repository holds.
RestoreTally::Cause cause_of_loss(const Error& error) {
  return error.code() == ErrorCode::unavailable ? RestoreTally::Cause::target
                                                : RestoreTally::Cause::repository;
}

}  // namespace

bool concerns_everything(const Error& error) {
  return error.code() == ErrorCode::no_space || error.code() == ErrorCode::cancelled;
}

// The directory of the files that come one after the other, opened once for all of them.
class RestoreWriter::DirectoryRun {
 public:
  explicit DirectoryRun(const io::Fd& target) : target_(target) {}
  Result<int> open(const RestoreWindow& window, std::uint32_t index) {
    if (index == index_) return fd_.get();
    const auto& path = window.directories[index].path;
    index_ = UINT32_MAX;
    if (const int error = open_beneath(target_.get(), path, O_PATH | O_DIRECTORY, fd_);
        error != 0) {
      return failure(error, "cannot open its directory");
    }
    index_ = index;
    return fd_.get();
  }

 private:
  const io::Fd& target_;
  std::uint32_t index_ = UINT32_MAX;
  io::Fd fd_;
};

Result<void> RestoreWriter::settle(const std::string& shown, const Result<void>& result) {
  if (result.ok()) return {};
  if (concerns_everything(result.error()))
    return Error(result.error()).with_context("/" + base::printable(shown));
  tally_.fail(shown, text_of(result.error()), RestoreTally::Cause::target);
  return {};
}

Result<void> RestoreWriter::receive(const RestoreWindow& window, const repository::ChunkId& id,
                                    const Result<ByteView>& plaintext) {
  const auto known = window.chunk_index.find(id);
  CHECK(known != window.chunk_index.end(), "a chunk that was not asked for");
  DirectoryRun directories(target_);
  for (auto at = window.first_use[known->second]; at < window.first_use[known->second + 1]; ++at) {
    const auto& use = window.uses[at];
    const bool fits = plaintext.ok() && use.chunk_offset <= plaintext.value().size() &&
                      use.length <= plaintext.value().size() - use.chunk_offset;
    const auto lost = [&]() -> Error {
      if (!plaintext.ok()) return plaintext.error();
      return {ErrorCode::damaged, "its content runs over the end of a chunk"};
    };
    if (use.large) {
      auto& file = *window.large_files[use.file];
      if (fits)
        TRY(write_piece(file, use, plaintext.value()));
      else
        TRY(fail(file, lost(), cause_of_loss(lost())));
      TRY(piece_done(file));
      continue;
    }
    const auto& file = window.small_files[use.file];
    if (!fits) {
      tally_.fail(file.place.shown, text_of(lost()), cause_of_loss(lost()));
      continue;
    }
    const auto directory = directories.open(window, file.place.directory);
    if (!directory.ok()) {
      TRY(settle(file.place.shown, Error(directory.error())));
      continue;
    }
    const auto content = plaintext.value().subspan(use.chunk_offset, use.length);
    TRY(settle(
        file.place.shown,
        write_small(directory.value(), window.directories[file.place.directory], file, content)));
  }
  tally_.tell();
  return {};
}

Result<void> RestoreWriter::write_small(int directory, const WindowDirectory& where,
                                        const SmallFile& file, ByteView content) {
  if (file.start == FileStart::update)
    TRY(update_small(directory, file, content));
  else
    TRY(make_small(directory, where, file, content));
  remember_flags(where.path, file.place.name, file.place.shown, file.metadata);
  ++tally_.files;
  tally_.bytes += content.size();
  return {};
}

Result<void> RestoreWriter::make_small(int directory, const WindowDirectory& where,
                                       const SmallFile& file, ByteView content) {
  const auto mode = metadata_.creation_mode(file.metadata, where.group);
  const char* name = file.place.name.c_str();
  const io::Fd fd(
      ::openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd.valid()) return failure(errno, "cannot make the file");
  auto done = content.empty() ? Result<void>() : io::write_all(fd.get(), content);
  if (done.ok()) {
    tally_.bytes_written += content.size();
    done = metadata_.apply(fd.get(), metadata_.fresh_status(mode, where.group), file.metadata,
                           MetadataWriter::Origin::fresh);
    if (done.ok()) return {};
    // The content is whole; that its attributes aren't is said, and the file stays.
    return done;
  }
  ::unlinkat(directory, name, 0);
  return done;
}

Result<void> RestoreWriter::update_small(int directory, const SmallFile& file, ByteView content) {
  const char* name = file.place.name.c_str();
  const io::Fd fd(::openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return failure(errno, "cannot open the file that is there");
  FileStatus now;
  if (const int error = read_status(fd.get(), now); error != 0)
    return failure(error, "cannot read its state");
  if (!now.is_regular() || now.link_count != 1)
    return Error(ErrorCode::conflict, "another file took its place");
  TRY(write_differing(fd.get(), 0, content));
  if (now.size != content.size() &&
      ::ftruncate(fd.get(), static_cast<off_t>(content.size())) != 0) {
    return failure(errno, "cannot set its size");
  }
  if (const int error = read_status(fd.get(), now); error != 0)
    return failure(error, "cannot read its state");
  return metadata_.apply(fd.get(), now, file.metadata, MetadataWriter::Origin::existing);
}

Result<void> RestoreWriter::write_differing(int fd, std::uint64_t offset, ByteView content) {
  base::Bytes there(std::min(compare_size, content.size()));
  while (!content.empty()) {
    const auto piece = content.first(std::min(compare_size, content.size()));
    const auto got = TRY(io::read_at(fd, base::MutableByteView(there).first(piece.size()), offset));
    if (got < piece.size() || std::memcmp(there.data(), piece.data(), piece.size()) != 0) {
      TRY(io::write_at(fd, piece, offset));
      tally_.bytes_written += piece.size();
    }
    offset += piece.size();
    content = content.subspan(piece.size());
  }
  return {};
}

Result<void> RestoreWriter::make_empty(int directory, const WindowDirectory& where,
                                       const SmallFile& file) {
  return settle(file.place.shown, write_small(directory, where, file, {}));
}

Result<void> RestoreWriter::write_piece(LargeFile& file, const ChunkUse& use, ByteView plaintext) {
  if (file.failed) return {};
  const auto content = plaintext.subspan(use.chunk_offset, use.length);
  const auto fd = open_files_.acquire(file);
  if (!fd.ok()) return fail(file, fd.error(), RestoreTally::Cause::target);
  Result<void> done;
  if (file.start == FileStart::update) {
    done = write_differing(fd.value()->get(), use.file_offset, content);
  } else {
    done = io::write_at(fd.value()->get(), content, use.file_offset);
    tally_.bytes_written += content.size();
  }
  if (done.ok()) return {};
  return fail(file, done.error(), RestoreTally::Cause::target);
}

Result<void> RestoreWriter::write_hole(LargeFile& file, std::uint64_t offset,
                                       std::uint64_t length) {
  if (file.failed) return {};
  const auto fd = open_files_.acquire(file);
  if (!fd.ok()) return fail(file, fd.error(), RestoreTally::Cause::target);
  if (file.start == FileStart::fresh) return {};
  if (::fallocate(fd.value()->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  static_cast<off_t>(offset), static_cast<off_t>(length)) == 0) {
    return {};
  }
  if (errno != EOPNOTSUPP)
    return fail(file, failure(errno, "cannot make a hole"), RestoreTally::Cause::target);
  const base::Bytes zeros(std::min<std::uint64_t>(compare_size, length));
  while (length > 0) {
    const auto piece = ByteView(zeros).first(std::min<std::uint64_t>(zeros.size(), length));
    const auto done = write_differing(fd.value()->get(), offset, piece);
    if (!done.ok()) return fail(file, done.error(), RestoreTally::Cause::target);
    offset += piece.size();
    length -= piece.size();
  }
  return {};
}

Result<void> RestoreWriter::fail(LargeFile& file, const Error& error, RestoreTally::Cause cause) {
  if (cause == RestoreTally::Cause::target && concerns_everything(error)) {
    return Error(error).with_context("/" + base::printable(file.shown));
  }
  if (!file.failed.exchange(true)) tally_.fail(file.shown, text_of(error), cause);
  return {};
}

Result<void> RestoreWriter::piece_done(LargeFile& file) {
  if (file.pieces_left.fetch_sub(1) != 1) return {};
  if (file.failed) {
    open_files_.remove(file);
    return {};
  }
  const auto fd = open_files_.acquire(file);
  if (!fd.ok()) return fail(file, fd.error(), RestoreTally::Cause::target);
  FileStatus now;
  Result<void> done;
  if (const int error = read_status(fd.value()->get(), now); error != 0) {
    done = failure(error, "cannot read its state");
  } else {
    const auto origin = file.start == FileStart::fresh ? MetadataWriter::Origin::fresh
                                                       : MetadataWriter::Origin::existing;
    done = metadata_.apply(fd.value()->get(), now, file.metadata, origin);
  }
  open_files_.release(file);
  if (done.ok()) {
    remember_flags(file.directory, file.name, file.shown, file.metadata);
    ++tally_.files;
    tally_.bytes += file.size;
    tally_.tell();
  }
  return settle(file.shown, done);
}

Result<void> RestoreWriter::finish(const RestoreWindow& window) {
  for (const auto& link : window.links) TRY(settle(link.place.shown, make_link(window, link)));
  for (const auto& directory : window.finished)
    TRY(settle(directory.shown, finish_directory(directory)));
  return {};
}

Result<void> RestoreWriter::make_link(const RestoreWindow& window, const PendingLink& link) {
  const auto slash = link.target.rfind('/');
  const auto from_path = slash == std::string::npos ? std::string() : link.target.substr(0, slash);
  const auto from_name = slash == std::string::npos ? link.target : link.target.substr(slash + 1);
  io::Fd from;
  io::Fd to;
  int error = open_beneath(target_.get(), from_path, O_PATH | O_DIRECTORY, from);
  if (error == 0) {
    error = open_beneath(target_.get(), window.directories[link.place.directory].path,
                         O_PATH | O_DIRECTORY, to);
  }
  FileStatus source;
  if (error == 0) error = read_status(from.get(), from_name.c_str(), source);
  if (error != 0) return failure(error, "the file that it is a hard link to isn't there");
  const char* name = link.place.name.c_str();
  FileStatus there;
  if (read_status(to.get(), name, there) == 0) {
    if (there.same_file(source)) {
      ++tally_.files;
      ++tally_.unchanged;
      return {};
    }
    if (there.is_directory()) return Error(ErrorCode::already_exists, "a directory is in the way");
    if (::unlinkat(to.get(), name, 0) != 0) return failure(errno, "cannot replace what is there");
  }
  if (::linkat(from.get(), from_name.c_str(), to.get(), name, 0) != 0)
    return failure(errno, "cannot make a hard link");
  ++tally_.files;
  return {};
}

Result<void> RestoreWriter::finish_directory(const FinishedDirectory& directory) {
  io::Fd fd;
  if (const int error = open_beneath(target_.get(), directory.path, O_RDONLY | O_DIRECTORY, fd);
      error != 0) {
    return failure(error, "cannot open the directory to set its attributes");
  }
  FileStatus now;
  if (const int error = read_status(fd.get(), now); error != 0)
    return failure(error, "cannot read its state");
  // Its time has moved with whatever was made in it.
  return metadata_.apply(
      fd.get(), now, directory.metadata,
      directory.existed ? MetadataWriter::Origin::existing : MetadataWriter::Origin::fresh);
}

void RestoreWriter::remember_flags(const std::string& directory, const std::string& name,
                                   const std::string& shown, const TargetMetadata& metadata) {
  if ((metadata.inode_flags & forbidding_inode_flags) == 0) return;
  const std::lock_guard lock(mutex_);
  if (forbidding_.size() >= forbidding_max) {
    ++tally_.flags_lost;
    return;
  }
  forbidding_.push_back(
      {.directory = directory, .name = name, .shown = shown, .flags = metadata.inode_flags});
}

void RestoreWriter::set_forbidding_flags() {
  for (const auto& each : forbidding_) {
    io::Fd directory;
    int error = open_beneath(target_.get(), each.directory, O_PATH | O_DIRECTORY, directory);
    if (error == 0) {
      const io::Fd fd(::openat(directory.get(), each.name.c_str(),
                               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      error = fd.valid() ? write_inode_flags(fd.get(), each.flags) : errno;
    }
    if (error != 0) ++tally_.flags_lost;
  }
  forbidding_.clear();
}

}  // namespace holdfast::source
