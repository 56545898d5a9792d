// A base backup over a replication connection: what is asked of the server, and what becomes of its
// refusals.
#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "physical_capture.hpp"
#include "segment_size.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr int first_incremental_major = 17;

Result<std::uint64_t> parse_system(std::string_view text) {
  std::uint64_t system = 0;
  const auto* end = text.data() + text.size();
  if (!text.empty() && std::from_chars(text.data(), end, system).ptr == end) return system;
  return Error(ErrorCode::unsupported, "the server's system identifier is no number");
}

// Why a backup can't be incremental, as far as the server's settings go; empty if it can.
Result<std::string> why_full(wire::PostgresConnection& connection) {
  if (connection.server_major() < first_incremental_major) {
    return fmt::format("the server is PostgreSQL {}, and {} is the first that sends changed blocks",
                       connection.server_major(), first_incremental_major);
  }
  if (TRY(wire::show_setting(connection, "summarize_wal")) != "on") {
    return std::string(
        "the server doesn't keep track of changed blocks (ALTER SYSTEM SET "
        "summarize_wal = on; SELECT pg_reload_conf())");
  }
  return std::string();
}

// What an incremental backup is laid over; if nothing, `because` says why it becomes a full one.
Result<std::optional<EarlierBackup>> find_earlier(wire::PostgresConnection& connection,
                                                  const PostgresPhysicalOptions& options,
                                                  std::uint64_t system, std::string& because) {
  because = TRY(why_full(connection));
  if (!because.empty()) return std::optional<EarlierBackup>();
  if (!options.parent) {
    because = "there is no earlier base backup that can be read at this location";
    return std::optional<EarlierBackup>();
  }
  auto earlier = EarlierBackup::open(*options.parent->nodes, options.parent->root);
  if (!earlier.ok()) {
    if (!is_of_earlier_backup(earlier.error().code())) return earlier.error();
    because = earlier.error().message();
    return std::optional<EarlierBackup>();
  }
  if (earlier.value().cluster() != system) {
    because = "the previous snapshot is of another cluster";
    return std::optional<EarlierBackup>();
  }
  return std::optional(std::move(earlier).value());
}

// One base backup over an open connection.
class PhysicalBackup {
 public:
  PhysicalBackup(wire::PostgresConnection& connection, const PostgresPhysicalOptions& options,
                 repository::EntrySink& sink)
      : connection_(connection), options_(options), sink_(sink) {}

  Result<PostgresCaptureResult> run(PhysicalCapture& capture, std::uint64_t system) {
    std::optional<EarlierBackup> earlier;
    std::string because;
    if (options_.transfer == PostgresPhysicalOptions::Transfer::incremental) {
      earlier = TRY(find_earlier(connection_, options_, system, because));
    }
    if (earlier) {
      capture.lay_over(&*earlier);
      auto received = receive_changes(*earlier, capture);
      if (received.ok()) return finish(capture, received.value(), {});
      if (!capture.earlier_trouble().empty()) {
        capture.abandon();
        PostgresCaptureResult made;
        made.retake_because = capture.earlier_trouble();
        return made;
      }
      const auto code = received.error().code();
      if (capture.has_begun() || code == ErrorCode::cancelled || code == ErrorCode::unavailable) {
        capture.abandon();
        return received.error();
      }
      // The server, or what it is told, has no way to it: summaries that are missing, a summarizer
      // that stands still, a timeline that isn't this one's.
      because = received.error().message();
      sink_.warn(std::string(postgres_data_path),
                 "a full backup instead of an incremental: " + because);
      capture.lay_over(nullptr);
    }
    auto received = receive(wire::BaseBackupOptions::Blocks::all, capture);
    if (!received.ok()) {
      capture.abandon();
      return received.error();
    }
    return finish(capture, received.value(), std::move(because));
  }

 private:
  Result<wire::BaseBackupEnd> receive(wire::BaseBackupOptions::Blocks blocks,
                                      PhysicalCapture& capture) {
    return wire::receive_base_backup(
        connection_, {.label = options_.label, .checkpoint = options_.checkpoint, .blocks = blocks},
        capture);
  }

  Result<wire::BaseBackupEnd> receive_changes(const EarlierBackup& earlier,
                                              PhysicalCapture& capture) {
    TRY(wire::upload_manifest(connection_, earlier.manifest()));
    return receive(wire::BaseBackupOptions::Blocks::changed, capture);
  }

  static Result<PostgresCaptureResult> finish(PhysicalCapture& capture,
                                              const wire::BaseBackupEnd& end, std::string because) {
    auto result = capture.finish(end);
    if (!result.ok()) {
      capture.abandon();
      return result;
    }
    result.value().full_because = std::move(because);
    return result;
  }

  wire::PostgresConnection& connection_;
  const PostgresPhysicalOptions& options_;
  repository::EntrySink& sink_;
};

}  // namespace

Result<PostgresCaptureResult> capture_postgres_physical(const wire::PostgresAddress& address,
                                                        const PostgresPhysicalOptions& options,
                                                        repository::EntrySink& sink,
                                                        const PostgresProgressCall& progress,
                                                        std::stop_token stop) {
  const auto connection = TRY(wire::PostgresConnection::open(
      address, {.session = wire::PostgresOptions::Session::replication}, stop));
  if (connection->server_major() < 13) {
    return Error(ErrorCode::unsupported,
                 fmt::format("the server is PostgreSQL {}", connection->server_major()))
        .with_hint("physical backups need PostgreSQL 13 or newer; logical ones do with less");
  }
  const auto system = TRY(parse_system(TRY(wire::identify_system(*connection)).system));
  const auto segment_size =
      TRY(parse_segment_size(TRY(wire::show_setting(*connection, "wal_segment_size"))));
  PhysicalCapture capture(sink, progress, segment_size, system);
  connection->on_notice([&capture](const wire::PostgresNotice& notice) { capture.note(notice); });
  const auto slot = wire::create_temporary_slot(*connection, options.slot);
  if (!slot.ok()) {
    if (slot.error().code() == ErrorCode::cancelled) return slot.error();
    sink.warn(std::string(postgres_data_path),
              "no slot holds WAL back during the backup: " + slot.error().message());
  }
  auto result = PhysicalBackup(*connection, options, sink).run(capture, system);
  if (!result.ok() || !result.value().retake_because.empty()) return result;
  capture.warn(address, stop);
  result.value().facts.emplace_back("server_version",
                                    static_cast<std::uint64_t>(connection->server_version()));
  return result;
}

}  // namespace holdfast::source
