// AES-256-GCM: known answers, tampering, in-place use, threads.
#include "codec/cipher.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "inputs.hpp"
#include "io/executor.hpp"

namespace holdfast::codec {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::MutableByteView;
using base::to_hex;

Bytes sealed(const Cipher& cipher, const Nonce& nonce, ByteView associated, ByteView plain) {
  Bytes out(plain.size() + cipher_tag_size);
  cipher.seal(nonce, associated, plain, out);
  return out;
}

base::Result<Bytes> opened(const Cipher& cipher, const Nonce& nonce, ByteView associated,
                           ByteView in) {
  Bytes out(in.size() < cipher_tag_size ? 0 : in.size() - cipher_tag_size);
  TRY(cipher.open(nonce, associated, in, out));
  return out;
}

// Test cases 13 and 16 of McGrew and Viega, "The Galois/Counter Mode of Operation".
TEST(Cipher, KnownAnswers) {
  EXPECT_EQ(to_hex(sealed(Cipher(Bytes(32)), Nonce{}, {}, {})), "530f8afbc74536b9a963b4f1c4cb738b");
  const Cipher cipher(unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
  const auto plain = unhex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449"
      "a6b525b16aedf5aa0de657ba637b39");
  const auto associated = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  Nonce nonce;
  const auto nonce_bytes = unhex("cafebabefacedbaddecaf888");
  std::copy(nonce_bytes.begin(), nonce_bytes.end(), nonce.begin());
  const auto out = sealed(cipher, nonce, associated, plain);
  EXPECT_EQ(
      to_hex(out),
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10"
      "56828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
  EXPECT_EQ(opened(cipher, nonce, associated, out).value(), plain);
}

TEST(Cipher, NonceOfOrdinalIsLittleEndianAndPadded) {
  EXPECT_EQ(to_hex(nonce_of_ordinal(0x0102030405060708)), "080706050403020100000000");
}

TEST(Cipher, EveryAlteredBitIsFound) {
  const Cipher cipher(noise(32));
  const auto plain = text(40);
  const auto good = sealed(cipher, nonce_of_ordinal(1), base::as_bytes("context"), plain);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<base::Byte>(1 << (bit % 8));
    const auto got = opened(cipher, nonce_of_ordinal(1), base::as_bytes("context"), bad);
    ASSERT_FALSE(got.ok()) << bit;
    ASSERT_EQ(got.error().code(), ErrorCode::damaged);
  }
}

TEST(Cipher, AnotherNonceContextOrKeyDoesNotOpen) {
  const Cipher cipher(noise(32, 1));
  const auto associated = base::as_bytes("context");
  const auto in = sealed(cipher, nonce_of_ordinal(1), associated, text(40));
  EXPECT_TRUE(opened(cipher, nonce_of_ordinal(1), associated, in).ok());
  EXPECT_FALSE(opened(cipher, nonce_of_ordinal(2), associated, in).ok());
  EXPECT_FALSE(opened(cipher, nonce_of_ordinal(1), base::as_bytes("contexT"), in).ok());
  EXPECT_FALSE(opened(cipher, nonce_of_ordinal(1), {}, in).ok());
  EXPECT_FALSE(opened(Cipher(noise(32, 2)), nonce_of_ordinal(1), associated, in).ok());
}

TEST(Cipher, EveryPrefixIsDamaged) {
  const Cipher cipher(noise(32));
  const auto good = sealed(cipher, Nonce{}, {}, text(20));
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto got = opened(cipher, Nonce{}, {}, ByteView(good).first(size));
    ASSERT_FALSE(got.ok()) << size;
    ASSERT_EQ(got.error().code(), ErrorCode::damaged);
  }
}

TEST(Cipher, WorksInPlace) {
  const Cipher cipher(noise(32));
  for (const std::size_t size : {0UL, 1UL, 15UL, 16UL, 17UL, 255UL, 100'000UL}) {
    const auto plain = noise(size, size + 5);
    auto buffer = plain;
    buffer.resize(size + cipher_tag_size);
    cipher.seal(nonce_of_ordinal(3), {}, ByteView(buffer).first(size), buffer);
    EXPECT_EQ(buffer, sealed(cipher, nonce_of_ordinal(3), {}, plain));
    ASSERT_TRUE(
        cipher.open(nonce_of_ordinal(3), {}, buffer, MutableByteView(buffer).first(size)).ok());
    buffer.resize(size);
    EXPECT_EQ(buffer, plain);
  }
}

TEST(Cipher, AFailureDoesNotSpoilTheNextCall) {
  const Cipher cipher(noise(32));
  const auto good = sealed(cipher, Nonce{}, {}, text(50));
  auto bad = good;
  bad[3] ^= 1;
  EXPECT_FALSE(opened(cipher, Nonce{}, {}, bad).ok());
  EXPECT_EQ(opened(cipher, Nonce{}, {}, good).value(), text(50));
}

TEST(Cipher, KeysTakeTurnsOnOneThread) {
  const Cipher a(noise(32, 1));
  const Cipher b(noise(32, 2));
  const auto by_a = sealed(a, Nonce{}, {}, text(30));
  const auto by_b = sealed(b, Nonce{}, {}, text(30));
  EXPECT_NE(by_a, by_b);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(opened(a, Nonce{}, {}, by_a).ok());
    EXPECT_TRUE(opened(b, Nonce{}, {}, by_b).ok());
    EXPECT_EQ(sealed(a, Nonce{}, {}, text(30)), by_a);
  }
}

TEST(Cipher, ANewKeyAtAnOldAddressIsANewKey) {
  Bytes first;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const Cipher cipher(noise(32, seed));
    const auto out = sealed(cipher, Nonce{}, {}, text(30));
    EXPECT_NE(out, first);
    first = out;
  }
}

TEST(Cipher, OneKeyServesManyThreads) {
  io::ThreadExecutor executor;
  const Cipher cipher(noise(32));
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (std::uint64_t t = 0; t < 4; ++t) {
    tasks.push_back(executor.spawn("sealer", [&cipher, t] {
      for (std::uint64_t i = 0; i < 200; ++i) {
        const auto plain = noise(i * 7, t);
        const auto out = sealed(cipher, nonce_of_ordinal(t * 1000 + i), {}, plain);
        ASSERT_EQ(opened(cipher, nonce_of_ordinal(t * 1000 + i), {}, out).value(), plain);
      }
    }));
  }
}

TEST(Cipher, WrongSizesAreProgrammersMistakes) {
  EXPECT_DEATH(Cipher(Bytes(31)), "32 bytes");
  const Cipher cipher(Bytes(32));
  Bytes out(10);
  EXPECT_DEATH(cipher.seal(Nonce{}, {}, Bytes(10), out), "room");
}

}  // namespace
}  // namespace holdfast::codec
