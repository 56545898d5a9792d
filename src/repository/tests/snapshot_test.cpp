// The snapshot's body: what a writer reads of it, what only a reader does, and hostile lengths.
#include "repository/snapshot.hpp"

#include <gtest/gtest.h>

#include "golden.hpp"
#include "memory_peak.hpp"
#include "snapshot_fixture.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

TEST(Snapshot, RoundTripOfTheSummary) {
  const auto body = snapshot_body(any_summary(), any_detail());
  EXPECT_EQ(snapshot_domain(body).value(), snapshot_test_domain().id());
  const auto decoded = decode_summary(snapshot_repository, snapshot_test_domain(), body);
  ASSERT_TRUE(decoded.ok()) << decoded.error().to_string();
  expect_equal(decoded.value(), any_summary());
}

TEST(Snapshot, RoundTripOfAnEmptySummary) {
  const auto body = snapshot_body({}, {});
  const auto decoded = decode_summary(snapshot_repository, snapshot_test_domain(), body);
  ASSERT_TRUE(decoded.ok()) << decoded.error().to_string();
  expect_equal(decoded.value(), {});
}

TEST(Snapshot, RoundTripOfTheDetail) {
  const auto body = snapshot_body(any_summary(), any_detail());
  const auto decoded = decode_detail(snapshot_repository, snapshot_reader(), body);
  ASSERT_TRUE(decoded.ok()) << decoded.error().to_string();
  expect_equal(decoded.value(), any_detail());
}

// The detail is sealed with the operating system's randomness, so these bytes are of one day.
TEST(Snapshot, Golden) {
  const auto body = golden_bytes("snapshot", snapshot_body(any_summary(), any_detail()));
  const auto summary = decode_summary(snapshot_repository, snapshot_test_domain(), body);
  ASSERT_TRUE(summary.ok()) << summary.error().to_string();
  expect_equal(summary.value(), any_summary());
  const auto detail = decode_detail(snapshot_repository, snapshot_reader(), body);
  ASSERT_TRUE(detail.ok()) << detail.error().to_string();
  expect_equal(detail.value(), any_detail());
}

// Seed, ciphertext and tag of the summary follow from the seed: equal bytes for ever.
TEST(Snapshot, GoldenOfTheSummary) {
  const auto body = snapshot_body(any_summary(), any_detail());
  base::ByteReader in(body);
  ASSERT_TRUE(in.raw(16 + 32).ok());
  ASSERT_TRUE(in.sized(1'000'000).ok());
  expect_golden("snapshot_summary", base::ByteView(body).first(in.position()));
}

TEST(Snapshot, IsBoundToItsRepositoryAndKeys) {
  const auto body = snapshot_body(any_summary(), any_detail());
  const ShortId other_repository{9};
  EXPECT_EQ(decode_summary(other_repository, snapshot_test_domain(), body).error().code(),
            ErrorCode::damaged);
  EXPECT_EQ(decode_detail(other_repository, snapshot_reader(), body).error().code(),
            ErrorCode::damaged);
  base::SeededRandom random(77);
  const Domain other_domain(snapshot_test_domain().id(), random.array<32>());
  EXPECT_EQ(decode_summary(snapshot_repository, other_domain, body).error().code(),
            ErrorCode::damaged);
  const auto other_reader = codec::make_box_key_pair(random);
  EXPECT_EQ(decode_detail(snapshot_repository, other_reader, body).error().code(),
            ErrorCode::damaged);
}

TEST(Snapshot, EveryFlippedByteIsSeenByOneOfTheTwo) {
  const auto body = snapshot_body(any_summary(), any_detail());
  for (std::size_t i = 16; i < body.size(); ++i) {  // the domain's id is the envelope's to protect
    auto flipped = body;
    flipped[i] ^= 0x10;
    const auto summary = decode_summary(snapshot_repository, snapshot_test_domain(), flipped);
    const auto detail = decode_detail(snapshot_repository, snapshot_reader(), flipped);
    ASSERT_FALSE(summary.ok() && detail.ok()) << "byte " << i;
  }
}

TEST(Snapshot, EveryCutIsDamaged) {
  const auto body = snapshot_body(any_summary(), any_detail());
  for (std::size_t size = 0; size < body.size(); ++size) {
    const auto cut = base::ByteView(body).first(size);
    (void)decode_summary(snapshot_repository, snapshot_test_domain(), cut);  // whole before the end
    ASSERT_EQ(decode_detail(snapshot_repository, snapshot_reader(), cut).error().code(),
              ErrorCode::damaged)
        << size;
  }
  auto longer = body;
  longer.push_back(0);
  EXPECT_EQ(decode_detail(snapshot_repository, snapshot_reader(), longer).error().code(),
            ErrorCode::damaged);
}

