// Ed25519 against RFC 8032 and another implementation (OpenSSL's), and against tampering.
#include "codec/signature.hpp"

#include <gtest/gtest.h>

#include "inputs.hpp"

namespace holdfast::codec {
namespace {

using base::as_bytes;
using base::to_hex;

SigningKey rfc_key() {
  return SigningKey(unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
}

TEST(Signature, Rfc8032Test1) {
  const auto key = rfc_key();
  EXPECT_EQ(to_hex(key.verify_key()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(
      to_hex(key.sign({})),
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
      "f9b46bd25bf5f0595bbe24655141438e7a100b");
}

TEST(Signature, AgreesWithAnotherImplementation) {
  EXPECT_EQ(
      to_hex(rfc_key().sign(as_bytes("holdfast"))),
      "c0c3ae6416e56c0d74f76c4c97624ffaa3a53fa52b7c781d1246b4b2b12efc2758b5aebdfadf048311c32b2f9a"
      "c8b1c37661e15513616db6a03a76c04de3df04");
}

TEST(Signature, HoldsForItsMessageAndKeyOnly) {
  const auto key = rfc_key();
  const auto message = text(100);
  const auto signature = key.sign(message);
  EXPECT_TRUE(is_signed_by(key.verify_key(), message, signature));
  EXPECT_FALSE(is_signed_by(key.verify_key(), text(101), signature));
  EXPECT_FALSE(is_signed_by(SigningKey(noise(32)).verify_key(), message, signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    auto bad = signature;
    bad[i] ^= 0x10;
    ASSERT_FALSE(is_signed_by(key.verify_key(), message, bad)) << i;
  }
}

TEST(Signature, AKeyOfZerosOrNoiseSignsNothing) {
  // Points of small order would let anyone sign for anything.
  EXPECT_FALSE(is_signed_by(VerifyKey{}, as_bytes("x"), Signature{}));
  VerifyKey one{};
  one[0] = 1;
  EXPECT_FALSE(is_signed_by(one, as_bytes("x"), Signature{}));
}

TEST(SigningKey, ItsSeedIsAllThereIs) {
  const auto key = rfc_key();
  EXPECT_EQ(to_hex(key.seed()), "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const auto clone = key.clone();
  EXPECT_EQ(clone.verify_key(), key.verify_key());
  EXPECT_EQ(clone.sign(as_bytes("x")), key.sign(as_bytes("x")));
  EXPECT_DEATH(SigningKey(noise(31)), "32 bytes");
}

}  // namespace
}  // namespace holdfast::codec
