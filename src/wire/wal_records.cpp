// Decoding of main data (access/xact.h, access/xlog_internal.h and catalog/pg_control.h of the
// server). A record's checksum was right before it comes here; what is too short all the same is no
// such record.
#include "wire/wal_records.hpp"

#include "base/result.hpp"
#include "wal_layout.hpp"

namespace holdfast::wire {

using base::ByteReader;
using base::ByteView;
using base::Result;

namespace {

// The kinds of transaction records, in `info`.
constexpr std::uint8_t kind_mask = 0x70;
constexpr std::uint8_t kind_commit = 0x00;
constexpr std::uint8_t kind_abort = 0x20;
constexpr std::uint8_t kind_commit_prepared = 0x30;
constexpr std::uint8_t kind_abort_prepared = 0x40;
constexpr std::uint8_t has_parts = 0x80;  // flags follow the time and say which

// Parts of a commit or abort, in this order.
constexpr std::uint32_t has_database = 1U << 0;
constexpr std::uint32_t has_subtransactions = 1U << 1;
constexpr std::uint32_t has_dropped_relations = 1U << 2;
constexpr std::uint32_t has_dropped_statistics = 1U << 8;  // since 15
constexpr std::uint32_t has_invalidations = 1U << 3;
constexpr std::uint32_t has_prepared = 1U << 4;

constexpr std::size_t restore_point_name_size = 64;

// 2000-01-01T00:00:00Z in seconds since 1970.
constexpr std::int64_t epoch_s = 946'684'800;
constexpr std::int64_t microseconds_max = INT64_MAX / 1'000 - epoch_s * 1'000'000;

Result<base::Time> take_time(ByteReader& reader) {
  const auto microseconds = TRY(reader.i64());
  if (microseconds > microseconds_max || microseconds < -microseconds_max) {
    return base::Error(base::ErrorCode::damaged, "a time of the WAL is out of range");
  }
  return base::Time{(microseconds + epoch_s * 1'000'000) * 1'000};
}

// A count, then so many items.
Result<void> skip_items(ByteReader& reader, std::size_t item_size) {
  const auto count = TRY(reader.u32());
  TRY(reader.raw(std::size_t{count} * item_size));
  return {};
}

// After the time.
Result<std::uint32_t> take_prepared_xid(ByteReader& reader, const WalRecord& record) {
  const auto parts = (record.info & has_parts) != 0 ? TRY(reader.u32()) : 0;
  if ((parts & has_prepared) == 0) return 0U;
  if ((parts & has_database) != 0) TRY(reader.raw(8));
  if ((parts & has_subtransactions) != 0) TRY(skip_items(reader, 4));
  if ((parts & has_dropped_relations) != 0) TRY(skip_items(reader, 12));
  if ((parts & has_dropped_statistics) != 0) {
    TRY(skip_items(reader, record.page_magic >= wal_magic_18 ? 16 : 12));
  }
  if ((parts & has_invalidations) != 0) TRY(skip_items(reader, 16));
  return reader.u32();
}

Result<TransactionEnd> decode_end(const WalRecord& record, TransactionEnd::Kind kind) {
  using Kind = TransactionEnd::Kind;
  ByteReader reader(record.main_data);
  TransactionEnd end{.kind = kind, .xid = record.xid, .at = {}, .end = record.end};
  end.at = TRY(take_time(reader));
  if (kind == Kind::committed || kind == Kind::aborted) return end;
  auto xid = take_prepared_xid(reader, record);
  const bool cut = record.main_data.size() < record.main_data_size;
  if (!xid.ok() && !cut) return std::move(xid).error();
  end.xid = xid.ok() ? xid.value() : 0;
  return end;
}

Result<RestorePoint> decode_restore_point(const WalRecord& record) {
  ByteReader reader(record.main_data);
  RestorePoint point{.name = {}, .at = TRY(take_time(reader)), .end = record.end};
  const auto name = base::as_text(TRY(reader.raw(restore_point_name_size)));
  point.name = name.substr(0, name.find('\0'));
  return point;
}

// Both records have eight bytes first: the time of the mark, the redo position of the checkpoint.
Result<TimelineSwitch> decode_switch(const WalRecord& record) {
  ByteReader reader(record.main_data);
  TRY(reader.u64());
  const auto to = TRY(reader.u32());
  return TimelineSwitch{.from = TRY(reader.u32()), .to = to, .start = record.start};
}

template <typename T>
std::optional<T> if_whole(Result<T> decoded) {
  if (!decoded.ok()) return std::nullopt;
  return std::move(decoded).value();
}

bool is_xlog(const WalRecord& record, std::uint8_t kind) {
  return record.resource_manager == manager_xlog && (record.info & info_kind) == kind;
}

}  // namespace

std::optional<TransactionEnd> transaction_end(const WalRecord& record) {
  using Kind = TransactionEnd::Kind;
  if (record.resource_manager != manager_transaction) return std::nullopt;
  switch (record.info & kind_mask) {
    case kind_commit: return if_whole(decode_end(record, Kind::committed));
    case kind_abort: return if_whole(decode_end(record, Kind::aborted));
    case kind_commit_prepared: return if_whole(decode_end(record, Kind::prepared_committed));
    case kind_abort_prepared: return if_whole(decode_end(record, Kind::prepared_aborted));
    default: return std::nullopt;
  }
}

std::optional<RestorePoint> restore_point(const WalRecord& record) {
  if (!is_xlog(record, xlog_restore_point)) return std::nullopt;
  return if_whole(decode_restore_point(record));
}

std::optional<TimelineSwitch> timeline_switch(const WalRecord& record) {
  if (!is_xlog(record, xlog_end_of_recovery) && !is_xlog(record, xlog_shutdown_checkpoint)) {
    return std::nullopt;
  }
  auto decoded = decode_switch(record);
  if (!decoded.ok() || decoded.value().from == decoded.value().to) return std::nullopt;
  return decoded.value();
}

}  // namespace holdfast::wire