// A summary as a writer who holds the keys could make it.
base::Result<SnapshotSummary> decode_hostile(base::ByteView plaintext) {
  base::SeededRandom random(3);
  base::Bytes body;
  base::ByteWriter out(body);
  out.raw(snapshot_test_domain().id());
  snapshot_test_domain().seal_receipt(snapshot_repository, "HFSN", plaintext, random, out);
  return decode_summary(snapshot_repository, snapshot_test_domain(), body);
}

base::Bytes summary_up_to_paths(std::uint8_t level = 0) {
  base::Bytes bytes;
  base::ByteWriter out(bytes);
  out.i64(1);
  out.i64(2);
  for (int i = 0; i < 3; ++i) out.sized(std::string_view("x"));
  out.u8(level);
  out.raw(ChunkId{});
  out.varint(1);
  out.varint(1);
  out.raw(ShortId{});
  out.u32(0);
  out.i64(3);
  return bytes;
}

TEST(Snapshot, HostileLengthsAreDamagedAndCostNothing) {
  reset_memory_peak();
  const auto before = memory_status("VmHWM");
  for (const std::uint64_t count : {1ULL, 1'000'000'000ULL, ~0ULL}) {
    auto paths = summary_up_to_paths();
    base::ByteWriter(paths).varint(count);
    EXPECT_EQ(decode_hostile(paths).error().code(), ErrorCode::damaged);
    auto tags = summary_up_to_paths();
    base::ByteWriter out(tags);
    out.varint(0);
    out.varint(count);
    EXPECT_EQ(decode_hostile(tags).error().code(), ErrorCode::damaged);
    auto path = summary_up_to_paths();
    base::ByteWriter one(path);
    one.varint(1);
    one.varint(count);
    EXPECT_EQ(decode_hostile(path).error().code(), ErrorCode::damaged);
  }
  EXPECT_LT(memory_status("VmHWM") - before, 16U * 1024 * 1024);
}

base::Bytes whole_summary(std::uint8_t level, std::uint8_t parent_flag) {
  auto bytes = summary_up_to_paths(level);
  base::ByteWriter out(bytes);
  out.varint(0);
  out.varint(0);
  out.u8(parent_flag);
  if (parent_flag != 0) out.raw(ObjectHash{});
  out.sized(std::string_view("program"));
  out.varint(0);
  return bytes;
}

TEST(Snapshot, ValuesOutOfRangeAreDamaged) {
  EXPECT_TRUE(decode_hostile(whole_summary(0, 0)).ok());
  EXPECT_TRUE(decode_hostile(whole_summary(16, 1)).ok());
  EXPECT_EQ(decode_hostile(whole_summary(17, 0)).error().code(), ErrorCode::damaged);
  EXPECT_EQ(decode_hostile(whole_summary(0, 2)).error().code(), ErrorCode::damaged);
  auto longer = whole_summary(0, 0);
  longer.push_back(0);
  EXPECT_EQ(decode_hostile(longer).error().code(), ErrorCode::damaged);
}

// What is written can be read: a detail that would be refused is cut when it is written.
TEST(Snapshot, AnOversizeDetailIsCutAndStaysReadable) {
  SnapshotDetail detail;
  detail.command = std::string(3'000'000, 'c');
  detail.warnings.push_back({.path = "/p", .message = std::string(200'000, 'm')});
  for (int i = 0; i < 3000; ++i) {
    detail.warnings.push_back({.path = std::string(30'000, 'p'), .message = "m"});
  }
  const auto body = snapshot_body({}, detail);
  EXPECT_LT(body.size(), snapshot_bytes_max);
  const auto decoded = decode_detail(snapshot_repository, snapshot_reader(), body);
  ASSERT_TRUE(decoded.ok()) << decoded.error().to_string();
  EXPECT_TRUE(detail.command.starts_with(decoded.value().command));
  EXPECT_GE(decoded.value().warnings.size(), 100U);
  EXPECT_TRUE(detail.warnings[0].message.starts_with(decoded.value().warnings[0].message));
}

}  // namespace
}  // namespace holdfast::repository
