// Reading what a place holds.
#include "repository/place_proof.hpp"

#include "repository/object_name.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t remembered_max = 500'000;
// A writer's packs end soon after their target size; one chunk more than that is all there can be.
constexpr std::uint64_t pack_slack = std::uint64_t{64} << 20;

// That the storage did not answer says nothing about what it holds.
bool is_outage(const base::Error& error) {
  switch (error.code()) {
    case base::ErrorCode::unavailable:
    case base::ErrorCode::permission_denied:
    case base::ErrorCode::no_space:
    case base::ErrorCode::io:
    case base::ErrorCode::cancelled: return true;
    default: return false;
  }
}

std::string key_of(const FoundChunk& chunk) {
  const auto& place = chunk.place;
  base::Bytes key;
  base::ByteWriter out(key);
  out.raw(place.id);
  out.raw(chunk.pack.name);
  out.u32(place.offset);
  out.u32(place.stored_size);
  out.u16(place.key);
  out.u16(place.ordinal);
  return {key.begin(), key.end()};
}

}  // namespace

base::Result<void> PlaceProof::read(const FoundChunk& chunk) {
  const auto& place = chunk.place;
  if (std::uint64_t{place.offset} + place.stored_size > chunk.pack.size) {
    return base::Error(base::ErrorCode::damaged, "the index places a chunk beyond its pack's end");
  }
  const auto pack = TRY(packs_.open(chunk.pack));
  stored_.resize(place.stored_size);
  TRY(repository_.storage().read(pack_object_name(chunk.pack.type, chunk.pack.name),
                                 {.offset = place.offset, .size = place.stored_size}, stored_));
  return packs_.decode(*pack, place, stored_, decompressor_, plaintext_);
}

base::Result<bool> PlaceProof::holds(const FoundChunk& chunk) {
  auto key = key_of(chunk);
  if (const auto known = chunks_.find(key); known != chunks_.end()) return known->second;
  const auto done = read(chunk);
  if (!done.ok() && is_outage(done.error())) return base::Error(done.error());
  if (chunks_.size() >= remembered_max) chunks_.clear();
  chunks_[std::move(key)] = done.ok();
  return done.ok();
}

base::Result<bool> PlaceProof::is_as_stored(const PackInfo& pack) {
  if (const auto known = as_stored_.find(pack.name); known != as_stored_.end())
    return known->second;
  const auto size_max = repository_.config().pack_data_max + pack_slack;
  const auto bytes =
      get_object(repository_.storage(), pack_object_name(pack.type, pack.name), size_max);
  if (!bytes.ok() && is_outage(bytes.error())) return base::Error(bytes.error());
  as_stored_[pack.name] = bytes.ok();
  return bytes.ok();
}

}  // namespace holdfast::repository
