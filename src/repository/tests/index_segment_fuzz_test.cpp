// Hostile index segments: refused, or as sound as one of ours.
#include <gtest/gtest.h>

#include <algorithm>

#include "mutation.hpp"
#include "repository/index_segment.hpp"

namespace holdfast::repository {
namespace {

base::Bytes valid_segment() {
  base::SeededRandom random(21);
  IndexSegment segment;
  for (int i = 0; i < 4; ++i)
    segment.packs.push_back({random.array<32>(), ChunkType::data, 1 << 20});
  for (int i = 0; i < 2; ++i) segment.superseded.push_back(random.array<32>());
  for (std::uint16_t i = 0; i < 40; ++i) {
    segment.chunks.push_back({random.array<32>(), static_cast<std::uint32_t>(random.below(4)),
                              static_cast<std::uint32_t>(random.below(1 << 19)), 1000, 0, i});
  }
  std::sort(segment.chunks.begin(), segment.chunks.end(),
            [](const ChunkPlace& a, const ChunkPlace& b) { return a.id < b.id; });
  return encode_segment(segment);
}

TEST(IndexSegmentFuzz, TruncatedAtEveryLength) {
  const auto bytes = valid_segment();
  ASSERT_TRUE(decode_segment(bytes).ok());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const base::Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_EQ(decode_segment(cut).error().code(), base::ErrorCode::damaged) << size;
  }
}

TEST(IndexSegmentFuzz, Mutated) {
  base::SeededRandom random(22);
  const auto bytes = valid_segment();
  int sound = 0;
  for (int round = 0; round < 100'000; ++round) {
    const auto damaged = mutated(bytes, random);
    const auto segment = decode_segment(damaged);
    if (!segment.ok()) continue;
    ++sound;
    ASSERT_TRUE(check_segment(segment.value()).ok());
    ASSERT_EQ(encode_segment(segment.value()), damaged);  // one encoding each
  }
  EXPECT_GT(sound, 0);
}

}  // namespace
}  // namespace holdfast::repository
