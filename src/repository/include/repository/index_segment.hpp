// An index segment's plaintext (docs/internals/repository_format.md section 3.1): which chunk lies
// where.
#pragma once

#include <span>
#include <vector>

#include "base/result.hpp"
#include "repository/ids.hpp"

namespace holdfast::repository {

struct PackInfo {
  ObjectHash name{};
  ChunkType type = ChunkType::data;
  std::uint64_t size = 0;  // of the whole pack object, bytes
  bool operator==(const PackInfo&) const = default;
};

// Where a chunk's ciphertext lies in a pack, and what is needed to open it. 48 bytes on disk.
struct ChunkPlace {
  ChunkId id{};
  std::uint32_t pack = 0;         // index into the segment's (or run's) packs
  std::uint32_t offset = 0;       // from the pack's first byte
  std::uint32_t stored_size = 0;  // ciphertext with tag
  std::uint16_t key = 0;
  std::uint16_t ordinal = 0;
  bool operator==(const ChunkPlace&) const = default;
};
static_assert(sizeof(ChunkPlace) == 48);

struct IndexSegment {
  std::vector<PackInfo> packs;
  std::vector<ObjectHash> superseded;
  std::vector<ChunkPlace> chunks;  // ascending by id
};

constexpr std::size_t segment_chunks_max = 65'536;           // writers cut segments here
constexpr std::size_t segment_bytes_max = 64 * 1024 * 1024;  // readers refuse more

// Order, indices, and that each chunk lies within its pack: invalid_argument otherwise.
base::Result<void> check_segment(const IndexSegment& segment);
[[nodiscard]] base::Bytes encode_segment(
    const IndexSegment& segment);  // sorts nothing: chunks must be in order
base::Result<IndexSegment> decode_segment(base::ByteView plaintext);  // every rule checked

}  // namespace holdfast::repository
