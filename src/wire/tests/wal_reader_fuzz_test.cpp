// Bytes from outside as WAL: noise, and WAL with some of its bytes changed, in random portions.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "wal_writer.hpp"
#include "wire/wal_records.hpp"

namespace holdfast::wire {
namespace {

constexpr std::uint64_t segment_size = 1U << 20;

// What must hold of every record, whatever the bytes.
struct Watch {
  Lsn last = 0;
  std::size_t records = 0;
  void operator()(const WalRecord& record) {
    EXPECT_GE(record.start, last);
    EXPECT_GT(record.end, record.start);
    EXPECT_EQ(record.end % 8, 0U);
    EXPECT_LE(record.main_data.size(), record.main_data_size);
    EXPECT_LE(record.main_data_size + 24, record.total_size);
    (void)transaction_end(record);
    (void)restore_point(record);
    (void)timeline_switch(record);
    last = record.end;
    ++records;
  }
};

// Reads in random portions; how many records there were before the end or the first damage.
std::size_t read(WalReader& reader, base::ByteView bytes, base::SeededRandom& random) {
  Watch watch;
  while (!bytes.empty()) {
    const auto size = std::min<std::size_t>(bytes.size(), 1 + random.below(20'000));
    // A copy of its own, so that reading past it is noticed.
    const base::Bytes portion(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    if (!reader.feed(portion, std::ref(watch)).ok()) break;
    bytes = bytes.subspan(size);
  }
  EXPECT_GE(reader.position(), watch.last);
  return watch.records;
}

WalWriter random_wal(base::SeededRandom& random) {
  WalWriter wal({.begin = segment_size * (1 + random.below(100)),
                 .magic = random.below(2) == 0 ? std::uint16_t{0xD10D} : std::uint16_t{0xD118}});
  const auto records = random.below(60);
  for (std::uint64_t i = 0; i < records; ++i) {
    base::Bytes parts(random.below(random.below(10) == 0 ? 30'000 : 200));
    random.fill(parts);
    if (random.below(4) != 0) parts = WalWriter::parts(parts);
    const auto info = static_cast<std::uint8_t>(random.below(16) << 4);
    if (random.below(40) == 0) {
      wal.append_switch();
    } else if (random.below(4) != 0 || parts.empty()) {
      wal.append(static_cast<std::uint8_t>(random.below(2)), info == 0x40 ? 0x30 : info, 1, parts);
    }
  }
  return wal;
}

TEST(WalReaderFuzz, RandomBytes) {
  base::SeededRandom random(1);
  for (int round = 0; round < 5'000; ++round) {
    base::Bytes bytes(random.below(30'000));
    random.fill(bytes);
    // Past the page's header, where records would begin.
    const bool in_page = random.below(2) == 0;
    if (in_page && bytes.size() > 3) bytes[1] = bytes[2] = bytes[3] = 0;
    WalReader reader(segment_size, segment_size + (in_page ? 40 + 8 * random.below(900) : 0));
    EXPECT_EQ(read(reader, bytes, random), 0U);
  }
}

TEST(WalReaderFuzz, ChangedBytes) {
  base::SeededRandom random(2);
  for (int round = 0; round < 1'500; ++round) {
    auto wal = random_wal(random);
    const auto changes = random.below(4);
    for (std::uint64_t i = 0; i < changes && !wal.bytes.empty(); ++i) {
      // Near a page's start, or anywhere.
      const auto at = random.below(2) == 0
                          ? random.below(wal.bytes.size())
                          : random.below(wal.bytes.size()) / 8192 * 8192 + random.below(40);
      if (at < wal.bytes.size()) wal.bytes[at] = static_cast<base::Byte>(random.below(256));
    }
    if (random.below(8) == 0) wal.bytes.resize(random.below(wal.bytes.size() + 1));
    const auto begin = random.below(4) == 0 ? random.below(wal.bytes.size() / 8192 + 1) * 8192 : 0;
    WalReader reader(segment_size, wal.options.begin + begin);
    read(reader, base::ByteView(wal.bytes).subspan(std::min(begin, wal.bytes.size())), random);
  }
}

// Parts of random bytes with a right checksum: only their decoding stands between them and a crash.
TEST(WalReaderFuzz, RandomParts) {
  base::SeededRandom random(3);
  std::size_t whole = 0;
  for (int round = 0; round < 50'000; ++round) {
    base::Bytes parts(random.below(80));
    random.fill(parts);
    for (auto& byte : parts) {
      const auto kind = random.below(6);
      if (kind == 0) byte = static_cast<base::Byte>(252 + random.below(4));
      if (kind < 3 && kind != 0) byte = static_cast<base::Byte>(random.below(20));
    }
    WalWriter wal({.magic = static_cast<std::uint16_t>(0xD106 + random.below(20))});
    wal.append(static_cast<std::uint8_t>(random.below(2)),
               static_cast<std::uint8_t>(random.below(256)), 1, parts);
    WalReader reader(segment_size, wal.options.begin);
    whole += read(reader, wal.bytes, random);
  }
  EXPECT_GT(whole, 100U);
}

}  // namespace
}  // namespace holdfast::wire
