// The bytes of index segments, and what is refused.
#include "repository/index_segment.hpp"

#include <gtest/gtest.h>

#include "golden.hpp"

namespace holdfast::repository {
namespace {

using base::Byte;
using base::ErrorCode;

ObjectHash hash_full_of(Byte byte) {
  ObjectHash hash;
  hash.fill(byte);
  return hash;
}

IndexSegment example() {
  IndexSegment segment;
  segment.packs = {{hash_full_of(0x11), ChunkType::data, 1'000'000},
                   {hash_full_of(0x10), ChunkType::tree, 5'000'000'000}};
  segment.superseded = {hash_full_of(0x20), hash_full_of(0x21)};
  segment.chunks = {{hash_full_of(1), 0, 124, 50, 0, 0},
                    {hash_full_of(2), 1, 4'000'000'000, 300'000, 2, 65'534},
                    {hash_full_of(2), 0, 174, 999'826, 0, 1}};
  return segment;
}

void expect_equal(const IndexSegment& a, const IndexSegment& b) {
  EXPECT_EQ(a.packs, b.packs);
  EXPECT_EQ(a.superseded, b.superseded);
  EXPECT_EQ(a.chunks, b.chunks);
}

TEST(IndexSegment, GoldenBytes) {
  const auto bytes = encode_segment(example());
  EXPECT_EQ(bytes.size(), 12 + 2 * 41 + 2 * 32 + 3 * 48);
  expect_golden("index_segment", bytes);
  const auto decoded = decode_segment(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.error().to_string();
  expect_equal(decoded.value(), example());
}

TEST(IndexSegment, AnEmptyOneComesBack) {
  expect_equal(decode_segment(encode_segment({})).value(), {});
}

TEST(IndexSegment, RefusesWhatBreaksARule) {
  const auto refuses = [](auto&& change) {
    auto segment = example();
    change(segment);
    const auto decoded = decode_segment(encode_segment(segment));
    const auto checked = check_segment(segment);
    EXPECT_EQ(decoded.ok(), checked.ok());
    if (!checked.ok()) EXPECT_EQ(checked.error().code(), ErrorCode::invalid_argument);
    return !decoded.ok() && decoded.error().code() == ErrorCode::damaged;
  };
  EXPECT_FALSE(refuses([](IndexSegment&) {}));
  EXPECT_TRUE(refuses([](IndexSegment& s) { s.chunks[0].pack = 2; }));
  EXPECT_TRUE(refuses([](IndexSegment& s) { s.chunks[0].stored_size = 0; }));
  EXPECT_TRUE(refuses([](IndexSegment& s) { s.chunks[2].stored_size += 1; }));
  EXPECT_TRUE(refuses([](IndexSegment& s) { s.chunks[2].offset = 1'000'001; }));
  EXPECT_TRUE(refuses([](IndexSegment& s) { std::swap(s.chunks[0], s.chunks[1]); }));
  EXPECT_TRUE(refuses([](IndexSegment& s) { s.packs.pop_back(); }));
}

TEST(IndexSegment, RefusesUnknownTypesTrailingBytesAndInventedCounts) {
  auto bytes = encode_segment(example());
  bytes[4 + 32] = 3;
  EXPECT_EQ(decode_segment(bytes).error().code(), ErrorCode::damaged);
  bytes = encode_segment(example());
  bytes.push_back(0);
  EXPECT_EQ(decode_segment(bytes).error().code(), ErrorCode::damaged);
  bytes = encode_segment({});
  for (const std::size_t at : {3U, 7U, 11U}) {
    auto inflated = bytes;
    inflated[at] = 0xff;
    EXPECT_EQ(decode_segment(inflated).error().code(), ErrorCode::damaged);
  }
  EXPECT_EQ(decode_segment(base::Bytes(segment_bytes_max + 1)).error().code(), ErrorCode::damaged);
}

}  // namespace
}  // namespace holdfast::repository
