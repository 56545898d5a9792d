// PlaceProof: whether a chunk lies where a segment says. Writers sign their segments, and a writer
// whose keys were stolen may say anything: before the last other place of a chunk is given up, the
// one that is kept is read.
#pragma once

#include <unordered_map>

#include "repository/pack_reader.hpp"

namespace holdfast::repository {

// Borrows both. Remembers what it has found out; used by one task.
class PlaceProof {
 public:
  PlaceProof(Repository& repository, PackReader& packs) : repository_(repository), packs_(packs) {}

  // Whether the chunk can be read there and is what its id states. An error is an outage.
  base::Result<bool> holds(const FoundChunk& chunk);
  // Whether the pack's bytes are those that its name states: then whatever is wrong in it was so
  // when its writer stored it. An error is an outage.
  base::Result<bool> is_as_stored(const PackInfo& pack);

 private:
  base::Result<void> read(const FoundChunk& chunk);

  Repository& repository_;
  PackReader& packs_;
  codec::Decompressor decompressor_;
  base::Bytes stored_;
  base::Bytes plaintext_;
  std::unordered_map<std::string, bool> chunks_;
  std::unordered_map<ObjectHash, bool, IdHash> as_stored_;
};

}  // namespace holdfast::repository
