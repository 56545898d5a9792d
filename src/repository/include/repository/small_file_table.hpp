// SmallFileTable: where in which bundle the content of small files lies, so that equal files are
// stored once although bundles differ. A local, lossy cache in a memory-mapped file: losing it
// costs space, never correctness. The fingerprint is GMAC under a secret key: a universal hash,
// whose collisions nobody without the key can make.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>

#include "base/result.hpp"
#include "codec/cipher.hpp"
#include "io/file_system.hpp"
#include "repository/ids.hpp"

namespace holdfast::repository {

using Fingerprint = std::array<base::Byte, 16>;

// Thread-safe.
class SmallFileTable {
 public:
  struct Place {
    ChunkId chunk{};
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
  };

  // `expected_files` chooses the size; a table of another size starts empty.
  static base::Result<std::unique_ptr<SmallFileTable>> open(io::FileSystem& files,
                                                            const std::string& path,
                                                            base::ByteView key,
                                                            std::uint64_t expected_files);
  [[nodiscard]] Fingerprint fingerprint(base::ByteView content) const;
  [[nodiscard]] std::optional<Place> find(const Fingerprint& fingerprint) const;
  void insert(const Fingerprint& fingerprint, const Place& place);

 private:
  SmallFileTable(std::unique_ptr<io::MappedTable> table, base::ByteView key);
  struct Slot;
  [[nodiscard]] Slot* bucket_of(const Fingerprint& fingerprint) const;

  codec::Cipher cipher_;
  mutable std::mutex mutex_;
  std::unique_ptr<io::MappedTable> table_;
};

}  // namespace holdfast::repository
