// PostgreSQL's programs on this machine, as a scratch server and its clients need them.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace holdfast::engine {

struct PostgresProgramPlaces {
  std::string folder;                              // looked into first; may be empty
  std::string path;                                // the variable PATH
  std::vector<std::string> hidden_variables = {};  // that the programs don't inherit
};

// The folder of the server of exactly this version, with initdb. unsupported: there is none.
base::Result<std::string> find_server(const PostgresProgramPlaces& places, int major,
                                      const std::stop_token& stop);
// The oldest server that is of this version or newer: an archive can be loaded into it.
struct PostgresPrograms {
  std::string folder;
  int major = 0;
};
base::Result<PostgresPrograms> find_server_from(const PostgresProgramPlaces& places, int major,
                                                const std::stop_token& stop);
// The folder of the oldest pg_dump and pg_dumpall that are of this version or newer.
base::Result<std::string> find_dumpers(const PostgresProgramPlaces& places, int major,
                                       const std::stop_token& stop);
// The folder of the oldest pg_restore and psql that are of this version or newer.
base::Result<std::string> find_clients(const PostgresProgramPlaces& places, int major,
                                       const std::stop_token& stop);

}  // namespace holdfast::engine
