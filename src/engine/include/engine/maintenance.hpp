// Maintenance of one location: retention of every component there, then prune.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/workplace.hpp"

namespace holdfast::engine {

struct MaintenanceReport {
  std::string run;
  std::uint64_t forgotten = 0;  // snapshots
  std::uint64_t bytes_deleted = 0;
  std::vector<std::string> warnings;
};

// Leaves a run and evidence of each deletion. A machine that may only write, or a location whose
// repository only an admin may prune, is left as it is: that is a warning. unavailable: it is down.
base::Result<MaintenanceReport> maintain(const Workplace& workplace,
                                         const strategy::Location& location, std::stop_token stop);

}  // namespace holdfast::engine
