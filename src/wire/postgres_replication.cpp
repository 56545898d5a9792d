// Replication commands and what comes back.
#include "wire/postgres_replication.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace holdfast::wire {

using base::Error;
using base::ErrorCode;
using base::Result;
using Kind = PostgresConnection::Answer::Kind;

namespace {

constexpr std::string_view data_corrupted = "XX001";
constexpr int answers_after_failure_max = 10;

template <typename Number>
Result<Number> parse_number(std::string_view text, std::string_view what) {
  Number value{};
  const auto* end = text.data() + text.size();
  const auto done = std::from_chars(text.data(), end, value);
  if (text.empty() || done.ec != std::errc() || done.ptr != end) {
    return Error(ErrorCode::damaged, fmt::format("the server's {} is no number", what));
  }
  return value;
}

struct Position {
  Lsn lsn = 0;
  std::uint32_t timeline = 0;
};

Result<Position> position_of(const PostgresTable& table) {
  Position made;
  made.lsn = TRY(parse_lsn(TRY(table.cell(0, 0))));
  made.timeline = TRY(parse_number<std::uint32_t>(TRY(table.cell(0, 1)), "timeline"));
  return made;
}

Result<std::vector<BaseBackupTablespace>> tablespaces_of(const PostgresTable& table) {
  std::vector<BaseBackupTablespace> made;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    BaseBackupTablespace each;
    const auto oid = TRY(table.cell(row, 0));
    if (!oid.empty()) each.oid = TRY(parse_number<std::uint32_t>(oid, "tablespace"));
    each.location = TRY(table.cell(row, 1));
    const auto size = TRY(table.cell(row, 2));
    if (!size.empty()) each.bytes = TRY(parse_number<std::uint64_t>(size, "size")) * 1024;
    made.push_back(std::move(each));
  }
  return made;
}

// What is left of the answer to a command that failed is taken: the connection can be used on.
Error settled(PostgresConnection& connection, Error failure) {
  if (failure.code() == ErrorCode::cancelled) return failure;
  for (int i = 0; i < answers_after_failure_max; ++i) {
    const auto answer = connection.next();
    if (!answer.ok() || answer.value().kind == Kind::end) break;
  }
  return failure;
}

class BackupReading {
 public:
  BackupReading(PostgresConnection& connection, BaseBackupReceiver& receiver)
      : connection_(connection), receiver_(receiver) {}

  Result<BaseBackupEnd> run(const std::string& command) {
    TRY(connection_.send(command));
    auto first = rows();
    if (!first.ok()) return settled(connection_, std::move(first).error());
    const auto start = TRY(position_of(first.value()));
    start_ = {.position = start.lsn,
              .timeline = start.timeline,
              .tablespaces = TRY(tablespaces_of(TRY(rows())))};
    TRY(receiver_.begin(start_));
    if (connection_.server_major() >= 15) {
      TRY(expect(Kind::copy_out));
      TRY(read_marked());
    } else {
      for (const auto& each : start_.tablespaces) {
        TRY(expect(Kind::copy_out));
        TRY(receiver_.begin_archive(each.oid));
        TRY(read_plain());
      }
      TRY(expect(Kind::copy_out));
      TRY(receiver_.begin_manifest());
      TRY(read_plain());
    }
    const auto end = TRY(position_of(TRY(rows())));
    return finish({.position = end.lsn, .timeline = end.timeline});
  }

 private:
  Result<PostgresTable> rows() {
    auto answer = TRY(connection_.next());
    if (answer.kind != Kind::rows) return unexpected();
    return std::move(answer.table);
  }

  Result<void> expect(Kind kind) {
    const auto answer = TRY(connection_.next());
    if (answer.kind != kind) return unexpected();
    return {};
  }

  static Error unexpected() {
    return {ErrorCode::unsupported, "the server answers BASE_BACKUP in an unknown way"};
  }

  Result<void> read_plain() {
    while (const auto message = TRY(connection_.copy_message())) {
      TRY(receiver_.data(*message));
    }
    return {};
  }

  Result<void> read_marked() {
    while (const auto message = TRY(connection_.copy_message())) {
      const auto decoded = TRY(decode_backup_message(*message));
      if (const auto* data = std::get_if<BackupData>(&decoded)) {
        TRY(receiver_.data(data->bytes));
      } else if (const auto* archive = std::get_if<BackupArchive>(&decoded)) {
        TRY(receiver_.begin_archive(TRY(oid_of(archive->name))));
      } else if (std::holds_alternative<BackupManifest>(decoded)) {
        TRY(receiver_.begin_manifest());
      }
    }
    return {};
  }

  [[nodiscard]] Result<std::uint32_t> oid_of(std::string_view archive) const {
    if (archive == "base.tar") return std::uint32_t{0};
    std::uint32_t oid = 0;
    if (archive.ends_with(".tar")) {
      oid = TRY(parse_number<std::uint32_t>(archive.substr(0, archive.size() - 4), "archive"));
    }
    const bool known = std::any_of(start_.tablespaces.begin(), start_.tablespaces.end(),
                                   [&](const auto& each) { return each.oid == oid; });
    if (oid == 0 || !known) {
      return Error(ErrorCode::damaged,
                   "the base backup has an archive of no tablespace: " + base::printable(archive));
    }
    return oid;
  }

  // Everything is there; what the server still has to say may be that pages were bad.
  Result<BaseBackupEnd> finish(BaseBackupEnd end) {
    while (true) {
      const auto answer = connection_.next();
      if (answer.ok() && answer.value().kind == Kind::end) return end;
      if (answer.ok()) continue;
      if (connection_.last_sqlstate() != data_corrupted) return Error(answer.error());
      end.pages = BaseBackupEnd::Pages::damaged;
    }
  }

