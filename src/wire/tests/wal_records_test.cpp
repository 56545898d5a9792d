// Records of transactions, restore points and timelines, made by hand. (Real ones: the golden pages
// of wal_reader_test.cpp.)
#include "wire/wal_records.hpp"

#include <gtest/gtest.h>

namespace holdfast::wire {
namespace {

using base::Bytes;
using base::ByteView;
using Kind = TransactionEnd::Kind;

constexpr std::uint8_t xlog = 0;
constexpr std::uint8_t transaction = 1;

// 2026-11-21T17:31:29.428009Z, in microseconds since 2000.
constexpr std::int64_t instant = 848'597'489'428'009;

WalRecord record_of(std::uint8_t manager, std::uint8_t info, ByteView main_data,
                    std::uint16_t magic = 0xD110) {
  WalRecord record;
  record.start = 0x1000;
  record.end = 0x1100;
  record.xid = 742;
  record.resource_manager = manager;
  record.info = info;
  record.page_magic = magic;
  record.main_data = main_data;
  record.main_data_size = static_cast<std::uint32_t>(main_data.size());
  return record;
}

Bytes time_only(std::int64_t time = instant) {
  Bytes out;
  base::ByteWriter(out).i64(time);
  return out;
}

// A commit with every part before the prepared transaction, 4711.
Bytes all_parts(std::size_t statistic_size) {
  auto out = time_only();
  base::ByteWriter writer(out);
  writer.u32(statistic_size == 0 ? 0x1F : 0x11F);
  writer.raw(Bytes(8, 1));  // the database
  writer.u32(3);
  writer.raw(Bytes(std::size_t{3} * 4, 2));  // subtransactions
  writer.u32(2);
  writer.raw(Bytes(std::size_t{2} * 12, 3));  // dropped relations
  if (statistic_size != 0) {
    writer.u32(2);
    writer.raw(Bytes(2 * statistic_size, 4));
  }
  writer.u32(1);
  writer.raw(Bytes(16, 5));  // invalidations
  writer.u32(4711);
  return out;
}

TEST(WalRecords, EndsOfTransactions) {
  const auto main = time_only();
  const auto committed = transaction_end(record_of(transaction, 0x00, main));
  ASSERT_TRUE(committed.has_value());
  EXPECT_EQ(committed->kind, Kind::committed);
  EXPECT_EQ(committed->xid, 742U);
  EXPECT_EQ(committed->end, 0x1100U);
  EXPECT_EQ(base::format_utc(committed->at, base::TimePrecision::nanoseconds),
            "2026-11-21T17:31:29.428009000Z");
  EXPECT_EQ(transaction_end(record_of(transaction, 0x80, all_parts(12)))->xid, 742U);
  EXPECT_EQ(transaction_end(record_of(transaction, 0x20, main))->kind, Kind::aborted);
  EXPECT_EQ(transaction_end(record_of(transaction, 0xA0, main))->kind, Kind::aborted);
  // Preparing, assigning and invalidating end nothing; nor does another manager's record.
  for (const std::uint8_t info : {0x10, 0x50, 0x60, 0x70}) {
    EXPECT_FALSE(transaction_end(record_of(transaction, info, main)).has_value());
  }
  EXPECT_FALSE(transaction_end(record_of(xlog, 0x00, main)).has_value());
}

TEST(WalRecords, PreparedTransactionsAreNamedInTheirEnd) {
  const auto end_of = [](std::uint8_t info, const Bytes& main, std::uint16_t magic) {
    return transaction_end(record_of(transaction, info, main, magic));
  };
  const auto committed = end_of(0xB0, all_parts(0), 0xD10D);
  ASSERT_TRUE(committed.has_value());
  EXPECT_EQ(committed->kind, Kind::prepared_committed);
  EXPECT_EQ(committed->xid, 4711U);
  EXPECT_EQ(end_of(0xC0, all_parts(0), 0xD10D)->kind, Kind::prepared_aborted);
  // Dropped statistics grew in 18.
  EXPECT_EQ(end_of(0xC0, all_parts(12), 0xD110)->xid, 4711U);
  EXPECT_EQ(end_of(0xC0, all_parts(12), 0xD116)->xid, 4711U);
  EXPECT_EQ(end_of(0xC0, all_parts(16), 0xD118)->xid, 4711U);
}

TEST(WalRecords, WhatIsCutShortIsNone) {
  const auto whole = all_parts(12);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto part = ByteView(whole).first(size);
    EXPECT_FALSE(transaction_end(record_of(transaction, 0xB0, part)).has_value()) << size;
    EXPECT_EQ(transaction_end(record_of(transaction, 0x80, part)).has_value(), size >= 8) << size;
    // Of a record too long to be kept, the time is known.
    auto record = record_of(transaction, 0xB0, part);
    record.main_data_size = static_cast<std::uint32_t>(whole.size());
    const auto end = transaction_end(record);
    ASSERT_EQ(end.has_value(), size >= 8);
    if (end) EXPECT_EQ(end->xid, 0U);
  }
  auto endless = time_only();
  base::ByteWriter writer(endless);
  writer.u32(0x12);
  writer.u32(0xFFFF'FFFF);  // subtransactions
  EXPECT_FALSE(transaction_end(record_of(transaction, 0xB0, endless)).has_value());
  for (const auto time : {INT64_MAX, INT64_MIN, INT64_MAX - 1}) {
    EXPECT_FALSE(transaction_end(record_of(transaction, 0, time_only(time))).has_value());
  }
}

TEST(WalRecords, RestorePoints) {
  auto main = time_only();
  const std::string name = "before the flood";
  main.insert(main.end(), name.begin(), name.end());
  main.resize(72);
  const auto point = restore_point(record_of(xlog, 0x70, main));
  ASSERT_TRUE(point.has_value());
  EXPECT_EQ(point->name, name);
  EXPECT_EQ(point->end, 0x1100U);
  EXPECT_EQ(base::format_utc(point->at), "2026-11-21T17:31:29Z");
  EXPECT_FALSE(restore_point(record_of(xlog, 0x70, ByteView(main).first(71))).has_value());
  EXPECT_FALSE(restore_point(record_of(xlog, 0x60, main)).has_value());
  EXPECT_FALSE(restore_point(record_of(transaction, 0x70, main)).has_value());
  // A name without its zero is taken as far as it goes.
  std::fill(main.begin() + 8, main.end(), 'n');
  EXPECT_EQ(restore_point(record_of(xlog, 0x70, main))->name, std::string(64, 'n'));
}

TEST(WalRecords, SwitchesOfTheTimeline) {
  auto main = time_only();
  base::ByteWriter writer(main);
  writer.u32(5);
  writer.u32(4);
  for (const std::uint8_t info : {0x90, 0x00}) {
    const auto change = timeline_switch(record_of(xlog, info, main));
    ASSERT_TRUE(change.has_value());
    EXPECT_EQ(change->from, 4U);
    EXPECT_EQ(change->to, 5U);
    EXPECT_EQ(change->start, 0x1000U);
  }
  EXPECT_FALSE(timeline_switch(record_of(xlog, 0x10, main)).has_value());
  EXPECT_FALSE(timeline_switch(record_of(transaction, 0x00, main)).has_value());
  EXPECT_FALSE(timeline_switch(record_of(xlog, 0x90, ByteView(main).first(15))).has_value());
  main[8] = 4;  // a shutdown on the same timeline
  EXPECT_FALSE(timeline_switch(record_of(xlog, 0x00, main)).has_value());
}

}  // namespace
}  // namespace holdfast::wire
