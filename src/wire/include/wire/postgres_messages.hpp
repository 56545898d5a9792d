// The bytes inside a PostgreSQL replication connection ("Streaming Replication Protocol"): WAL
// positions, names of WAL segments, the messages of a base backup since version 15. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
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

}  // namespace holdfast::wire
