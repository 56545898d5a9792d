// TarStream: reads a tar archive (POSIX.1-2008 ustar, as PostgreSQL writes base backups) that comes
// in pieces of any length. It holds one header, whatever the archive's size. Bytes from outside:
// everything is checked.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace holdfast::source {

struct TarMember {
  enum class Kind { file, directory, symlink } kind = Kind::file;
  std::string path;  // relative, without "." and ".." components, not empty; no '/' at its end
  std::uint64_t size = 0;  // of a file
  std::string link;        // a symlink's target
  std::uint32_t mode = 0;  // 07777
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string user;
  std::string group;
  std::int64_t mtime_seconds = 0;
};

class TarReceiver {
 public:
  virtual ~TarReceiver() = default;
  virtual base::Result<void> begin_member(const TarMember& member) = 0;
  // Of a file, `size` bytes in all.
  virtual base::Result<void> content(base::ByteView bytes) = 0;
  virtual base::Result<void> end_member() = 0;
};

// Used by one task. The receiver is borrowed. damaged: this is no such archive, or it is cut short;
// unsupported: it has members of other kinds.
class TarStream {
 public:
  explicit TarStream(TarReceiver& receiver) : receiver_(receiver) {}
  base::Result<void> feed(base::ByteView bytes);
  // No more bytes come. The two blocks of zeros at the end may be missing.
  base::Result<void> finish() const;

 private:
  base::Result<void> take_header();
  base::Result<void> end_content();

  static constexpr std::size_t block_size = 512;
  TarReceiver& receiver_;
  std::array<base::Byte, block_size> header_{};
  std::size_t header_size_ = 0;  // of it that has come
  std::uint64_t content_left_ = 0;
  std::size_t padding_left_ = 0;
  bool in_member_ = false;
  bool ended_ = false;
};

}  // namespace holdfast::source
