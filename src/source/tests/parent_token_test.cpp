// Tokens come back as they were, and nothing else is taken for one.
#include "postgres/parent_token.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace holdfast::source {
namespace {

using base::ErrorCode;

TEST(ParentToken, OfAManifest) {
  const ManifestToken token{.system = 7'564'738'219'012'345'678U,
                            .ranges = {{.timeline = 1, .start = 0x2000028, .end = 0x2000100},
                                       {.timeline = 2, .start = 0x2000100, .end = 0x3000000}}};
  const auto read = decode_manifest_token(encode_token(token)).value();
  EXPECT_EQ(read.system, token.system);
  ASSERT_EQ(read.ranges.size(), 2U);
  EXPECT_EQ(read.ranges[1].timeline, 2U);
  EXPECT_EQ(read.ranges[1].start, 0x2000100U);
  EXPECT_EQ(read.ranges[1].end, 0x3000000U);
}

TEST(ParentToken, OfARelation) {
  EXPECT_EQ(decode_relation_token(encode_token(RelationToken{.crc = 0xdeadbeef})).value().crc,
            0xdeadbeefU);
  EXPECT_FALSE(decode_relation_token(encode_token(RelationToken{})).value().crc.has_value());
}

TEST(ParentToken, NothingElseIsOne) {
  const auto manifest = encode_token(ManifestToken{.system = 1, .ranges = {{1, 2, 3}}});
  const auto relation = encode_token(RelationToken{.crc = 5});
  EXPECT_EQ(decode_manifest_token({}).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(decode_relation_token({}).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(decode_manifest_token(relation).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(decode_relation_token(manifest).error().code(), ErrorCode::unsupported);
  for (const auto& whole : {manifest, relation}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      const auto cut = base::ByteView(whole).first(size);
      EXPECT_FALSE(decode_manifest_token(cut).ok());
      EXPECT_FALSE(decode_relation_token(cut).ok());
    }
    auto longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(decode_manifest_token(longer).ok());
    EXPECT_FALSE(decode_relation_token(longer).ok());
  }
  EXPECT_FALSE(decode_manifest_token(encode_token(ManifestToken{.system = 1, .ranges = {}})).ok())
      << "no WAL";
}

TEST(ParentToken, AnyBytesAreRead) {
  base::SeededRandom random(11);
  for (int i = 0; i < 10'000; ++i) {
    base::Bytes bytes(random.below(60));
    random.fill(bytes);
    if (!bytes.empty()) bytes[0] %= 4;
    static_cast<void>(decode_manifest_token(bytes).ok());
    static_cast<void>(decode_relation_token(bytes).ok());
  }
}

}  // namespace
}  // namespace holdfast::source
