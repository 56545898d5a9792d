// Streaming replication, physical.
#include "source/postgres/wal_stream.hpp"

#include <fmt/format.h>

#include "segment_size.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

// What the server says of the slot, on a connection for queries: that for replication takes none.
Result<std::optional<WalSlot>> look_at_slot(const wire::PostgresAddress& address,
                                            const std::string& slot, std::stop_token stop) {
  const auto connection = TRY(wire::PostgresConnection::open(address, {}, std::move(stop)));
  const auto table = TRY_CONTEXT(
      connection->query("select active, restart_lsn::text, wal_status from pg_replication_slots "
                        "where slot_name = $1 and slot_type = 'physical'",
                        {slot}),
      "looking at the slot " + slot);
  if (table.rows.empty()) return std::optional<WalSlot>();
  WalSlot made;
  made.is_active = TRY(table.cell(0, 0)) == "t";
  const auto restart = TRY(table.cell(0, 1));
  if (!restart.empty()) made.restart = TRY(wire::parse_lsn(restart));
  made.wal_status = TRY(table.cell(0, 2));
  return std::optional(made);
}

}  // namespace

Result<std::unique_ptr<WalStream>> WalStream::open(const wire::PostgresAddress& address,
                                                   const std::string& slot, std::stop_token stop) {
  std::unique_ptr<WalStream> made(new WalStream());
  made->slot_ = slot;
  made->connection_ = TRY(wire::PostgresConnection::open(
      address, {.session = wire::PostgresOptions::Session::replication}, stop));
  auto& connection = *made->connection_;
  if (connection.server_major() < 13) {
    return Error(ErrorCode::unsupported,
                 fmt::format("the server is PostgreSQL {}", connection.server_major()))
        .with_hint("logs need PostgreSQL 13 or newer; logical backups do with less");
  }
  made->identity_ = TRY(wire::identify_system(connection));
  made->segment_size_ =
      TRY(parse_segment_size(TRY(wire::show_setting(connection, "wal_segment_size"))));
  auto state = TRY(look_at_slot(address, slot, stop));
  if (!state) {
    TRY(wire::create_slot(connection, slot));
    state = TRY(look_at_slot(address, slot, stop));
  }
  if (state) made->slot_state_ = std::move(*state);
  if (made->slot_state_.is_active) {
    return Error(ErrorCode::conflict, fmt::format("the slot {} is in use", slot))
        .with_hint("another daemon follows this server's log; one for each server is enough");
  }
  return made;
}

Result<std::string> WalStream::history(std::uint32_t timeline) {
  return wire::timeline_history(*connection_, timeline);
}

Result<void> WalStream::start(wire::Lsn start, std::uint32_t timeline) {
  alive_at_.reset();
  return wire::start_replication(*connection_, slot_, start, timeline);
}

Result<WalStream::Arrival> WalStream::next(base::Duration timeout) {
  using Kind = wire::PostgresConnection::CopyArrival::Kind;
  const auto arrived = TRY(connection_->copy_message_within(timeout));
  Arrival made;
  if (arrived.kind == Kind::end) {
    made.kind = Arrival::Kind::timeline_end;
    made.next = TRY(wire::finish_replication(*connection_));
  } else if (arrived.kind == Kind::message) {
    const auto decoded = TRY(wire::decode_wal_message(arrived.message));
    if (const auto* data = std::get_if<wire::WalData>(&decoded)) {
      made.kind = Arrival::Kind::bytes;
      made.start = data->start;
      made.bytes = data->bytes;
      alive_at_.reset();
      // With bytes the server says how far its WAL is durable.
      if (data->start + data->bytes.size() >= data->server_end) made.complete_at = data->sent_at;
    } else {
      // A keepalive says only how far it has sent. But whatever was durable before it is sent
      // before the next one: if nothing came between two, nothing was there at the first.
      const auto& alive = std::get<wire::WalKeepalive>(decoded);
      made.complete_at = alive_at_;
      alive_at_ = alive.sent_at;
    }
  }
  return made;
}

Result<void> WalStream::report(wire::Lsn received, wire::Lsn flushed, base::Time now) {
  return connection_->send_copy(
      wire::encode_wal_status({.received = received,
                               .flushed = flushed,
                               .at = now,
                               .reply = wire::WalKeepalive::Reply::wanted}));
}

}  // namespace holdfast::source
