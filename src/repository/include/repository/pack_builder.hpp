// PackBuilder: writes one pack, object by object, straight into an upload; its name is the hash of
// its bytes.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "codec/hash.hpp"
#include "repository/config.hpp"
#include "repository/index_segment.hpp"
#include "repository/pack_format.hpp"
#include "storage/storage.hpp"

namespace holdfast::repository {

struct PackTarget {
  storage::Storage& storage;
  base::Random& random;
  const Config& config;
  ShortId domain{};
};

// A finished pack that is not stored yet: commit the upload under pack_object_name(info.type,
// info.name).
struct SealedPack {
  std::unique_ptr<storage::Upload> upload;
  PackInfo info;
  std::vector<ChunkPlace> chunks;  // in pack order; `pack` is 0
};

// Used by one task. Destroyed unfinished: nothing is left in the storage.
class PackBuilder {
 public:
  // `carried`: sealed keys of the packs from which objects will be copied; they become keys 1, 2,
  // ….
  static base::Result<std::unique_ptr<PackBuilder>> begin(const PackTarget& target, ChunkType type,
                                                          std::span<const PackBox> carried = {});
  // Whether the pack has reached its size and should be finished.
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] bool is_empty() const { return entries_.empty(); }
  // Encrypts `encoded` (header and payload, followed by 16 spare bytes) in place and appends it.
  base::Result<void> add(const ChunkId& id, base::MutableByteView encoded);
  // Appends an object's ciphertext as it is. `key` counts in `carried`, from 0; `ordinal` is its
  // original one.
  base::Result<void> add_copy(const ChunkId& id, base::ByteView ciphertext, std::size_t key,
                              std::uint16_t ordinal);
  base::Result<SealedPack> finish();

 private:
  PackBuilder(const PackTarget& target, ChunkType type, std::unique_ptr<storage::Upload> upload,
              const base::SecretBytes& key);
  base::Result<void> append(base::ByteView bytes);
  base::Result<void> append_object(const DirectoryEntry& entry, base::ByteView ciphertext);

  const std::uint64_t size_max_;
  const ShortId domain_;
  const ChunkType type_;
  std::unique_ptr<storage::Upload> upload_;
  codec::Cipher cipher_;
  codec::Sha256 hash_;
  base::Bytes header_;
  std::uint64_t size_ = 0;
  std::uint16_t own_ordinal_ = 0;
  std::vector<DirectoryEntry> entries_;
  std::vector<ChunkPlace> places_;
};

}  // namespace holdfast::repository
