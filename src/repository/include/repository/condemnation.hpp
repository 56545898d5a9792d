// Condemnations (docs/internals/prune.md): the admin's word that some packs are going to be
// deleted.
#pragma once

#include <string>
#include <vector>

#include "repository/repository.hpp"

namespace holdfast::repository {

struct CondemnedPack {
  ChunkType type = ChunkType::data;
  ObjectHash name{};
};

// condemned: its packs are going to be deleted, irrevocably. gone: they have been; it tells since
// when.
enum class CondemnationStage : std::uint8_t { condemned = 1, gone = 2 };

struct Condemnation {
  CondemnationStage stage = CondemnationStage::condemned;
  std::string object;  // its name in the storage
  base::Time stored_at;
  std::vector<CondemnedPack> packs;
};

// All condemnations that the admin signed; forged and foreign objects are appended to `ignored`.
// damaged: one whose bytes aren't those of its name, so that it isn't known what it condemns.
base::Result<std::vector<Condemnation>> list_condemnations(
    const Repository& repository, std::vector<IgnoredObject>* ignored = nullptr);
// Stores one; needs the admin.
base::Result<Condemnation> write_condemnation(const Repository& repository, CondemnationStage stage,
                                              const std::vector<CondemnedPack>& packs);

}  // namespace holdfast::repository
