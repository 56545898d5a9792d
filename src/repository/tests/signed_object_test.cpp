// The envelope: it tells who signed, and lets nothing altered through.
#include "repository/signed_object.hpp"

#include <gtest/gtest.h>

#include "golden.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

constexpr ShortId repository_id{1, 2, 3};

codec::SigningKey key_of(std::uint64_t seed) {
  base::SeededRandom random(seed);
  return codec::SigningKey(random.array<32>());
}

SignerSet signers() {
  SignerSet set;
  set.add({.verify_key = key_of(1).verify_key(), .role = Signer::Role::admin, .label = "admin"});
  set.add({.verify_key = key_of(2).verify_key(), .domain = {7}, .label = "writer"});
  return set;
}

base::Bytes object(std::uint64_t seed = 2, const ShortId& repository = repository_id) {
  return sign_object(note_magic, repository, key_of(seed), base::as_bytes("the body"));
}

TEST(SignedObject, TellsWhoSignedIt) {
  const auto set = signers();
  const auto bytes = object();
  const auto opened = open_signed(note_magic, repository_id, set, bytes);
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  EXPECT_EQ(base::as_text(opened.value().body), "the body");
  EXPECT_EQ(opened.value().signer->label, "writer");
  EXPECT_EQ(opened.value().signer->role, Signer::Role::writer);
  const auto by_admin = object(1);
  const auto admin = open_signed(note_magic, repository_id, set, by_admin);
  ASSERT_TRUE(admin.ok());
  EXPECT_EQ(admin.value().signer->role, Signer::Role::admin);
}

TEST(SignedObject, AnEmptyBody) {
  const auto set = signers();
  const auto bytes = sign_object(note_magic, repository_id, key_of(1), {});
  const auto opened = open_signed(note_magic, repository_id, set, bytes);
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(opened.value().body.empty());
}

TEST(SignedObject, Golden) { expect_golden("signed_object", object()); }

TEST(SignedObject, EveryFlippedBitFails) {
  const auto set = signers();
  const auto bytes = object();
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    auto flipped = bytes;
    flipped[i / 8] ^= static_cast<base::Byte>(1U << (i % 8));
    ASSERT_FALSE(open_signed(note_magic, repository_id, set, flipped).ok()) << "bit " << i;
  }
}

TEST(SignedObject, EveryCutFails) {
  const auto set = signers();
  const auto bytes = object();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto opened =
        open_signed(note_magic, repository_id, set, base::ByteView(bytes).first(size));
    ASSERT_EQ(opened.error().code(), ErrorCode::damaged) << size;
  }
  auto longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(open_signed(note_magic, repository_id, set, longer).ok());
}

TEST(SignedObject, IsOfOneKindAndOneRepository) {
  const auto set = signers();
  const auto bytes = object();
  EXPECT_EQ(open_signed(snapshot_magic, repository_id, set, bytes).error().code(),
            ErrorCode::damaged);
  const auto foreign = object(2, ShortId{9});
  EXPECT_EQ(open_signed(note_magic, repository_id, set, foreign).error().code(),
            ErrorCode::damaged);
}

TEST(SignedObject, AStrangersIsDenied) {
  const auto set = signers();
  EXPECT_EQ(open_signed(note_magic, repository_id, set, object(3)).error().code(),
            ErrorCode::permission_denied);
  EXPECT_EQ(open_signed(note_magic, repository_id, SignerSet(), object()).error().code(),
            ErrorCode::permission_denied);
}

// A stranger who puts a known signer's id over his own signature.
TEST(SignedObject, ABorrowedNameIsDamaged) {
  const auto set = signers();
  auto bytes = object(3);
  const auto id = signer_id(key_of(2).verify_key());
  std::copy(id.begin(), id.end(), bytes.begin() + 4 + 4 + 16);
  EXPECT_EQ(open_signed(note_magic, repository_id, set, bytes).error().code(), ErrorCode::damaged);
}

TEST(SignedObject, ANewerVersionIsUnsupported) {
  auto bytes = object();
  bytes[4] = 2;
  const auto opened = open_signed(note_magic, repository_id, signers(), bytes);
  EXPECT_EQ(opened.error().code(), ErrorCode::unsupported);
  EXPECT_FALSE(opened.error().hint().empty());
}

TEST(SignedObject, ASignersIdIsTheBeginningOfItsKeysHash) {
  const auto key = key_of(1).verify_key();
  const auto hash = codec::sha256(key);
  const auto id = signer_id(key);
  EXPECT_TRUE(std::equal(id.begin(), id.end(), hash.begin()));
  EXPECT_EQ(signers().find(id)->label, "admin");
  EXPECT_EQ(signers().find(ShortId{}), nullptr);
}

}  // namespace
}  // namespace holdfast::repository
