// WAL positions, segment names, and messages of base backups.
#include "wire/postgres_messages.hpp"

#include <gtest/gtest.h>

namespace holdfast::wire {
namespace {

base::Bytes bytes(std::string_view text) {
  const auto view = base::as_bytes(text);
  return {view.begin(), view.end()};
}

TEST(PostgresMessages, PositionsAreReadAndWritten) {
  const auto lsn = parse_lsn("16/B374D848");
  ASSERT_TRUE(lsn.ok());
  EXPECT_EQ(lsn.value(), 0x16B374D848U);
  EXPECT_EQ(format_lsn(lsn.value()), "16/B374D848");
  EXPECT_EQ(parse_lsn("0/0").value(), 0U);
  for (const auto* wrong :
       {"", "/", "1", "1/", "/1", "1/g", "123456789/1", "1/-1", "1/1 ", "+1/1"}) {
    EXPECT_FALSE(parse_lsn(wrong).ok()) << wrong;
  }
}

TEST(PostgresMessages, SegmentsAreNamedAsTheServerNamesThem) {
  constexpr std::uint64_t usual = 16U << 20;
  EXPECT_EQ(wal_segment_name(1, 0x2000028, usual), "000000010000000000000002");
  EXPECT_EQ(wal_segment_name(0xA, 0x1'FF000000, usual), "0000000A00000001000000FF");
  EXPECT_EQ(wal_segment_name(1, 0x1'00000000, usual), "000000010000000100000000");
  // With segments of 1 GiB there are four to an id.
  EXPECT_EQ(wal_segment_name(1, 0x1'C0000000, 1U << 30), "000000010000000100000003");
}

TEST(PostgresMessages, EachKindIsRead) {
  const auto archive = bytes(std::string("n16384.tar\0/srv/fast\0", 21));
  const auto decoded = decode_backup_message(archive);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(std::get<BackupArchive>(decoded.value()).name, "16384.tar");
  EXPECT_EQ(std::get<BackupArchive>(decoded.value()).location, "/srv/fast");
  const auto data = bytes("dabc");
  EXPECT_EQ(base::as_text(std::get<BackupData>(decode_backup_message(data).value()).bytes), "abc");
  EXPECT_TRUE(std::holds_alternative<BackupManifest>(decode_backup_message(bytes("m")).value()));
  const base::Bytes progress{'p', 0, 0, 0, 0, 0, 1, 0, 2};
  EXPECT_EQ(std::get<BackupProgress>(decode_backup_message(progress).value()).bytes, 65'538U);
}

TEST(PostgresMessages, WhatIsCutShortOrUnknownIsRefused) {
  const auto code = [](const base::Bytes& message) {
    const auto decoded = decode_backup_message(message);
    return decoded.ok() ? base::ErrorCode::internal : decoded.error().code();
  };
  EXPECT_EQ(code({}), base::ErrorCode::damaged);
  EXPECT_EQ(code(bytes("nbase.tar")), base::ErrorCode::damaged);
  EXPECT_EQ(code(bytes(std::string("nbase.tar\0", 10))), base::ErrorCode::damaged);
  EXPECT_EQ(code(bytes("p123")), base::ErrorCode::damaged);
  EXPECT_EQ(code(bytes("z")), base::ErrorCode::unsupported);
}

TEST(PostgresMessages, WalAndKeepalivesAreRead) {
  base::Bytes data{'w'};
  for (const auto value : {0x2000028ULL, 0x2000100ULL, 86'400'000'000ULL}) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      data.push_back(static_cast<base::Byte>(value >> shift));
    }
  }
  auto alive = data;
  alive[0] = 'k';
  alive.erase(alive.begin() + 1, alive.begin() + 9);  // no start
  alive.push_back(1);
  data.push_back('x');
  const auto decoded = std::get<WalData>(decode_wal_message(data).value());
  EXPECT_EQ(decoded.start, 0x2000028U);
  EXPECT_EQ(decoded.server_end, 0x2000100U);
  EXPECT_EQ(base::format_utc(decoded.sent_at), "2000-01-02T00:00:00Z");
  EXPECT_EQ(base::as_text(decoded.bytes), "x");
  const auto keepalive = std::get<WalKeepalive>(decode_wal_message(alive).value());
  EXPECT_EQ(keepalive.server_end, 0x2000100U);
  EXPECT_EQ(keepalive.reply, WalKeepalive::Reply::wanted);
  for (std::size_t size = 0; size < alive.size(); ++size) {
    EXPECT_FALSE(decode_wal_message(base::ByteView(alive).first(size)).ok()) << size;
  }
  EXPECT_EQ(decode_wal_message(bytes("zz")).error().code(), base::ErrorCode::unsupported);
}

TEST(PostgresMessages, AStatusSaysWhatIsSafe) {
  const auto status = encode_wal_status({.received = 0x2000100,
                                         .flushed = 0x2000000,
                                         .at = base::parse_utc("2000-01-01T00:00:01Z").value()});
  ASSERT_EQ(status.size(), 34U);
  EXPECT_EQ(status[0], 'r');
  EXPECT_EQ(base::to_hex(base::ByteView(status).subspan(1, 16)),
            "00000000020001000000000002000000");
  EXPECT_EQ(base::to_hex(base::ByteView(status).subspan(25, 8)), "00000000000f4240");
}

}  // namespace
}  // namespace holdfast::wire
