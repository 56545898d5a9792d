// Copies chunks of one repository into one pack of another of the same domain, as ciphertext, under
// keys that the target's readers can open.
#pragma once

#include <span>
#include <stop_token>
#include <vector>

#include "repository/local_index.hpp"
#include "repository/pack_builder.hpp"
#include "repository/pack_reader.hpp"

namespace holdfast::repository {

// What goes into one pack.
struct PackPlan {
  ChunkType type{};
  std::vector<FoundChunk> chunks;  // by pack and offset
};

// Sorts `chunks`, and cuts them into plans that each fit a pack.
[[nodiscard]] std::vector<PackPlan> plan_packs(const Config& to, ChunkType type,
                                               std::vector<FoundChunk> chunks);

// Reads, authenticates and packs what `plan` says; the pack is not committed yet. `packs`: of
// `from`. not_found: a pack of the source has gone. Thread-safe in what it borrows.
base::Result<SealedPack> copy_into_pack(Repository& from, PackReader& packs, Repository& to,
                                        const PackPlan& plan, const std::stop_token& stop);

}  // namespace holdfast::repository
