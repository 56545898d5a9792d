// Hostile bytes for everything here that reads bytes from outside: it may refuse them, and nothing
// else.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "codec/cipher.hpp"
#include "codec/compression.hpp"
#include "codec/sealed_box.hpp"
#include "inputs.hpp"

namespace holdfast::codec {
namespace {

using base::Bytes;

constexpr int rounds = 20'000;

// Some bytes replaced, removed or added.
Bytes mutated(Bytes bytes, base::Random& random) {
  for (auto n = random.below(4) + 1; n > 0; --n) {
    const auto at = static_cast<std::ptrdiff_t>(random.below(bytes.size() + 1));
    const auto what = random.below(4);
    if (what == 0) {
      bytes.insert(bytes.begin() + at, static_cast<base::Byte>(random.number()));
    } else if (bytes.empty()) {
      continue;
    } else if (what == 1) {
      bytes.erase(bytes.begin() + std::min(at, static_cast<std::ptrdiff_t>(bytes.size()) - 1));
    } else {
      bytes[random.below(bytes.size())] ^= static_cast<base::Byte>(1 + random.below(255));
    }
  }
  return bytes;
}

TEST(DecompressorFuzz, MutatedFramesAreRefusedOrDecoded) {
  base::SeededRandom random(1);
  Decompressor decompressor;
  for (const auto& plain : {text(2000), records(5000), bf16_weights(4000), Bytes(3000)}) {
    Bytes good;
    const auto encoding = Compressor(compression_level_default).compress(plain, good);
    for (int i = 0; i < rounds; ++i) {
      Bytes out(plain.size());
      const auto got = decompressor.decompress(encoding, mutated(good, random), out);
      ASSERT_TRUE(got.ok() || got.error().code() == base::ErrorCode::damaged);
    }
  }
}

TEST(DecompressorFuzz, NoiseWithAndWithoutAFrameHeaderIsRefused) {
  base::SeededRandom random(2);
  Decompressor decompressor;
  int refused = 0;
  for (int i = 0; i < rounds; ++i) {
    auto in = noise(random.below(200), random.number());
    if (i % 2 == 0) in = joined(unhex("28b52ffd"), in);
    Bytes out(random.below(5000));
    const Encoding encoding{Codec::zstd, static_cast<Filter>(random.below(3))};
    refused += decompressor.decompress(encoding, in, out).ok() ? 0 : 1;
  }
  EXPECT_GT(refused, rounds * 9 / 10);
}

TEST(DecompressorFuzz, AFrameThatClaimsAHugeWindowTakesNoMemory) {
  // A window descriptor of 0xff: two terabytes and more.
  const auto in = unhex(
      "28b52ffd00ff"
      "010000");
  Bytes out(10);
  EXPECT_FALSE(Decompressor().decompress({Codec::zstd, Filter::none}, in, out).ok());
}

TEST(CipherFuzz, MutatedObjectsNeverOpen) {
  base::SeededRandom random(3);
  const Cipher cipher(noise(32));
  Bytes good(100 + cipher_tag_size);
  cipher.seal(nonce_of_ordinal(1), {}, text(100), good);
  for (int i = 0; i < rounds; ++i) {
    const auto bad = mutated(good, random);
    if (bad == good) continue;
    Bytes out(bad.size() < cipher_tag_size ? 0 : bad.size() - cipher_tag_size);
    ASSERT_FALSE(cipher.open(nonce_of_ordinal(1), {}, bad, out).ok());
  }
}

TEST(SealedBoxFuzz, MutatedBoxesNeverOpen) {
  base::SeededRandom random(4);
  const auto keys = make_box_key_pair(random);
  const auto good = seal_to(keys.public_key, text(32));
  for (int i = 0; i < 1000; ++i) {
    const auto bad = mutated(good, random);
    if (bad == good) continue;
    ASSERT_FALSE(open_sealed(keys, bad).ok());
  }
}

}  // namespace
}  // namespace holdfast::codec
