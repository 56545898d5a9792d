// Sealed boxes: only the private key opens, and nothing altered.
#include "codec/sealed_box.hpp"

#include <gtest/gtest.h>

#include "inputs.hpp"

namespace holdfast::codec {
namespace {

using base::as_bytes;
using base::as_text;
using base::ErrorCode;
using base::to_hex;

TEST(SealedBox, PublicKeysAreX25519) {
  // RFC 7748, section 6.1: Alice's keys.
  const auto alice = unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  EXPECT_EQ(to_hex(public_key_of(alice)),
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
}

TEST(SealedBox, PointsOfSmallOrderAreNobodysKey) {
  base::SeededRandom random(3);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(is_public_key(make_box_key_pair(random).public_key));
  for (const std::string_view nobody :
       {"0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    const auto bytes = unhex(std::string(nobody));
    BoxPublicKey key;
    std::copy(bytes.begin(), bytes.end(), key.begin());
    EXPECT_FALSE(is_public_key(key)) << nobody;
  }
}

TEST(SealedBox, OpensWhatWasSealed) {
  base::SeededRandom random(1);
  const auto keys = make_box_key_pair(random);
  for (const std::string_view plain : {"", "x", "a longer secret of some bytes"}) {
    const auto box = seal_to(keys.public_key, as_bytes(plain));
    EXPECT_EQ(box.size(), plain.size() + sealed_box_overhead);
    EXPECT_EQ(as_text(open_sealed(keys, box).value().view()), plain);
  }
}

TEST(SealedBox, TheSameSecretIsSealedDifferentlyEachTime) {
  base::SeededRandom random(1);
  const auto keys = make_box_key_pair(random);
  EXPECT_NE(seal_to(keys.public_key, as_bytes("x")), seal_to(keys.public_key, as_bytes("x")));
}

TEST(SealedBox, AnotherKeyDoesNotOpen) {
  base::SeededRandom random(1);
  const auto keys = make_box_key_pair(random);
  const auto other = make_box_key_pair(random);
  EXPECT_NE(keys.public_key, other.public_key);
  EXPECT_EQ(open_sealed(other, seal_to(keys.public_key, as_bytes("x"))).error().code(),
            ErrorCode::damaged);
}

TEST(SealedBox, NothingAlteredOrCutOpens) {
  base::SeededRandom random(1);
  const auto keys = make_box_key_pair(random);
  const auto good = seal_to(keys.public_key, as_bytes("secret"));
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 4;
    ASSERT_EQ(open_sealed(keys, bad).error().code(), ErrorCode::damaged) << i;
    ASSERT_EQ(open_sealed(keys, base::ByteView(good).first(i)).error().code(), ErrorCode::damaged)
        << i;
  }
}

TEST(SealedBox, KeysComeFromTheGivenRandomness) {
  base::SeededRandom a(5);
  base::SeededRandom b(5);
  const auto first = make_box_key_pair(a);
  EXPECT_EQ(first.public_key, make_box_key_pair(b).public_key);
  EXPECT_EQ(public_key_of(first.private_key.view()), first.public_key);
}

}  // namespace
}  // namespace holdfast::codec
