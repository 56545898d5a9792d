// The bytes inside a PostgreSQL replication connection ("Streaming Replication Protocol"): WAL
// positions, names of WAL segments, the messages of a base backup since version 15. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::wire {

// A position in the WAL, in bytes.
using Lsn = std::uint64_t;

// "16/B374D848". damaged if it is none.
base::Result<Lsn> parse_lsn(std::string_view text);
[[nodiscard]] std::string format_lsn(Lsn lsn);

// The file that holds `lsn`: 24 hexadecimal digits. `segment_size` is a power of two from 1 MiB to
// 1 GiB.
[[nodiscard]] std::string wal_segment_name(std::uint32_t timeline, Lsn lsn,
                                           std::uint64_t segment_size);

// What a message of BASE_BACKUP says. Views into the message.
struct BackupArchive {
  std::string_view name;      // "base.tar", "16384.tar"
  std::string_view location;  // of a tablespace; empty for the data directory
};
struct BackupManifest {};
struct BackupData {
  base::ByteView bytes;
};
struct BackupProgress {
  std::uint64_t bytes = 0;  // done so far
};
using BackupMessage = std::variant<BackupArchive, BackupManifest, BackupData, BackupProgress>;

// damaged: cut short; unsupported: of a kind that this program doesn't know.
base::Result<BackupMessage> decode_backup_message(base::ByteView message);

// What a message of START_REPLICATION says. Views into the message.
struct WalData {
  Lsn start = 0;  // of `bytes`
  Lsn server_end = 0;
  base::Time sent_at;  // by the server's clock
  base::ByteView bytes;
};
struct WalKeepalive {
  Lsn server_end = 0;
  base::Time sent_at;
  enum class Reply { wanted, not_needed } reply = Reply::not_needed;
};
using WalMessage = std::variant<WalData, WalKeepalive>;
base::Result<WalMessage> decode_wal_message(base::ByteView message);

// "Standby status update": what has arrived, and up to where the server may forget its WAL.
struct WalStatus {
  Lsn received = 0;
  Lsn flushed = 0;
  base::Time at;
  WalKeepalive::Reply reply = WalKeepalive::Reply::not_needed;  // the server's, at once
};
[[nodiscard]] base::Bytes encode_wal_status(const WalStatus& status);

}  // namespace holdfast::wire
