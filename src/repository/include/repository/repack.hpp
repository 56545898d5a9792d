// Repacking: copying chunks as ciphertext into new packs, for compaction and rescue
// (docs/internals/prune.md). Each chunk is decrypted on the way, to know that what is copied is
// sound; nothing is encrypted again.
#pragma once

#include <stop_token>
#include <vector>

#include "repository/pack_reader.hpp"
#include "repository/session.hpp"

namespace holdfast::repository {

struct RepackTotals {
  std::uint64_t bytes = 0;
  std::uint64_t chunks = 0;
  std::vector<ObjectHash> packs;  // that were stored
};

// Stores the chunks at `places` (all of one type) in new packs and makes the index of them durable,
// signed by the admin. After each pack the session is renewed. damaged: a chunk can't be read; what
// was copied before is harmless.
base::Result<RepackTotals> repack(Repository& repository, Session& session, PackReader& packs,
                                  std::vector<FoundChunk> places, std::stop_token stop);

}  // namespace holdfast::repository
