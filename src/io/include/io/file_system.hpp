// FileSystem: the program's own local files (cache, pinned keys, spool) as an interface, so that
// the simulation can crash between any two calls. What users back up and restore does not go
// through here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace holdfast::io {

// A file's bytes, mapped read-only (or held, in the simulation). Valid as long as it lives, also
// after the file's removal.
class MappedFile {
 public:
  virtual ~MappedFile() = default;
  [[nodiscard]] virtual base::ByteView bytes() const = 0;
};

// A file's bytes, mapped shared and writable: for caches whose loss at a crash is harmless (they
// carry checksums).
class MappedTable {
 public:
  virtual ~MappedTable() = default;
  [[nodiscard]] virtual base::MutableByteView bytes() = 0;
};

// Writes a file that becomes visible, whole, at commit(). Destroyed without commit: nothing
// remains.
class FileWriter {
 public:
  virtual ~FileWriter() = default;
  virtual base::Result<void> append(base::ByteView data) = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Durable::yes: after this call the file survives a power cut.
  enum class Durable { yes, no };
  virtual base::Result<void> commit(Durable durable) = 0;
};

// Paths are absolute. Directories are created as needed, with mode 0700; files have mode 0600.
// Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual base::Result<base::Bytes> read(const std::string& path) = 0;  // not_found if absent
  virtual base::Result<std::unique_ptr<FileWriter>> create(
      const std::string& path) = 0;  // replaces at commit
  virtual base::Result<std::unique_ptr<MappedFile>> map(const std::string& path) = 0;
  // Opens or creates a table of exactly `size` bytes; a file of another size is replaced by zeros.
  virtual base::Result<std::unique_ptr<MappedTable>> map_table(const std::string& path,
                                                               std::uint64_t size) = 0;
  // Names (not paths) of the files directly in a directory, sorted; empty if it doesn't exist.
  virtual base::Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual base::Result<void> remove(const std::string& path) = 0;  // absence is success
};

// The real one.
class LocalFileSystem final : public FileSystem {
 public:
  base::Result<base::Bytes> read(const std::string& path) override;
  base::Result<std::unique_ptr<FileWriter>> create(const std::string& path) override;
  base::Result<std::unique_ptr<MappedFile>> map(const std::string& path) override;
  base::Result<std::unique_ptr<MappedTable>> map_table(const std::string& path,
                                                       std::uint64_t size) override;
  base::Result<std::vector<std::string>> list(const std::string& directory) override;
  base::Result<void> remove(const std::string& path) override;
};

}  // namespace holdfast::io
