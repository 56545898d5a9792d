// Capture of a PostgreSQL server (docs/internals/postgres.md): a base backup over the replication
// protocol, or archives of pg_dump.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "repository/entry_sink.hpp"
#include "repository/node_store.hpp"
#include "wire/postgres.hpp"
#include "wire/postgres_replication.hpp"

namespace holdfast::source {

struct PostgresCaptureResult {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t links = 0;
  std::uint64_t bytes = 0;           // of the contents
  std::uint64_t bytes_received = 0;  // from the server
  // Of a backup that should have been incremental and is a full one: why. A sentence.
  std::string full_because;
  // Nothing was captured, what the sink has must not be committed: the earlier backup can't be
  // used, for this reason; a full one will do.
  std::string retake_because;
  // For the snapshot's detail: positions, timeline, version.
  std::vector<std::pair<std::string, std::uint64_t>> facts;
};

struct PostgresProgress {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_total = 0;  // by the server's own estimate; 0: not known
  std::string_view current;       // raw bytes, valid during the call
};
using PostgresProgressCall = std::function<void(const PostgresProgress&)>;

// The paths by which snapshots of the two kinds are told apart.
inline constexpr std::string_view postgres_data_path = "/data";
inline constexpr std::string_view postgres_tablespaces_path = "/tablespaces";
inline constexpr std::string_view postgres_dumps_path = "/";

// An earlier base backup: the snapshot's tree. Borrowed.
struct PostgresParent {
  repository::NodeSource* nodes = nullptr;
  repository::TreeRoot root;
};

struct PostgresPhysicalOptions {
  // incremental: only what changed since the parent is asked for, where that is possible.
  enum class Transfer { full, incremental } transfer = Transfer::full;
  std::optional<PostgresParent> parent = {};
  wire::BaseBackupOptions::Checkpoint checkpoint = wire::BaseBackupOptions::Checkpoint::fast;
  std::string label = "holdfast";
  std::string slot;  // of the temporary one; letters, digits and underscores
};

// A whole cluster, whatever the transfer was. Entries come in any order: `sink` sorts them.
// Everything has been checked against the server's manifest on return. Errors: those of
// wire::PostgresConnection, damaged (what came is not what the manifest says), and those of the
// sink.
base::Result<PostgresCaptureResult> capture_postgres_physical(
    const wire::PostgresAddress& address, const PostgresPhysicalOptions& options,
    repository::EntrySink& sink, const PostgresProgressCall& progress, std::stop_token stop);

struct PostgresDumpOptions {
  // all: every database that accepts connections and is no template. named: `names`, or, without
  // any, the database of the address.
  enum class Databases { named, all } databases = Databases::named;
  std::vector<std::string> names;
  std::vector<std::string> schemas;  // patterns of pg_dump; none: all
  std::vector<std::string> tables;
  enum class Content { all, schema, data } content = Content::all;
  std::string tools;  // a folder with pg_dump; empty: looked for
  std::string path;   // the variable PATH, for looking
  // Of our environment, not inherited by the tools: secrets lie in them.
  std::vector<std::string> hidden_variables;
};

// One archive per database, and the globals. unsupported: no pg_dump here is new enough.
base::Result<PostgresCaptureResult> capture_postgres_dumps(const wire::PostgresAddress& address,
                                                           const PostgresDumpOptions& options,
                                                           repository::EntrySink& sink,
                                                           const PostgresProgressCall& progress,
                                                           std::stop_token stop);

}  // namespace holdfast::source
