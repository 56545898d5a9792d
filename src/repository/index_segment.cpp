// Index segments as bytes. A chunk's 48 bytes are those of ChunkPlace in memory.
#include "repository/index_segment.hpp"

#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>

namespace holdfast::repository {

using base::ByteReader;
using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::Error;
using base::ErrorCode;
using base::Result;

static_assert(std::is_trivially_copyable_v<ChunkPlace> && offsetof(ChunkPlace, pack) == 32 &&
              offsetof(ChunkPlace, offset) == 36 && offsetof(ChunkPlace, stored_size) == 40 &&
              offsetof(ChunkPlace, key) == 44 && offsetof(ChunkPlace, ordinal) == 46);

namespace {

constexpr std::size_t pack_bytes = 32 + 1 + 8;

// A count of records that the rest of the bytes must hold: nothing is allocated for an invented
// one.
Result<std::size_t> read_count(ByteReader& in, std::size_t record_size) {
  const auto count = TRY(in.u32());
  if (count > in.remaining() / record_size) {
    return Error(ErrorCode::damaged, "it counts more records than it holds");
  }
  return static_cast<std::size_t>(count);
}

Result<IndexSegment> decode(ByteView plaintext) {
  ByteReader in(plaintext);
  IndexSegment segment;
  segment.packs.resize(TRY(read_count(in, pack_bytes)));
  for (auto& pack : segment.packs) {
    pack.name = TRY(in.array<32>());
    const auto type = TRY(in.u8());
    if (type != 1 && type != 2) return Error(ErrorCode::damaged, "a pack is of an unknown type");
    pack.type = static_cast<ChunkType>(type);
    pack.size = TRY(in.u64());
  }
  segment.superseded.resize(TRY(read_count(in, sizeof(ObjectHash))));
  for (auto& name : segment.superseded) name = TRY(in.array<32>());
  segment.chunks.resize(TRY(read_count(in, sizeof(ChunkPlace))));
  const auto chunks = TRY(in.raw(segment.chunks.size() * sizeof(ChunkPlace)));
  if (!chunks.empty()) std::memcpy(segment.chunks.data(), chunks.data(), chunks.size());
  TRY(in.expect_end());
  const auto checked = check_segment(segment);
  if (!checked.ok()) return Error(ErrorCode::damaged, checked.error().message());
  return segment;
}

}  // namespace

Result<void> check_segment(const IndexSegment& segment) {
  const ChunkPlace* previous = nullptr;
  for (const auto& place : segment.chunks) {
    if (place.pack >= segment.packs.size()) {
      return Error(ErrorCode::invalid_argument, "a chunk lies in a pack that isn't listed");
    }
    const auto size = segment.packs[place.pack].size;
    if (place.stored_size == 0 || place.offset > size || place.stored_size > size - place.offset) {
      return Error(ErrorCode::invalid_argument, "a chunk reaches beyond its pack");
    }
    if (previous != nullptr && place.id < previous->id) {
      return Error(ErrorCode::invalid_argument, "chunks are not in order");
    }
    previous = &place;
  }
  return {};
}

Bytes encode_segment(const IndexSegment& segment) {
  Bytes bytes;
  bytes.reserve(12 + segment.packs.size() * pack_bytes +
                segment.superseded.size() * sizeof(ObjectHash) +
                segment.chunks.size() * sizeof(ChunkPlace));
  ByteWriter out(bytes);
  out.u32(static_cast<std::uint32_t>(segment.packs.size()));
  for (const auto& pack : segment.packs) {
    out.raw(pack.name);
    out.u8(static_cast<std::uint8_t>(pack.type));
    out.u64(pack.size);
  }
  out.u32(static_cast<std::uint32_t>(segment.superseded.size()));
  for (const auto& name : segment.superseded) out.raw(name);
  out.u32(static_cast<std::uint32_t>(segment.chunks.size()));
  out.raw({reinterpret_cast<const base::Byte*>(segment.chunks.data()),
           segment.chunks.size() * sizeof(ChunkPlace)});
  return bytes;
}

Result<IndexSegment> decode_segment(ByteView plaintext) {
  if (plaintext.size() > segment_bytes_max) {
    return Error(ErrorCode::damaged,
                 "an index segment of " + std::to_string(plaintext.size()) + " bytes");
  }
  auto segment = decode(plaintext);
  if (segment.ok()) return segment;
  return std::move(segment).with_context("an index segment is malformed");
}

}  // namespace holdfast::repository
