// WalStream: the WAL of a PostgreSQL server as it is written, held back for us by a slot
// (docs/internals/logs.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "wire/postgres.hpp"
#include "wire/postgres_replication.hpp"

namespace holdfast::source {

struct WalSlot {
  std::optional<wire::Lsn> restart;  // what the server still has; nothing: it holds nothing back
  bool is_active = false;            // somebody streams from it
  std::string wal_status;            // reserved, extended, unreserved, lost
};

// Used by one task. Errors: those of wire::PostgresConnection; conflict: the slot is in use;
// unsupported: the server is older than 13.
class WalStream {
 public:
  // Connects; makes the slot if it isn't there.
  static base::Result<std::unique_ptr<WalStream>> open(const wire::PostgresAddress& address,
                                                       const std::string& slot,
                                                       std::stop_token stop);

  [[nodiscard]] const wire::PostgresIdentity& identity() const noexcept { return identity_; }
  [[nodiscard]] std::uint64_t segment_size() const noexcept { return segment_size_; }
  [[nodiscard]] const WalSlot& slot() const noexcept { return slot_state_; }
  // The server's account of how a timeline other than the first began.
  base::Result<std::string> history(std::uint32_t timeline);

  // From here on next() gives WAL of `timeline` from `start` on. not_found: it is gone.
  base::Result<void> start(wire::Lsn start, std::uint32_t timeline);
  struct Arrival {
    enum class Kind { bytes, idle, timeline_end } kind = Kind::idle;
    wire::Lsn start = 0;   // of bytes
    base::ByteView bytes;  // valid until the next call
    // At this instant, by the server's clock, nothing was durable there that had not come by now.
    std::optional<base::Time> complete_at;
    std::optional<wire::NextTimeline> next;  // of timeline_end; nothing: the server stops
  };
  // Waits for at most `timeout`; then it is idle.
  base::Result<Arrival> next(base::Duration timeout);
  // Up to where it has been received, and up to where the server may forget it. The server answers
  // with how far it is, which next() tells.
  base::Result<void> report(wire::Lsn received, wire::Lsn flushed, base::Time now);

 private:
  WalStream() = default;

  std::unique_ptr<wire::PostgresConnection> connection_;
  std::string slot_;
  WalSlot slot_state_;
  wire::PostgresIdentity identity_;
  std::uint64_t segment_size_ = 0;
  std::optional<base::Time> alive_at_;  // of the last keepalive since the last bytes
};

}  // namespace holdfast::source
