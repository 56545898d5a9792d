// Loading dumps into a running PostgreSQL server (docs/internals/postgres.md).
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "wire/postgres.hpp"

namespace holdfast::source {

struct PostgresLoadOptions {
  std::string folder;    // holds globals.sql and NAME.dump, as a logical snapshot does
  std::string database;  // only this one; empty: all of them
  std::string name;      // under which it is loaded; empty: its own
  std::string tools;     // a folder with pg_restore and psql; empty: looked for
  std::string path;      // the variable PATH, for looking
  // Of our environment, not inherited by the tools: secrets lie in them.
  std::vector<std::string> hidden_variables;
};

struct PostgresLoaded {
  std::vector<std::string> databases;  // as they are called there
  std::vector<std::string> notes;      // what isn't there as it was
};

// Roles that the server lacks are made first, those that it has stay as they are; then each archive
// is loaded, with jobs. A database that is missing is made. already_exists: it is there and holds
// something; nothing was changed then. not_found: there is no dump of it. io: pg_restore said that
// not all of it came.
base::Result<PostgresLoaded> load_postgres_dumps(const wire::PostgresAddress& address,
                                                 const PostgresLoadOptions& options,
                                                 std::stop_token stop);

// Of a script of globals what makes roles that aren't among `roles`, and their memberships and
// settings; nothing of tablespaces. Pure.
[[nodiscard]] std::string globals_without(std::string_view script,
                                          const std::vector<std::string>& roles);

}  // namespace holdfast::source
