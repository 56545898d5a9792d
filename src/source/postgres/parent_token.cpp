// token = kind:u8 … ; kind = 1 manifest: system:u64 count:varint (timeline:u32 start:u64 end:u64)*
//                           | 2 relation | 3 relation with its checksum: crc:u32
#include "parent_token.hpp"

namespace holdfast::source {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::uint8_t manifest_kind = 1;
constexpr std::uint8_t relation_kind = 2;
constexpr std::uint8_t relation_with_crc_kind = 3;
constexpr std::uint64_t ranges_max = 1'000;

Error unknown() { return {ErrorCode::unsupported, "a token of an unknown kind"}; }

}  // namespace

Bytes encode_token(const ManifestToken& token) {
  Bytes made;
  base::ByteWriter out(made);
  out.u8(manifest_kind);
  out.u64(token.system);
  out.varint(token.ranges.size());
  for (const auto& range : token.ranges) {
    out.u32(range.timeline);
    out.u64(range.start);
    out.u64(range.end);
  }
  return made;
}

Result<ManifestToken> decode_manifest_token(ByteView bytes) {
  base::ByteReader in(bytes);
  if (bytes.empty() || TRY(in.u8()) != manifest_kind) return unknown();
  ManifestToken token;
  token.system = TRY(in.u64());
  const auto count = TRY(in.varint());
  if (count == 0 || count > ranges_max) {
    return Error(ErrorCode::damaged, "a token with a wrong number of ranges of WAL");
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    WalRange range;
    range.timeline = TRY(in.u32());
    range.start = TRY(in.u64());
    range.end = TRY(in.u64());
    token.ranges.push_back(range);
  }
  TRY(in.expect_end());
  return token;
}

Bytes encode_token(const RelationToken& token) {
  Bytes made;
  base::ByteWriter out(made);
  out.u8(token.crc ? relation_with_crc_kind : relation_kind);
  if (token.crc) out.u32(*token.crc);
  return made;
}

Result<RelationToken> decode_relation_token(ByteView bytes) {
  base::ByteReader in(bytes);
  if (bytes.empty()) return unknown();
  RelationToken token;
  const auto kind = TRY(in.u8());
  if (kind == relation_with_crc_kind) {
    token.crc = TRY(in.u32());
  } else if (kind != relation_kind) {
    return unknown();
  }
  TRY(in.expect_end());
  return token;
}

}  // namespace holdfast::source
