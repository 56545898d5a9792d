// The beginning of an archive in pg_dump's custom format: of which database it is, and which
// server and pg_dump made it.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace holdfast::source {

struct PostgresArchiveHeader {
  std::string database;
  std::string server_version;  // "15.18 (Debian 15.18-0+deb12u1)"
  std::string tool_version;
  // The numbers that these begin with; 0 if they begin with none.
  int server_major = 0;
  int tool_major = 0;
};

// A few hundred bytes are enough; more of the archive may follow.
inline constexpr std::size_t postgres_archive_header_max = 8192;

// Of the formats 1.12 (PostgreSQL 9.0) to 1.16 (18). damaged: it is no such archive, or cut off.
base::Result<PostgresArchiveHeader> parse_archive_header(base::ByteView bytes);

}  // namespace holdfast::source
