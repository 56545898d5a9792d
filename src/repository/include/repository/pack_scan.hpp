// Reading a whole pack from front to back: is it what its name says, and does each object in it
// decrypt to what its id says?
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "repository/pack_list.hpp"
#include "repository/pack_reader.hpp"

namespace holdfast::repository {

enum class ScanDepth {
  hash,     // the bytes hash to the name; needs no key
  objects,  // and every object decrypts, decompresses, and has the content that its id states
};

struct ScannedPack {
  PackInfo pack;
  bool hash_is_right = false;
  std::vector<ChunkPlace> good;  // with ScanDepth::objects; `pack` is 0
  std::vector<ChunkPlace> bad;
  std::uint64_t bytes_read = 0;
};

// An error means that the pack could not be scanned at all: outage, or (damaged) header or
// directory can't be opened.
base::Result<ScannedPack> scan_pack(const Repository& repository, PackReader& packs,
                                    const PackInfo& pack, ScanDepth depth);

// Scans many on all cores. `receive` is called for each pack, never by two tasks at once.
using ScanCall =
    std::function<base::Result<void>(const PackInfo& pack, base::Result<ScannedPack> scanned)>;
base::Result<void> scan_packs(const Repository& repository, PackReader& packs,
                              const std::vector<PackInfo>& list, ScanDepth depth,
                              const ScanCall& receive, std::stop_token stop);

}  // namespace holdfast::repository
