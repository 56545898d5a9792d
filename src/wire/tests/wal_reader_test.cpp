// Pages and records that the test wrote by hand, whole and damaged in every way; and pages that
// real servers wrote (golden/wal_*.wal: the begin of a segment of 1 MiB each), against what the
// servers' own pg_waldump (pg_walinspect for 17; for 14 only their pg_xact_commit_timestamp) says
// of them.
#include "wire/wal_reader.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "wal_writer.hpp"
#include "wire/wal_records.hpp"

namespace holdfast::wire {
namespace {

using base::Byte;
using base::Bytes;
using base::ByteView;
using base::ErrorCode;

constexpr std::uint8_t heap = 10;
constexpr std::uint64_t page = WalReader::page_size;
constexpr std::uint64_t mebibyte = 1U << 20;

struct Seen {
  Lsn start;
  Lsn end;
  std::uint32_t xid;
  std::uint8_t manager;
  std::uint8_t info;
  std::uint32_t total;
  Bytes main;
  std::uint32_t main_size;
  bool operator==(const Seen&) const = default;
};

struct Reading {
  std::vector<Seen> records;
  base::Result<void> result;
  Lsn position = 0;
  Lsn received = 0;
  bool at_end = false;
};

Reading read(WalReader reader, ByteView bytes, std::size_t portion = SIZE_MAX) {
  Reading reading;
  const auto note = [&](const WalRecord& r) {
    reading.records.push_back({r.start, r.end, r.xid, r.resource_manager, r.info, r.total_size,
                               Bytes(r.main_data.begin(), r.main_data.end()), r.main_data_size});
  };
  while (!bytes.empty() && reading.result.ok()) {
    const auto part = bytes.first(std::min(portion, bytes.size()));
    reading.result = reader.feed(part, note);
    bytes = bytes.subspan(part.size());
  }
  reading.position = reader.position();
  reading.received = reader.received();
  reading.at_end = reader.at_end();
  return reading;
}

Reading read(const WalWriter& wal, std::size_t portion = SIZE_MAX) {
  return read(WalReader(wal.options.segment_size, wal.options.begin), wal.bytes, portion);
}

std::string damage_of(const Reading& reading) {
  if (reading.result.ok()) return "no damage";
  EXPECT_EQ(reading.result.error().code(), ErrorCode::damaged);
  EXPECT_FALSE(reading.result.error().hint().empty());
  return reading.result.error().to_string();
}

Bytes filled(std::size_t size, Byte seed) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<Byte>(seed + i * 7);
  return out;
}

// A hundred records of many sizes; three cross pages, one several.
WalWriter sample() {
  WalWriter wal;
  for (std::size_t i = 0; i < 100; ++i) {
    wal.append_main(heap, 0, 700 + i, filled(i == 50 ? 30'000 : i * 3, static_cast<Byte>(i)));
  }
  return wal;
}

TEST(WalReader, RecordsComeInOrderWithTheirPlaces) {
  WalWriter wal;
  const auto first = wal.append_main(heap, 0x20, 742, filled(100, 1));
  const auto first_end = wal.position();
  const auto second = wal.append_main(11, 0x10, 743, filled(300, 2));
  const auto reading = read(wal);
  ASSERT_TRUE(reading.result.ok()) << reading.result.error().to_string();
  ASSERT_EQ(reading.records.size(), 2U);
  EXPECT_EQ(first, wal.options.begin + 40);
  EXPECT_EQ(reading.records[0],
            (Seen{first, first_end, 742, heap, 0x20, 126, filled(100, 1), 100}));
  EXPECT_EQ(reading.records[1],
            (Seen{second, wal.position(), 743, 11, 0x10, 329, filled(300, 2), 300}));
  EXPECT_EQ(reading.position, wal.position());
  EXPECT_FALSE(reading.at_end);
}

TEST(WalReader, PortionsDoNotMatter) {
  const auto wal = sample();
  const auto whole = read(wal);
  ASSERT_TRUE(whole.result.ok());
  ASSERT_EQ(whole.records.size(), 100U);
  for (const std::size_t portion : {1, 2, 3, 7, 24, 1000, 8191, 8192, 8193}) {
    const auto reading = read(wal, portion);
    ASSERT_TRUE(reading.result.ok()) << portion << reading.result.error().to_string();
    EXPECT_EQ(reading.records, whole.records) << portion;
    EXPECT_EQ(reading.position, whole.position);
  }
}

TEST(WalReader, RecordsCrossSegments) {
  WalWriter wal;
  const auto start = wal.append_main(heap, 0, 1, filled(2 * mebibyte + 100, 3));
  const auto after = wal.append_main(heap, 0, 2, filled(10, 4));
  for (const std::size_t portion : {std::size_t{777}, SIZE_MAX}) {
    const auto reading = read(wal, portion);
    ASSERT_TRUE(reading.result.ok()) << reading.result.error().to_string();
    ASSERT_EQ(reading.records.size(), 2U);
    EXPECT_EQ(reading.records[0].start, start);
    EXPECT_EQ(reading.records[0].main, filled(2 * mebibyte + 100, 3));
    EXPECT_EQ(reading.records[1].start, after);
  }
}

TEST(WalReader, ARecordMayEndWithItsPage) {
  for (std::size_t less = 0; less < 40; ++less) {
    WalWriter wal;
    wal.append_main(heap, 0, 1, filled(page - 40 - 24 - 5 - less, 3));
    const auto end = wal.position();
    const auto next = wal.append_main(heap, 0, 2, filled(10, 4));
    const auto reading = read(wal);
    ASSERT_TRUE(reading.result.ok()) << less << reading.result.error().to_string();
    ASSERT_EQ(reading.records.size(), 2U);
    EXPECT_EQ(reading.records[0].end, end);
    EXPECT_EQ(reading.records[1].start, next);
  }
}

TEST(WalReader, BeginsAtAnyPage) {
  const auto wal = sample();
  const auto whole = read(wal);
  for (std::uint64_t skipped = 0; skipped < wal.bytes.size(); skipped += page) {
    const auto begin = wal.options.begin + skipped;
    const auto reading =
        read(WalReader(mebibyte, begin), ByteView(wal.bytes).subspan(skipped), 1000);
    ASSERT_TRUE(reading.result.ok()) << reading.result.error().to_string();
    std::vector<Seen> expected;
    for (const auto& record : whole.records) {
      if (record.start >= begin) expected.push_back(record);
    }
    EXPECT_EQ(reading.records, expected) << skipped;
    EXPECT_EQ(reading.position, expected.empty() ? begin : whole.position);
  }
}

TEST(WalReader, WhatAPageContinuesHasALimit) {
  WalWriter wal;
  wal.begin_page_if_due(0x4000'0000);
  EXPECT_NE(damage_of(read(wal)).find("which record it continues"), std::string::npos);
}

TEST(WalReader, BeginsWhereARecordBegins) {
  const auto wal = sample();
  const auto whole = read(wal);
  for (std::size_t i = 1; i < whole.records.size(); ++i) {
    for (const auto begin : {whole.records[i].start, whole.records[i - 1].end}) {
      const auto rest = ByteView(wal.bytes).subspan(begin - wal.options.begin);
      const auto reading = read(WalReader(mebibyte, begin), rest);
      ASSERT_TRUE(reading.result.ok()) << reading.result.error().to_string();
      EXPECT_EQ(reading.records.size(), whole.records.size() - i);
    }
  }
}

TEST(WalReader, NoRecordBeginsInAHeaderOrUnaligned) {
  const auto code = [](std::uint64_t segment_size, Lsn begin) {
    WalReader reader(segment_size, begin);
    const auto result = reader.feed(Bytes(1), [](const WalRecord&) {});
    return result.ok() ? ErrorCode::internal : result.error().code();
  };
  EXPECT_EQ(code(mebibyte, 8), ErrorCode::invalid_argument);
  EXPECT_EQ(code(mebibyte, 32), ErrorCode::invalid_argument);  // in a segment's header
  EXPECT_EQ(code(mebibyte, 40 + 4), ErrorCode::invalid_argument);
  EXPECT_EQ(code(mebibyte, page + 16), ErrorCode::invalid_argument);
  EXPECT_EQ(code(0, 0), ErrorCode::invalid_argument);
  EXPECT_EQ(code(mebibyte + 1, 0), ErrorCode::invalid_argument);
  EXPECT_EQ(code(mebibyte / 2, 0), ErrorCode::invalid_argument);
  EXPECT_EQ(code(2048 * mebibyte, 0), ErrorCode::invalid_argument);
}

TEST(WalReader, GoesOnAfterASwitchOfTheSegment) {
  WalWriter wal;
  wal.append_main(heap, 0, 1, filled(100, 1));
  const auto start = wal.append_switch();
  const auto end = wal.position();
  const auto next = wal.append_main(heap, 0, 2, filled(100, 2));
  for (const std::size_t portion : {std::size_t{1000}, SIZE_MAX}) {
    const auto reading = read(wal, portion);
    ASSERT_TRUE(reading.result.ok()) << reading.result.error().to_string();
    ASSERT_EQ(reading.records.size(), 3U);
    EXPECT_EQ(reading.records[1].start, start);
    EXPECT_EQ(reading.records[1].end, end);
    EXPECT_EQ(reading.records[2].start, next);
  }
  // The end is known before the zeros are there.
  const auto until = start + 24 - wal.options.begin;
  const auto reading =
      read(WalReader(mebibyte, wal.options.begin), ByteView(wal.bytes).first(until));
  EXPECT_EQ(reading.position, end);
  EXPECT_EQ(reading.received, start + 24);
}

TEST(WalReader, ASwitchMayEndItsSegment) {
  WalWriter wal;
  // 128 pages; the switch takes the last 24 bytes.
  wal.append_main(heap, 0, 1, filled(mebibyte - 40 - 127 * 24 - 29 - 24, 1));
  wal.append_switch();
  EXPECT_EQ(wal.position(), 6 * mebibyte);
  wal.append_main(heap, 0, 2, filled(100, 2));
  const auto reading = read(wal);
  ASSERT_TRUE(reading.result.ok()) << reading.result.error().to_string();
  ASSERT_EQ(reading.records.size(), 3U);
  EXPECT_EQ(reading.records[1].end, 6 * mebibyte);
}

TEST(WalReader, ZerosAreTheEnd) {
  auto wal = sample();
  const auto end = wal.position();
  for (const std::size_t portion : {std::size_t{5}, SIZE_MAX}) {
    auto padded = wal;
    padded.bytes.resize(mebibyte);
    const auto reading = read(padded, portion);
    ASSERT_TRUE(reading.result.ok()) << reading.result.error().to_string();
    EXPECT_EQ(reading.records.size(), 100U);
    EXPECT_EQ(reading.position, end);
    EXPECT_TRUE(reading.at_end);
    padded.append_main(heap, 0, 1, filled(10, 1));
    EXPECT_NE(damage_of(read(padded, portion)).find("goes on after zeros"), std::string::npos);
  }
  // A page of zeros, at a record's start and within a record.
  wal.bytes.resize((wal.bytes.size() + page - 1) / page * page + page);
  EXPECT_TRUE(read(wal).at_end);
  WalWriter cut;
  cut.append_main(heap, 0, 1, filled(10, 1));
  const auto before = cut.position();
  cut.append_main(heap, 0, 2, filled(3 * page, 1));
  std::fill(cut.bytes.begin() + 2 * page, cut.bytes.end(), 0);
  const auto reading = read(cut);
  EXPECT_TRUE(reading.result.ok());
  EXPECT_TRUE(reading.at_end);
  EXPECT_EQ(reading.position, before);
}

TEST(WalReader, AnUnfinishedRecordWaits) {
  const auto wal = sample();
  const auto whole = read(wal);
  const auto last = whole.records.back().start;
  const auto until = last + 50 - wal.options.begin;
  const auto reading =
      read(WalReader(mebibyte, wal.options.begin), ByteView(wal.bytes).first(until));
  EXPECT_TRUE(reading.result.ok());
  EXPECT_EQ(reading.position, last);
  EXPECT_EQ(reading.received, last + 50);
  EXPECT_EQ(reading.records.size(), 99U);
}

TEST(WalReader, ARecordThatWasGivenUpIsOverwritten) {
  WalWriter wal;
  wal.append_main(heap, 0, 1, filled(10, 1));
  const auto cut = WalWriter::record(heap, 0, 2, WalWriter::parts(filled(20'000, 1)), wal.previous);
  wal.put(ByteView(cut).first(page - wal.bytes.size()), 0);
  wal.begin_page_if_due(0, 0x8);
  const auto next = wal.append_main(0, 0xD0, 0, filled(16, 1));
  const auto reading = read(wal);
  ASSERT_TRUE(reading.result.ok()) << reading.result.error().to_string();
  ASSERT_EQ(reading.records.size(), 2U);
  EXPECT_EQ(reading.records[1].start, next);
}

TEST(WalReader, EveryFlippedBitIsNoticed) {
  WalWriter wal;
  for (Byte i = 0; i < 5; ++i) wal.append_main(heap, 0, i, filled(3000, i));
  const auto whole = read(wal);
  const auto is_unused = [&](std::size_t at) {
    if (at % page >= 20 && at % page < 24) return true;
    const auto lsn = wal.options.begin + at;
    return std::any_of(whole.records.begin(), whole.records.end(), [&](const Seen& seen) {
      return lsn < seen.end && lsn >= seen.end - (8 - seen.total % 8) % 8;
    });
  };
  for (std::size_t at = 0; at < wal.bytes.size(); at += at % page < 100 ? 1 : 13) {
    auto damaged = wal;
    damaged.bytes[at] ^= 0x10;
    const auto reading = read(WalReader(mebibyte, wal.options.begin, 1), damaged.bytes);
    // With one segment, no other says which cluster it is of.
    const bool says_cluster = at >= 24 && at < 32;
    const bool noticed = !reading.result.ok() || reading.records != whole.records;
    EXPECT_EQ(noticed, !is_unused(at) && !says_cluster) << at;
    if (!reading.result.ok()) EXPECT_LE(reading.position, wal.options.begin + at);
  }
}

// What happens to the sample if one of its bytes changes.
std::string damage_at(std::size_t at, Byte value, std::size_t portion = SIZE_MAX) {
  auto wal = sample();
  wal.bytes[at] = value;
  return damage_of(read(wal, portion));
}

TEST(WalReader, DamageSaysWhereAndWhat) {
  EXPECT_NE(damage_at(1, 0xD0).find("at 0/500000: no page begins here"), std::string::npos);
  EXPECT_NE(damage_at(page, 0x11).find("at 0/502000: no page begins here"), std::string::npos);
  EXPECT_NE(damage_at(page + 2, 0xF1).find("flags"), std::string::npos);
  EXPECT_NE(damage_at(2, 0).find("own header is missing"), std::string::npos);
  EXPECT_NE(damage_at(page + 2, 3).find("stands within a segment"), std::string::npos);
  EXPECT_NE(damage_at(page + 4, 0).find("of timeline 0"), std::string::npos);
  EXPECT_NE(damage_at(page + 10, 0x60).find("belongs to 0/602000"), std::string::npos);
  EXPECT_NE(damage_at(page + 16, 1).find("continues"), std::string::npos);
  EXPECT_NE(damage_at(page + 2, 0).find("which record it continues"), std::string::npos);
  EXPECT_NE(damage_at(34, 0x20).find("segments have 2097152 bytes, not 1048576"),
            std::string::npos);
  EXPECT_NE(damage_at(40, 23).find("can't have 23 bytes"), std::string::npos);
  EXPECT_NE(damage_at(43, 0x40).find("can't have 1073741"), std::string::npos);
  for (const std::size_t portion : {std::size_t{3}, SIZE_MAX}) {
    EXPECT_NE(damage_at(60, 0xAA, portion).find("0/500028: the checksum of a record is wrong"),
              std::string::npos);
    EXPECT_NE(damage_at(page + 700, 0xAA, portion).find("checksum"), std::string::npos);
  }
}

TEST(WalReader, AfterAnErrorItStays) {
  auto wal = sample();
  wal.bytes[page + 700] ^= 1;
  WalReader reader(mebibyte, wal.options.begin);
  const auto ignore = [](const WalRecord&) {};
  const auto first = reader.feed(wal.bytes, ignore);
  ASSERT_FALSE(first.ok());
  const auto position = reader.position();
  const auto again = reader.feed(sample().bytes, ignore);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().to_string(), first.error().to_string());
  EXPECT_EQ(reader.position(), position);
  EXPECT_GT(position, wal.options.begin);
}

TEST(WalReader, RecordsAreLinked) {
  WalWriter wal;
  wal.append_main(heap, 0, 1, filled(10, 1));
  wal.append_main(heap, 0, 2, filled(10, 1));
  wal.previous -= 8;
  wal.append_main(heap, 0, 3, filled(10, 1));
  EXPECT_NE(damage_of(read(wal)).find("the last one was at"), std::string::npos);
}

TEST(WalReader, AnotherClusterOrTimelineIsNoticed) {
  WalWriter wal;
  wal.append_main(heap, 0, 1, filled(10, 1));
  wal.append_switch();
  const auto with = [&](auto change) {
    auto other = wal;
    change(other.options);
    other.append_main(heap, 0, 2, filled(10, 1));
    return other;
  };
  EXPECT_NE(damage_of(read(with([](auto& o) { o.system += 1; }))).find("of the cluster"),
            std::string::npos);
  const auto later = with([](auto& o) { o.timeline = 3; });
  EXPECT_TRUE(read(later).result.ok());
  EXPECT_TRUE(read(WalReader(mebibyte, wal.options.begin, 3), later.bytes).result.ok());
  EXPECT_NE(
      damage_of(read(WalReader(mebibyte, wal.options.begin, 2), later.bytes)).find("of timeline 3"),
      std::string::npos);
  auto back = with([](auto& o) { o.timeline = 3; });
  back.append_switch();
  back.options.timeline = 2;
  back.append_main(heap, 0, 3, filled(10, 1));
  EXPECT_NE(damage_of(read(back)).find("of timeline 2"), std::string::npos);
}

TEST(WalReader, TheClusterIsKnownFromASegmentsStart) {
  auto wal = sample();
  WalReader reader(mebibyte, wal.options.begin);
  EXPECT_FALSE(reader.system_identifier().has_value());
  ASSERT_TRUE(reader.feed(wal.bytes, [](const WalRecord&) {}).ok());
  EXPECT_EQ(reader.system_identifier(), wal.options.system);
}

TEST(WalReader, OtherVersions) {
  const auto code = [](std::uint16_t magic, std::uint32_t page_size, Byte part) {
    WalWriter wal({.page_size = page_size, .magic = magic});
    wal.append(heap, 0, 1, Bytes{part, 1, 7});
    const auto reading = read(wal);
    return reading.result.ok() ? ErrorCode::internal : reading.result.error().code();
  };
  for (const std::uint16_t magic : {0xD106, 0xD10D, 0xD110, 0xD113, 0xD116, 0xD118, 0xD121}) {
    EXPECT_EQ(code(magic, 8192, 255), ErrorCode::internal) << magic;
  }
  EXPECT_EQ(code(0xD101, 8192, 255), ErrorCode::unsupported);  // 12
  EXPECT_EQ(code(0xD110, 16384, 255), ErrorCode::unsupported);
  // A part that no known version has: damage, or a newer server.
  EXPECT_EQ(code(0xD118, 8192, 100), ErrorCode::damaged);
  EXPECT_EQ(code(0xD121, 8192, 100), ErrorCode::unsupported);
}

// Every kind of part before the main data; `compressed` is the flag of an image's compression.
Bytes all_parts(Byte compressed, bool outer_transaction) {
  Bytes out;
  base::ByteWriter writer(out);
  writer.raw(Bytes{0, 0x20, 5, 0});         // a block with 5 bytes of data,
  writer.raw(Bytes(12 + 4, 1));             // its relation and number
  writer.raw(Bytes{1, 0x80 | 0x30, 2, 0});  // of the same relation, with data and an image
  writer.raw(Bytes{44, 1, 0, 0, static_cast<Byte>(1 | compressed)});  // 300 bytes
  if (compressed != 0) writer.raw(Bytes(2, 9));                       // the hole
  writer.raw(Bytes(4, 2));
  writer.raw(Bytes{32, 0x80, 0, 0, 1, 1, 1, 1});
  writer.raw(Bytes{253, 7, 7});
  if (outer_transaction) writer.raw(Bytes{252, 1, 2, 3, 4});
  writer.raw(Bytes{255, 9});
  writer.raw(Bytes(5 + 2 + 300, 3));
  writer.raw(filled(9, 77));
  return out;
}

TEST(WalReader, MainDataFollowAllOtherParts) {
  const auto main_of = [](std::uint16_t magic, const Bytes& parts) {
    WalWriter wal({.magic = magic});
    wal.append(heap, 0, 1, parts);
    const auto reading = read(wal);
    return reading.records.empty() ? Bytes() : reading.records[0].main;
  };
  EXPECT_EQ(main_of(0xD106, all_parts(0, false)), filled(9, 77));
  EXPECT_EQ(main_of(0xD10D, all_parts(2, true)), filled(9, 77));
  EXPECT_EQ(main_of(0xD110, all_parts(4, true)), filled(9, 77));
  EXPECT_EQ(main_of(0xD118, all_parts(16, true)), filled(9, 77));
  // Without any, there are none.
  WalWriter wal;
  wal.append(heap, 0, 1, {});
  ASSERT_EQ(read(wal).records.size(), 1U);
  EXPECT_EQ(read(wal).records[0].main_size, 0U);
}

TEST(WalReader, PartsThatMakeNoSenseAreDamage) {
  const auto whole = all_parts(4, true);
  std::size_t damaged = 0;
  for (std::size_t size = 1; size < whole.size(); ++size) {
    WalWriter wal;
    wal.append(heap, 0, 1, ByteView(whole).first(size));
    const auto reading = read(wal);
    // At five lengths what is left happens to be whole, without main data.
    if (reading.result.ok()) {
      ASSERT_EQ(reading.records.size(), 1U);
      EXPECT_EQ(reading.records[0].main_size, 0U) << size;
    } else {
      EXPECT_NE(damage_of(reading).find("parts"), std::string::npos) << size;
      ++damaged;
    }
  }
  EXPECT_EQ(damaged, whole.size() - 1 - 5);
  for (const auto& parts : {Bytes{254, 255, 255, 255, 255, 1}, Bytes{255, 1, 2, 3}, Bytes{33, 0},
                            Bytes{255, 1, 253, 0, 0, 7}}) {
    WalWriter wal;
    wal.append(heap, 0, 1, parts);
    EXPECT_NE(damage_of(read(wal)).find("parts"), std::string::npos);
  }
}

TEST(WalReader, OfALongRecordOnlyTheBeginIsKept) {
  WalWriter wal;
  const auto main = filled(WalReader::kept_size_max + 100'000, 5);
  wal.append_main(heap, 0, 1, main);
  wal.append_main(heap, 0, 2, filled(10, 6));
  const auto reading = read(wal, 100'000);
  ASSERT_TRUE(reading.result.ok()) << reading.result.error().to_string();
  ASSERT_EQ(reading.records.size(), 2U);
  const auto& record = reading.records[0];
  EXPECT_EQ(record.main_size, main.size());
  ASSERT_EQ(record.main.size(), WalReader::kept_size_max - 24 - 5);
  EXPECT_TRUE(std::equal(record.main.begin(), record.main.end(), main.begin()));
  EXPECT_EQ(reading.records[1].main, filled(10, 6));
  // What isn't kept is checked all the same.
  wal.bytes[WalReader::kept_size_max + 90'000] ^= 1;
  EXPECT_NE(damage_of(read(wal, 100'000)).find("checksum"), std::string::npos);
}

class WalOfServers : public testing::TestWithParam<const char*> {};

Bytes golden(const std::string& name) {
  std::ifstream file(std::string(HOLDFAST_TESTS_DIR) + "/golden/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string_view name_of(TransactionEnd::Kind kind) {
  switch (kind) {
    case TransactionEnd::Kind::committed: return "committed";
    case TransactionEnd::Kind::aborted: return "aborted";
    case TransactionEnd::Kind::prepared_committed: return "prepared_committed";
    case TransactionEnd::Kind::prepared_aborted: return "prepared_aborted";
  }
  return "";
}

// One line: place, resource manager, transaction, size, and what it means.
std::string line_of(const WalRecord& record) {
  auto line = fmt::format("{} {} {} {}", format_lsn(record.start), record.resource_manager,
                          record.xid, record.total_size);
  if (const auto end = transaction_end(record)) {
    auto at = base::format_utc(end->at, base::TimePrecision::nanoseconds);
    at.erase(at.size() - 4, 3);  // to the microsecond
    line += fmt::format(" {} {} {}", name_of(end->kind), end->xid, at);
    EXPECT_EQ(end->end, record.end);
  }
  if (const auto point = restore_point(record)) {
    line += " restore_point " + point->name;
    EXPECT_GT(point->at, base::parse_utc("2026-11-21T17:00:00Z").value());
    EXPECT_LT(point->at, base::parse_utc("2026-11-21T18:00:00Z").value());
  }
  if (const auto change = timeline_switch(record)) {
    line += fmt::format(" timeline {} {}", change->from, change->to);
    EXPECT_EQ(change->start, record.start);
  }
  return line + "\n";
}

TEST_P(WalOfServers, IsReadAsTheServerReadsIt) {
  const std::string name = GetParam();
  const auto pages = golden(name + ".wal");
  const auto expected = golden(name + ".txt");
  Lsn begin = 0;  // which the first page says
  ASSERT_GE(pages.size(), page);
  std::memcpy(&begin, pages.data() + 8, sizeof begin);
  for (const std::size_t portion : {std::size_t{100}, SIZE_MAX}) {
    std::string lines;
    WalReader reader(mebibyte, begin);
    for (std::size_t at = 0; at < pages.size();) {
      const auto part = ByteView(pages).subspan(at, std::min(portion, pages.size() - at));
      const auto result =
          reader.feed(part, [&](const WalRecord& record) { lines += line_of(record); });
      ASSERT_TRUE(result.ok()) << result.error().to_string();
      at += part.size();
    }
    EXPECT_EQ(lines, base::as_text(expected));
    EXPECT_EQ(reader.position(), begin + mebibyte);  // each ends with a switch
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, WalOfServers,
                         testing::Values("wal_14", "wal_15", "wal_17", "wal_18",
                                         "wal_15_overwritten", "wal_18_promoted"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace holdfast::wire
