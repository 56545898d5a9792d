// Commands of a PostgreSQL replication connection: who the server is, a slot, a base backup
// ("Streaming Replication Protocol"; 13 and 14 send a base backup as a COPY per tablespace, 15 and
// newer as one COPY of marked messages).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "wire/postgres.hpp"
#include "wire/postgres_messages.hpp"

namespace holdfast::wire {

struct PostgresIdentity {
  std::string system;  // the cluster's own number
  std::uint32_t timeline = 0;
  Lsn position = 0;
};
base::Result<PostgresIdentity> identify_system(PostgresConnection& connection);

// A setting of the server, as SHOW gives it.
base::Result<std::string> show_setting(PostgresConnection& connection, const std::string& name);

// A physical slot that holds back WAL from now on and goes with the connection.
base::Result<void> create_temporary_slot(PostgresConnection& connection, const std::string& name);

// A physical slot that holds back WAL from now on and stays. One of that name that is there already
// is taken.
base::Result<void> create_slot(PostgresConnection& connection, const std::string& name);

// WAL of `timeline` from `start` on, as COPY in both directions. not_found: the server has no such
// WAL any more.
base::Result<void> start_replication(PostgresConnection& connection, const std::string& slot,
                                     Lsn start, std::uint32_t timeline);

// After the server has ended the COPY: the timeline that follows, and where it begins. Nothing: the
// server is going down.
struct NextTimeline {
  std::uint32_t timeline = 0;
  Lsn position = 0;
};
base::Result<std::optional<NextTimeline>> finish_replication(PostgresConnection& connection);

// The history file of a timeline other than the first.
base::Result<std::string> timeline_history(PostgresConnection& connection, std::uint32_t timeline);

struct BaseBackupOptions {
  std::string label = "holdfast";
  enum class Checkpoint { fast, spread } checkpoint = Checkpoint::fast;
  // changed: files that the uploaded manifest has may come as "INCREMENTAL.NAME" with those blocks
  // only that changed since then. Servers 17 and newer.
  enum class Blocks { all, changed } blocks = Blocks::all;
};

struct BaseBackupTablespace {
  std::uint32_t oid = 0;  // 0: the data directory
  std::string location;
  std::uint64_t bytes = 0;  // the server's estimate
};

struct BaseBackupStart {
  Lsn position = 0;
  std::uint32_t timeline = 0;
  std::vector<BaseBackupTablespace> tablespaces;
};

struct BaseBackupEnd {
  Lsn position = 0;
  std::uint32_t timeline = 0;
  // The server found pages with wrong checksums; its notices have said which.
  enum class Pages { sound, damaged } pages = Pages::sound;
};

// What a base backup is given to, in the order of arrival. An error ends the backup.
class BaseBackupReceiver {
 public:
  virtual ~BaseBackupReceiver() = default;
  virtual base::Result<void> begin(const BaseBackupStart& start) = 0;
  // From now on data() is the tar archive of this tablespace.
  virtual base::Result<void> begin_archive(std::uint32_t oid) = 0;
  // From now on data() is the backup manifest.
  virtual base::Result<void> begin_manifest() = 0;
  virtual base::Result<void> data(base::ByteView bytes) = 0;
};

// Tells the server which backup the next one of this connection is to be an increment of: `next`
// gives that backup's manifest piece by piece, an empty one at its end, each valid until the next
// call. After an error of the server the connection takes further commands, after one of `next` it
// doesn't.
base::Result<void> upload_manifest(PostgresConnection& connection,
                                   const std::function<base::Result<base::ByteView>()>& next);

// With all WAL from start to end in pg_wal, a manifest with CRC-32C, links as links. Afterwards the
// connection takes further commands, unless there was an error after `receiver` got its begin().
base::Result<BaseBackupEnd> receive_base_backup(PostgresConnection& connection,
                                                const BaseBackupOptions& options,
                                                BaseBackupReceiver& receiver);

// The command that does it.
[[nodiscard]] std::string base_backup_command(int server_major, const BaseBackupOptions& options);

}  // namespace holdfast::wire
