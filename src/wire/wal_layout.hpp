// What the reader of the WAL and the meaning of its records share: the marks of versions and
// resource managers, and the parts of a record.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "wire/wal_reader.hpp"

namespace holdfast::wire {

// The magic of pages, per major version; all have the same upper half.
constexpr std::uint16_t wal_magic_family = 0xD1;
constexpr std::uint16_t wal_magic_13 = 0xD106;
constexpr std::uint16_t wal_magic_15 = 0xD110;
constexpr std::uint16_t wal_magic_18 = 0xD118;

// Resource managers, and their kinds of records in the upper half of `info`.
constexpr std::uint8_t manager_xlog = 0;
constexpr std::uint8_t manager_transaction = 1;
constexpr std::uint8_t xlog_shutdown_checkpoint = 0x00;
constexpr std::uint8_t xlog_switch = 0x40;
constexpr std::uint8_t xlog_restore_point = 0x70;
constexpr std::uint8_t xlog_end_of_recovery = 0x90;
constexpr std::uint8_t info_kind = 0xF0;

// The rest of the segment is empty.
[[nodiscard]] inline bool is_segment_switch(const WalRecord& record) {
  return record.resource_manager == manager_xlog && (record.info & info_kind) == xlog_switch;
}

struct WalMainData {
  base::ByteView kept;  // what lies in the given bytes
  std::uint32_t size = 0;
};
// The main data of a record: its last part. `kept` is the begin (or the whole) of what follows the
// record's header, which has `size` bytes. None if the parts make no sense.
[[nodiscard]] std::optional<WalMainData> find_main_data(base::ByteView kept, std::uint32_t size,
                                                        std::uint16_t page_magic);

}  // namespace holdfast::wire
