// A scratch cluster made of dumps: initdb, the globals, each archive into a database of its own.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "postgres_programs.hpp"
#include "scratch_server.hpp"

namespace holdfast::engine {

struct LoadedDumps {
  std::unique_ptr<ScratchServer> server;
  std::vector<std::string> databases;
  base::Duration start;   // making the cluster, and starting it
  base::Duration replay;  // loading
};

// `place`/dumps holds globals.sql and *.dump; the cluster is made in `place`/data. Errors: damaged
// (what was dumped can't be loaded), unsupported (this machine lacks what it needs), no_space,
// unavailable, cancelled.
base::Result<LoadedDumps> load_dumps(const ScratchPlace& place,
                                     const PostgresProgramPlaces& programs,
                                     const std::stop_token& stop);

}  // namespace holdfast::engine
