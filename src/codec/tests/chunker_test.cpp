// The chunker against cuts made by another program from the header's description, and its promises.
#include "codec/chunker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chunker_reference.hpp"
#include "codec/hash.hpp"
#include "inputs.hpp"

namespace holdfast::codec {
namespace {

using base::Bytes;
using base::ByteView;
using testing::ElementsAreArray;

constexpr ChunkerParameters small{.size_min = 256, .size_target = 1024, .size_max = 4096};

// A Python program of forty lines made these lengths.
TEST(Chunker, CutsAsAnotherProgramDoes) {
  EXPECT_THAT(cut_all(Chunker(small, Bytes(32, 1)), noise(30'000, 5)),
              ElementsAreArray({1197, 1529, 1628, 1551, 685,  2681, 1213, 419,  632,  563,
                                1548, 291,  1104, 1164, 1162, 409,  975,  1118, 1089, 266,
                                971,  1590, 1426, 1235, 1314, 1562, 431,  247}));
}

TEST(Chunker, CutsTinyChunksAsAnotherProgramDoes) {
  Bytes key(32);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<base::Byte>(i);
  std::string lengths;
  for (const auto length : cut_all(
           Chunker({.size_min = 65, .size_target = 128, .size_max = 200}, key), noise(30'000, 6))) {
    lengths += (lengths.empty() ? "" : ",") + std::to_string(length);
  }
  EXPECT_EQ(base::to_hex(sha256(base::as_bytes(lengths))),
            "c249e979b07ee63e456c9edd7e65f2e03bdf49690e8a0aff205e2d29aa721501");
}

// Large enough for the lanes, whose cuts must be those of a scan byte by byte.
TEST(Chunker, LanesCutAsTheDefinitionDoes) {
  constexpr ChunkerParameters parameters{
      .size_min = 1000, .size_target = 64 * base::KiB, .size_max = 512 * base::KiB};
  const auto key = noise(32, 9);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto data = noise(1'500'000, seed);
    ASSERT_EQ(cut_all(Chunker(parameters, key), data),
              cut_all_by_definition(parameters, key, data));
  }
}

TEST(Chunker, ShortInputIsOneChunk) {
  const Chunker chunker(small, noise(32));
  for (const std::size_t size : {0UL, 1UL, 63UL, 64UL, 255UL, 256UL}) {
    EXPECT_EQ(chunker.cut(noise(size)), size);
  }
}

TEST(Chunker, UniformInputIsCutAtTheLargestSize) {
  const Chunker chunker(small, noise(32));
  EXPECT_EQ(chunker.cut(Bytes(100'000)), small.size_max);
}

TEST(Chunker, AnInsertionMovesFewCuts) {
  const Chunker chunker(small, noise(32));
  const auto data = noise(200'000);
  auto changed = data;
  changed.insert(changed.begin() + 50'000, {1, 2, 3});
  const auto before = chunk_digests(chunker, data);
  auto after = chunk_digests(chunker, changed);
  std::size_t shared = 0;
  for (const auto& digest : after) shared += before.count(digest);
  EXPECT_GE(shared + 5, before.size());
}

TEST(Chunker, TheKeyDecidesWhereToCut) {
  const auto data = noise(100'000);
  EXPECT_NE(cut_all(Chunker(small, noise(32, 1)), data),
            cut_all(Chunker(small, noise(32, 2)), data));
}

TEST(Chunker, TheMeanIsNearTheTarget) {
  constexpr ChunkerParameters parameters{
      .size_min = 8192, .size_target = 32768, .size_max = 131072};
  const auto count = cut_all(Chunker(parameters, noise(32)), noise(32 * 1024 * 1024)).size();
  const double mean = 32.0 * 1024 * 1024 / static_cast<double>(count);
  EXPECT_GT(mean, 0.9 * parameters.size_target);
  EXPECT_LT(mean, 1.4 * parameters.size_target);
}

TEST(Chunker, ParametersThatMakeNoSenseAreProgrammersMistakes) {
  const auto make = [](std::uint32_t size_min, std::uint32_t size_target, std::uint32_t size_max) {
    const Chunker chunker({size_min, size_target, size_max}, Bytes(32));
  };
  EXPECT_DEATH(make(256, 1000, 4096), "power of two");
  EXPECT_DEATH(make(64, 1024, 4096), "64 < min");
  EXPECT_DEATH(make(2048, 1024, 4096), "min <= target");
  EXPECT_DEATH(make(256, 1024, 1000), "target <= max");
}

}  // namespace
}  // namespace holdfast::codec
