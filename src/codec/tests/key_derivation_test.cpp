// Key derivation against RFC 5869 and another implementation of Argon2id (OpenSSL's), and its
// limits.
#include "codec/key_derivation.hpp"

#include <gtest/gtest.h>

#include "inputs.hpp"

namespace holdfast::codec {
namespace {

using base::as_bytes;
using base::Bytes;
using base::to_hex;

Bytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<base::Byte>(i);
  return bytes;
}

TEST(DeriveKey, Rfc5869WithoutSalt) {
  // Test case 3, the first block.
  EXPECT_EQ(to_hex(derive_key(Bytes(22, 0x0b), "").view()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(DeriveKey, AgreesWithAnotherImplementation) {
  EXPECT_EQ(to_hex(derive_key(counting(32), "holdfast test purpose").view()),
            "67de4a44b640cf9dc7bc379f26a0c28adcd5e2a4c7d9e47768be51392d4b301a");
}

TEST(DeriveKey, EachPurposeHasItsKey) {
  const auto key = noise(32);
  EXPECT_NE(to_hex(derive_key(key, "a").view()), to_hex(derive_key(key, "b").view()));
  EXPECT_NE(to_hex(derive_key(key, "a").view()), to_hex(derive_key(noise(32, 2), "a").view()));
}

TEST(KeyOfPassphrase, AgreesWithAnotherImplementation) {
  const auto key =
      key_of_passphrase(as_bytes("correct horse"), counting(16), {.memory_kib = 8192, .passes = 1});
  EXPECT_EQ(to_hex(key.value().view()),
            "68aa6b3e6343f355586e5dd84710fb380cc542b0a47fa8a06ad81318fa48e3b3");
  EXPECT_EQ(to_hex(key_of_passphrase(as_bytes("correct horse"), counting(16), {}).value().view()),
            "e3c889ca40ed01e6b6771fc8a5bf16e35ad60b41c9bd5d7e6d63adf51e50b0fd")
      << "the default cost: 64 MiB, 3 passes";
}

TEST(KeyOfPassphrase, DependsOnSaltAndCost) {
  const auto key = [](std::string_view passphrase, base::Byte salt, std::uint32_t passes) {
    return to_hex(key_of_passphrase(as_bytes(passphrase), Bytes(16, salt),
                                    {.memory_kib = 8192, .passes = passes})
                      .value()
                      .view());
  };
  const auto first = key("a", 1, 1);
  EXPECT_EQ(key("a", 1, 1), first);
  EXPECT_NE(key("b", 1, 1), first);
  EXPECT_NE(key("a", 2, 1), first);
  EXPECT_NE(key("a", 1, 2), first);
  EXPECT_NE(key("", 1, 1), first) << "an empty passphrase is one too";
}

TEST(KeyOfPassphrase, RefusesCostsOutsideItsLimits) {
  using Cost = PassphraseCost;
  for (const auto& cost :
       {Cost{.memory_kib = 8191}, Cost{.memory_kib = 1024 * 1024 + 1}, Cost{.memory_kib = 0},
        Cost{.memory_kib = UINT32_MAX}, Cost{.passes = 0}, Cost{.passes = 17}}) {
    const auto got = key_of_passphrase(as_bytes("x"), Bytes(16), cost);
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().code(), base::ErrorCode::damaged);
  }
  EXPECT_FALSE(key_of_passphrase(as_bytes("x"), Bytes(15), {}).ok());
  EXPECT_FALSE(key_of_passphrase(as_bytes("x"), Bytes(17), {}).ok());
}

}  // namespace
}  // namespace holdfast::codec
