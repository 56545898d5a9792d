// SHA-256 against FIPS 180-4's examples, HMAC-SHA256 against RFC 4231's.
#include "codec/hash.hpp"

#include <gtest/gtest.h>

#include "inputs.hpp"

namespace holdfast::codec {
namespace {

using base::as_bytes;
using base::Bytes;
using base::to_hex;

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha256(Bytes(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, AStreamInPiecesIsTheWhole) {
  const auto data = noise(10'000);
  for (const std::size_t piece : {1UL, 63UL, 64UL, 65UL, 4096UL, 20'000UL}) {
    Sha256 hash;
    for (std::size_t at = 0; at < data.size(); at += piece) {
      hash.update(base::ByteView(data).subspan(at, std::min(piece, data.size() - at)));
    }
    EXPECT_EQ(hash.finish(), sha256(data)) << piece;
  }
}

TEST(Sha256, MovesWithItsState) {
  Sha256 hash;
  hash.update(as_bytes("ab"));
  Sha256 moved = std::move(hash);
  moved.update(as_bytes("c"));
  EXPECT_EQ(moved.finish(), sha256(as_bytes("abc")));
}

TEST(Sha256, IsFinishedOnce) {
  Sha256 hash;
  (void)hash.finish();
  EXPECT_DEATH((void)hash.finish(), "finished");
  EXPECT_DEATH(hash.update({}), "finished");
}

std::string hmac(const Bytes& key, const Bytes& data) { return to_hex(KeyedHash(key)(data)); }
Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

TEST(KeyedHash, Rfc4231) {
  EXPECT_EQ(hmac(Bytes(20, 0x0b), bytes_of("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac(bytes_of("Jefe"), bytes_of("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac(Bytes(20, 0xaa), Bytes(50, 0xdd)),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(hmac(unhex("0102030405060708090a0b0c0d0e0f10111213141516171819"), Bytes(50, 0xcd)),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  EXPECT_EQ(
      hmac(Bytes(131, 0xaa), bytes_of("Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hmac(Bytes(131, 0xaa),
                 bytes_of("This is a test using a larger than block-size key and a larger than "
                          "block-size data. The key needs to be hashed before being used by the "
                          "HMAC algorithm.")),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(KeyedHash, AKeyOfOneBlockIsNotHashed) {
  EXPECT_NE(hmac(Bytes(64, 1), {}),
            hmac(bytes_of(std::string(base::as_text(sha256(Bytes(64, 1))))), {}));
  const Digest folded = sha256(Bytes(65, 1));
  EXPECT_EQ(hmac(Bytes(65, 1), {}), hmac(Bytes(folded.begin(), folded.end()), {}));
}

TEST(KeyedHash, ServesManyCalls) {
  const KeyedHash hash(as_bytes("key"));
  const auto first = hash(as_bytes("data"));
  (void)hash(as_bytes("other"));
  EXPECT_EQ(hash(as_bytes("data")), first);
  KeyedHash source(as_bytes("key"));
  const KeyedHash moved = std::move(source);
  EXPECT_EQ(moved(as_bytes("data")), first);
}

}  // namespace
}  // namespace holdfast::codec
