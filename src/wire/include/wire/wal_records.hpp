// What records of PostgreSQL's write-ahead log say that recovery can stop at: ends of transactions,
// named restore points, switches of the timeline. The records come from wire/wal_reader.hpp. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "wire/wal_reader.hpp"

namespace holdfast::wire {

// What ended a transaction. Recovery to `at` or `xid` compares with these, to an LSN with `end`.
struct TransactionEnd {
  enum class Kind { committed, aborted, prepared_committed, prepared_aborted };
  Kind kind = Kind::committed;
  // Of a prepared one, the one that was prepared (0 if that part of the record wasn't kept).
  std::uint32_t xid = 0;
  base::Time at;  // by the server's clock, to the microsecond; not in the order of the WAL
  Lsn end = 0;
};
// None if the record is something else, or is cut short.
[[nodiscard]] std::optional<TransactionEnd> transaction_end(const WalRecord& record);

// What pg_create_restore_point() wrote.
struct RestorePoint {
  std::string name;  // as the server wrote it: up to 63 bytes of any encoding
  base::Time at;
  Lsn end = 0;
};
[[nodiscard]] std::optional<RestorePoint> restore_point(const WalRecord& record);

// A promotion or an end of recovery: the first record of a timeline (a mark of its own, or a
// shutdown checkpoint).
struct TimelineSwitch {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  Lsn start = 0;  // of the record; the timeline before ended here
};
[[nodiscard]] std::optional<TimelineSwitch> timeline_switch(const WalRecord& record);

}  // namespace holdfast::wire
