// The chunker as its header describes it, without any of the speed; and whole streams cut to
// pieces.
#pragma once

#include <set>
#include <vector>

#include "codec/chunker.hpp"
#include "codec/hash.hpp"

namespace holdfast::codec {

// The lengths of all chunks of `data`.
[[nodiscard]] std::vector<std::size_t> cut_all(const Chunker& chunker, base::ByteView data);
[[nodiscard]] std::vector<std::size_t> cut_all_by_definition(const ChunkerParameters& parameters,
                                                             base::ByteView key,
                                                             base::ByteView data);
[[nodiscard]] std::multiset<Digest> chunk_digests(const Chunker& chunker, base::ByteView data);

}  // namespace holdfast::codec
