// Compression: what is tried on which input, what it gains, and that damage is told from success.
#include "codec/compression.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include "base/random.hpp"
#include "base/units.hpp"
#include "inputs.hpp"

namespace holdfast::codec {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::KiB;
using base::MiB;

struct Compressed {
  Encoding encoding;
  Bytes bytes;
};

Compressed compressed(const Bytes& plain, int level = compression_level_default) {
  Compressed result;
  result.encoding = Compressor(level).compress(plain, result.bytes);
  return result;
}

base::Result<Bytes> restored(const Compressed& in, std::size_t size) {
  Bytes out(size);
  TRY(Decompressor().decompress(in.encoding, in.bytes, out));
  return out;
}

double ratio(const Compressed& in, const Bytes& plain) {
  return static_cast<double>(in.bytes.size()) / static_cast<double>(plain.size());
}

TEST(Compressor, ShortensTextAndRecords) {
  for (const auto& plain : {text(2 * MiB), records(2 * MiB), text(1000), records(4000)}) {
    const auto out = compressed(plain);
    EXPECT_EQ(out.encoding.codec, Codec::zstd);
    EXPECT_EQ(out.encoding.filter, Filter::none);
    EXPECT_LT(ratio(out, plain), 0.5);
    EXPECT_EQ(restored(out, plain.size()).value(), plain);
  }
}

TEST(Compressor, StoresNoise) {
  for (const std::size_t size : {1UL, 100UL, 5000UL, 100'000UL, 2 * MiB}) {
    const auto plain = noise(size);
    const auto out = compressed(plain);
    EXPECT_EQ(out.encoding.codec, Codec::none) << size;
    EXPECT_EQ(out.bytes, plain);
  }
}

TEST(Compressor, FindsTextBesideNoise) {
  for (const auto& plain : {joined(noise(MiB), text(MiB)), joined(text(MiB), noise(MiB)),
                            joined(noise(8 * KiB), text(8 * KiB))}) {
    const auto out = compressed(plain);
    EXPECT_EQ(out.encoding.codec, Codec::zstd);
    EXPECT_LT(ratio(out, plain), 0.75);
  }
  // An eighth, at the end.
  const auto plain = joined(noise(7 * MiB / 4), text(MiB / 4));
  EXPECT_LT(ratio(compressed(plain), plain), 0.95);
}

TEST(Compressor, FindsNoiseThatComesTwice) {
  for (const std::size_t size : {16 * KiB, 256 * KiB, MiB}) {
    const auto once = noise(size);
    const auto plain = joined(once, once);
    EXPECT_LT(ratio(compressed(plain), plain), 0.6) << size;
  }
}

TEST(Compressor, FindsARepeatedTableOfNoise) {
  const auto table = noise(16 * 200);
  base::SeededRandom random(3);
  Bytes plain;
  while (plain.size() < 256 * KiB) {
    const auto at = static_cast<std::ptrdiff_t>(16 * random.below(200));
    plain.insert(plain.end(), table.begin() + at, table.begin() + at + 16);
  }
  EXPECT_LT(ratio(compressed(plain), plain), 0.5);
}

TEST(Compressor, PutsFloatingPointNumbersIntoPlanes) {
  const auto bf16 = bf16_weights(500'000);
  const auto fp32 = fp32_weights(250'000);
  const auto by_2 = compressed(bf16);
  const auto by_4 = compressed(fp32);
  EXPECT_EQ(by_2.encoding.filter, Filter::planes_2);
  EXPECT_EQ(by_4.encoding.filter, Filter::planes_4);
  EXPECT_LT(ratio(by_2, bf16), 0.69);
  EXPECT_LT(ratio(by_4, fp32), 0.86);
  EXPECT_EQ(restored(by_2, bf16.size()).value(), bf16);
  EXPECT_EQ(restored(by_4, fp32.size()).value(), fp32);
}

TEST(Compressor, PutsNumbersIntoPlanesWhereverTheyBegin) {
  auto plain = bf16_weights(500'000);
  plain.erase(plain.begin());
  const auto out = compressed(plain);
  EXPECT_EQ(out.encoding.filter, Filter::planes_2);
  EXPECT_LT(ratio(out, plain), 0.69);
  EXPECT_EQ(restored(out, plain.size()).value(), plain);
}

TEST(Compressor, GainsOnHalfPrecision) {
  const auto plain = fp16_weights(500'000);
  EXPECT_LT(ratio(compressed(plain), plain), 0.91);
}

TEST(Compressor, NeverLosesToPlainZstdByMuch) {
  constexpr int level = 3;  // level 1 has parameters of its own
  for (const auto& plain :
       {text(MiB), records(MiB), bf16_weights(500'000), joined(bf16_weights(200'000), text(MiB)),
        joined(records(MiB / 2), bf16_weights(100'000)), Bytes(MiB),
        joined(Bytes(MiB), noise(MiB))}) {
    Bytes reference(ZSTD_compressBound(plain.size()));
    const auto size =
        ZSTD_compress(reference.data(), reference.size(), plain.data(), plain.size(), level);
    EXPECT_LE(compressed(plain, level).bytes.size(), size + plain.size() / 100);
  }
}

TEST(Compressor, LevelZeroStores) {
  const auto plain = text(100'000);
  const auto out = compressed(plain, 0);
  EXPECT_EQ(out.encoding.codec, Codec::none);
  EXPECT_EQ(out.bytes, plain);
}

TEST(Compressor, HigherLevelsShortenMore) {
  const auto plain = records(MiB);
  EXPECT_LT(compressed(plain, 12).bytes.size(), compressed(plain, 1).bytes.size());
  for (const int level : {1, 19}) {
    EXPECT_EQ(restored(compressed(plain, level), plain.size()).value(), plain);
  }
}

TEST(Compressor, AppendsAndKeepsWhatIsThere) {
  Compressor compressor(compression_level_default);
  Bytes out{1, 2, 3};
  (void)compressor.compress(text(10'000), out);
  EXPECT_EQ(Bytes(out.begin(), out.begin() + 3), (Bytes{1, 2, 3}));
  const auto before = out;
  (void)compressor.compress(noise(10'000), out);
  EXPECT_EQ(Bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(before.size())), before);
  EXPECT_EQ(out.size(), before.size() + 10'000);
}

TEST(Compressor, IsPureWhateverItDidBefore) {
  Compressor used(compression_level_default);
  Bytes ignored;
  for (const auto& plain : {text(MiB), bf16_weights(100'000), noise(50'000), Bytes(MiB)}) {
    (void)used.compress(plain, ignored);
  }
  for (const auto& plain : {records(MiB), text(300), bf16_weights(200'000), text(MiB)}) {
    Bytes out;
    const auto encoding = used.compress(plain, out);
    const auto fresh = compressed(plain);
    EXPECT_EQ(out, fresh.bytes);
    EXPECT_EQ(encoding.filter, fresh.encoding.filter);
  }
}

TEST(Decompressor, SaysWhenTheSizeIsWrong) {
  const auto plain = text(10'000);
  const auto out = compressed(plain);
  for (const std::size_t size : {0UL, 1UL, plain.size() - 1, plain.size() + 1, plain.size() * 2}) {
    EXPECT_EQ(restored(out, size).error().code(), ErrorCode::damaged) << size;
  }
  const auto stored = compressed(noise(100));
  EXPECT_EQ(restored(stored, 99).error().code(), ErrorCode::damaged);
  EXPECT_EQ(restored(stored, 101).error().code(), ErrorCode::damaged);
}

TEST(Decompressor, EveryPrefixIsDamaged) {
  const auto plain = text(3000);
  auto out = compressed(plain);
  while (!out.bytes.empty()) {
    out.bytes.pop_back();
    ASSERT_EQ(restored(out, plain.size()).error().code(), ErrorCode::damaged);
  }
}

TEST(Decompressor, TakesOneFrameOnly) {
  const auto plain = text(3000);
  auto out = compressed(plain);
  auto longer = out;
  longer.bytes.push_back(0);
  EXPECT_EQ(restored(longer, plain.size()).error().code(), ErrorCode::damaged);
  longer.bytes = joined(out.bytes, out.bytes);
  EXPECT_EQ(restored(longer, plain.size() * 2).error().code(), ErrorCode::damaged);
  // A skippable frame holds nothing.
  out.bytes = unhex("502a4d1800000000");
  EXPECT_EQ(restored(out, 0).error().code(), ErrorCode::damaged);
}

TEST(Decompressor, AnEmptyChunkIsStored) {
  const auto out = compressed({});
  EXPECT_EQ(out.encoding.codec, Codec::none);
  EXPECT_TRUE(restored(out, 0).ok());
}

TEST(Decompressor, UnknownCodecsAndFiltersAreUnsupported) {
  Compressed in{.encoding = {static_cast<Codec>(2), Filter::none}, .bytes = Bytes(10)};
  EXPECT_EQ(restored(in, 10).error().code(), ErrorCode::unsupported);
  in.encoding = {Codec::none, static_cast<Filter>(3)};
  EXPECT_EQ(restored(in, 10).error().code(), ErrorCode::unsupported);
}

TEST(Decompressor, UndoesAFilterWithoutACodec) {
  const Compressed in{.encoding = {Codec::none, Filter::planes_2}, .bytes = {1, 3, 2, 4, 5}};
  EXPECT_EQ(restored(in, 5).value(), (Bytes{1, 2, 3, 4, 5}));
}

TEST(Decompressor, WorksOnAfterDamage) {
  const auto plain = text(10'000);
  const auto good = compressed(plain);
  auto bad = good;
  bad.bytes[bad.bytes.size() / 2] ^= 0x55;
  Decompressor decompressor;
  Bytes out(plain.size());
  (void)decompressor.decompress(bad.encoding, bad.bytes, out);
  ASSERT_TRUE(decompressor.decompress(good.encoding, good.bytes, out).ok());
  EXPECT_EQ(out, plain);
}

}  // namespace
}  // namespace holdfast::codec