  PostgresConnection& connection_;
  BaseBackupReceiver& receiver_;
  BaseBackupStart start_;
};

}  // namespace

Result<PostgresIdentity> identify_system(PostgresConnection& connection) {
  const auto table = TRY_CONTEXT(connection.query("IDENTIFY_SYSTEM"), "asking who the server is");
  PostgresIdentity made;
  made.system = TRY(table.cell(0, 0));
  made.timeline = TRY(parse_number<std::uint32_t>(TRY(table.cell(0, 1)), "timeline"));
  made.position = TRY(parse_lsn(TRY(table.cell(0, 2))));
  return made;
}

Result<std::string> show_setting(PostgresConnection& connection, const std::string& name) {
  return TRY_CONTEXT(connection.query("SHOW " + name), "asking for " + name).cell(0, 0);
}

Result<void> create_temporary_slot(PostgresConnection& connection, const std::string& name) {
  TRY_CONTEXT(connection.query(fmt::format("CREATE_REPLICATION_SLOT {} TEMPORARY PHYSICAL "
                                           "RESERVE_WAL",
                                           quote_identifier(name))),
              "making the slot " + name);
  return {};
}

Result<void> create_slot(PostgresConnection& connection, const std::string& name) {
  constexpr std::string_view duplicate_object = "42710";
  const auto made = connection.query(
      fmt::format("CREATE_REPLICATION_SLOT {} PHYSICAL RESERVE_WAL", quote_identifier(name)));
  if (made.ok() || connection.last_sqlstate() == duplicate_object) return {};
  return Error(made.error()).with_context("making the slot " + name);
}

Result<void> start_replication(PostgresConnection& connection, const std::string& slot, Lsn start,
                               std::uint32_t timeline) {
  const auto what = "asking for WAL from " + format_lsn(start);
  TRY(connection.send(fmt::format("START_REPLICATION SLOT {} PHYSICAL {} TIMELINE {}",
                                  quote_identifier(slot), format_lsn(start), timeline)));
  const auto answer = TRY_CONTEXT(connection.next(), what);
  if (answer.kind != Kind::copy_both) {
    return Error(ErrorCode::unsupported, "the server answers START_REPLICATION in an unknown way");
  }
  return {};
}

Result<std::optional<NextTimeline>> finish_replication(PostgresConnection& connection) {
  std::optional<NextTimeline> next;
  while (true) {
    const auto answer = TRY(connection.next());
    if (answer.kind == Kind::copy_in) TRY(connection.end_copy());
    if (answer.kind == Kind::end) return next;
    if (answer.kind != Kind::rows) continue;
    next.emplace();
    next->timeline =
        TRY(parse_number<std::uint32_t>(TRY(answer.table.cell(0, 0)), "next timeline"));
    next->position = TRY(parse_lsn(TRY(answer.table.cell(0, 1))));
  }
}

Result<std::string> timeline_history(PostgresConnection& connection, std::uint32_t timeline) {
  const auto table = TRY_CONTEXT(connection.query(fmt::format("TIMELINE_HISTORY {}", timeline)),
                                 fmt::format("asking for the history of timeline {}", timeline));
  return table.cell(0, 1);
}

Result<void> upload_manifest(PostgresConnection& connection,
                             const std::function<Result<base::ByteView>()>& next) {
  const auto upload = [&]() -> Result<void> {
    TRY(connection.send("UPLOAD_MANIFEST"));
    auto begun = connection.next();
    if (!begun.ok()) return settled(connection, std::move(begun).error());
    if (begun.value().kind != Kind::copy_in) {
      return Error(ErrorCode::unsupported, "the server answers UPLOAD_MANIFEST in an unknown way");
    }
    while (true) {
      const auto piece = TRY(next());
      if (piece.empty()) break;
      TRY(connection.send_copy(piece));
    }
    TRY(connection.end_copy());
    while (true) {
      auto answer = connection.next();
      if (!answer.ok()) return settled(connection, std::move(answer).error());
      if (answer.value().kind == Kind::end) return {};
    }
  };
  return upload().with_context("telling the server of the previous backup");
}

std::string base_backup_command(int server_major, const BaseBackupOptions& options) {
  const bool is_fast = options.checkpoint == BaseBackupOptions::Checkpoint::fast;
  const auto label = quote_literal(options.label);
  if (server_major >= 15) {
    return fmt::format(
        "BASE_BACKUP (LABEL {}, PROGRESS, CHECKPOINT '{}', WAL, WAIT false, MANIFEST 'yes', "
        "MANIFEST_CHECKSUMS 'CRC32C', TARGET 'client'{})",
        label, is_fast ? "fast" : "spread",
        options.blocks == BaseBackupOptions::Blocks::changed ? ", INCREMENTAL" : "");
  }
  return fmt::format(
      "BASE_BACKUP LABEL {} PROGRESS{} WAL NOWAIT MANIFEST 'yes' "
      "MANIFEST_CHECKSUMS 'CRC32C'",
      label, is_fast ? " FAST" : "");
}

Result<BaseBackupEnd> receive_base_backup(PostgresConnection& connection,
                                          const BaseBackupOptions& options,
                                          BaseBackupReceiver& receiver) {
  return BackupReading(connection, receiver)
      .run(base_backup_command(connection.server_major(), options))
      .with_context("base backup");
}

}  // namespace holdfast::wire
