// What follows from an id key, and what hides under it.
#include "repository/domain.hpp"

#include <gtest/gtest.h>

#include <set>

#include "codec/key_derivation.hpp"
#include "golden.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

constexpr ShortId repository_id{1, 2, 3};
constexpr ShortId domain_id{4, 5, 6};

Domain make_domain(std::uint64_t seed = 1, const ShortId& id = domain_id) {
  base::SeededRandom random(seed);
  return Domain(id, random.array<32>());
}

base::Bytes sealed(const Domain& domain, std::string_view plaintext) {
  base::SeededRandom random(9);
  base::Bytes bytes;
  base::ByteWriter out(bytes);
  domain.seal_receipt(repository_id, "HFSN", base::as_bytes(plaintext), random, out);
  return bytes;
}

base::Result<base::Bytes> opened(const Domain& domain, base::ByteView bytes,
                                 const ShortId& repository = repository_id,
                                 std::string_view magic = "HFSN") {
  base::ByteReader in(bytes);
  return domain.open_receipt(repository, magic, in);
}

TEST(Domain, IdsAreKeyedHashesAsTheFormatStates) {
  const auto domain = make_domain();
  const auto content = base::as_bytes("content");
  const auto data = codec::derive_key(domain.id_key(), "holdfast chunk data");
  const auto tree = codec::derive_key(domain.id_key(), "holdfast chunk tree");
  EXPECT_EQ(domain.id_of(ChunkType::data, content), codec::KeyedHash(data.view())(content));
  EXPECT_EQ(domain.id_of(ChunkType::tree, content), codec::KeyedHash(tree.view())(content));
}

TEST(Domain, OtherKeysGiveOtherIds) {
  const auto content = base::as_bytes("content");
  const auto one = make_domain(1);
  const auto two = make_domain(2);
  EXPECT_NE(one.id_of(ChunkType::data, content), two.id_of(ChunkType::data, content));
  EXPECT_NE(one.id_of(ChunkType::data, content), one.id_of(ChunkType::tree, content));
}

TEST(Domain, DerivedKeysDiffer) {
  const auto domain = make_domain();
  std::set<std::string> keys;
  for (const auto key : {domain.id_key(), domain.chunker_key(), domain.small_file_key()}) {
    EXPECT_EQ(key.size(), 32U);
    keys.insert(base::to_hex(key));
  }
  EXPECT_EQ(keys.size(), 3U);
}

TEST(Domain, ReceiptRoundTrip) {
  const auto domain = make_domain();
  for (const std::size_t size : {0UL, 1UL, 15UL, 16UL, 100'000UL}) {
    const std::string text(size, 'x');
    const auto plaintext = opened(domain, sealed(domain, text));
    ASSERT_TRUE(plaintext.ok());
    EXPECT_EQ(base::as_text(plaintext.value()), text);
  }
}

TEST(Domain, ReceiptGolden) { expect_golden("receipt", sealed(make_domain(), "what is hidden")); }

TEST(Domain, AReceiptIsBoundToItsPlace) {
  const auto domain = make_domain();
  const auto bytes = sealed(domain, "text");
  EXPECT_EQ(opened(domain, bytes, ShortId{9}).error().code(), ErrorCode::damaged);
  EXPECT_EQ(opened(domain, bytes, repository_id, "HFNO").error().code(), ErrorCode::damaged);
  EXPECT_EQ(opened(make_domain(2), bytes).error().code(), ErrorCode::damaged) << "another key";
  EXPECT_EQ(opened(make_domain(1, ShortId{7}), bytes).error().code(), ErrorCode::damaged)
      << "another domain";
}

TEST(Domain, AnAlteredReceiptDoesNotOpen) {
  const auto domain = make_domain();
  const auto bytes = sealed(domain, "some text");
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    auto flipped = bytes;
    flipped[i / 8] ^= static_cast<base::Byte>(1U << (i % 8));
    ASSERT_EQ(opened(domain, flipped).error().code(), ErrorCode::damaged) << "bit " << i;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_FALSE(opened(domain, base::ByteView(bytes).first(size)).ok()) << size;
  }
}

TEST(Domain, ALengthBeyondTheLimitIsRefused) {
  base::Bytes bytes(32);
  base::ByteWriter out(bytes);
  out.varint(~0ULL);
  EXPECT_EQ(opened(make_domain(), bytes).error().code(), ErrorCode::damaged);
}

}  // namespace
}  // namespace holdfast::repository
