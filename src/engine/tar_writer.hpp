// A tar archive in the pax format (POSIX.1-2001), written as it becomes known.
#pragma once

#include <functional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "repository/entry.hpp"
#include "source/files/posix_attributes.hpp"

namespace holdfast::engine {

using ByteSink = std::function<base::Result<void>(base::ByteView)>;

struct TarEntry {
  std::string path;  // relative, raw bytes
  repository::EntryKind kind = repository::EntryKind::file;
  std::uint64_t size = 0;
  source::PosixAttributes attributes;
  std::string link;  // the path that a hard link shares its content with
};

// Used by one task.
class TarWriter {
 public:
  explicit TarWriter(ByteSink out) : out_(std::move(out)) {}

  // Begins an entry; of a file, as many bytes as it is long follow.
  base::Result<void> begin(const TarEntry& entry);
  base::Result<void> content(base::ByteView bytes);
  // The end of the archive.
  base::Result<void> finish();

 private:
  base::Result<void> pad();

  ByteSink out_;
  std::uint64_t written_ = 0;  // of the content at hand
  std::uint64_t left_ = 0;
};

}  // namespace holdfast::engine
