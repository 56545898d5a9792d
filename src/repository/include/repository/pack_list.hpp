// What packs the storage holds, whatever indexes say.
#pragma once

#include <unordered_map>

#include "repository/repository.hpp"

namespace holdfast::repository {

struct ListedPack {
  ChunkType type = ChunkType::data;
  std::uint64_t size = 0;
  base::Time stored_at;
};
using PackListing = std::unordered_map<ObjectHash, ListedPack, IdHash>;

// Foreign names below data/ and tree/ are appended to `ignored`. About 100 bytes of memory a pack
// of 64 MiB.
base::Result<PackListing> list_packs(const Repository& repository,
                                     std::vector<IgnoredObject>* ignored = nullptr);

}  // namespace holdfast::repository
