// PackReader: opens what lies in packs: headers, keys, directories, chunks. Keeps the keys of the
// packs it met last.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "repository/local_index.hpp"
#include "repository/pack_format.hpp"
#include "repository/repository.hpp"

namespace holdfast::repository {

// A pack's header with its keys opened.
struct OpenPack {
  PackHeader header;
  base::Bytes header_bytes;
  std::vector<codec::Cipher> keys;
  const Domain* domain = nullptr;
};

// Thread-safe. Needs the reading key.
class PackReader {
 public:
  explicit PackReader(const Repository& repository) : repository_(repository) {}

  // Shared, because the cache may drop a pack while others still read it.
  base::Result<std::shared_ptr<const OpenPack>> open(const PackInfo& pack);
  // Decrypts one chunk's ciphertext in place, decompresses it into `plaintext` (resized) and checks
  // its id.
  base::Result<void> decode(const OpenPack& pack, const ChunkPlace& place,
                            base::MutableByteView stored, codec::Decompressor& decompressor,
                            base::Bytes& plaintext) const;
  base::Result<std::vector<DirectoryEntry>> directory(const PackInfo& pack, const OpenPack& opened);

 private:
  base::Result<std::shared_ptr<const OpenPack>> load(const PackInfo& pack);

  const Repository& repository_;
  std::mutex mutex_;
  std::list<std::pair<ObjectHash, std::shared_ptr<const OpenPack>>> recent_;  // newest first
  std::unordered_map<ObjectHash, decltype(recent_)::iterator, IdHash> by_name_;
};

}  // namespace holdfast::repository
