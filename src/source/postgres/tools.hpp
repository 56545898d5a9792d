// PostgreSQL's own tools on this machine: which pg_dump is new enough for a server.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace holdfast::source {

struct PostgresTools {
  std::string folder;  // holds pg_dump and pg_dumpall
  int major = 0;
};

// "pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)" -> 15; 0 if it can't be read.
[[nodiscard]] int parse_tool_version(std::string_view text);

// Of `found` the oldest that is not older than the server: what it writes is read by the widest
// range of pg_restore. unsupported, naming what there is: none is.
base::Result<PostgresTools> choose_tools(const std::vector<PostgresTools>& found, int server_major);

// Where they are looked for: in `folder` only, if one is given; else where Debian and Red Hat put
// them, and in PATH.
struct ToolPlaces {
  std::string folder;
  std::string path;                                // as in the variable
  std::vector<std::string> hidden_variables = {};  // that the tools don't inherit
};
base::Result<PostgresTools> find_tools(const ToolPlaces& places, int server_major,
                                       const std::stop_token& stop);

}  // namespace holdfast::source
