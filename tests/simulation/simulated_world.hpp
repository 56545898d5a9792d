// A world of machines that share one repository: real repository code on simulated storage, files,
// clocks and threads. Each machine backs up, forgets, prunes and reads in an order that the seed
// decides, with outages, full disks, crashes, sleeps, stale listings and clocks that jump. Whatever
// happens, a snapshot that was acknowledged and that nobody has forgotten restores byte for byte:
// that is checked after each thing that a machine does, and whenever packs or segments are removed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "io/executor.hpp"
#include "repository/repository.hpp"
#include "simulation/mutant_storage.hpp"
#include "storage/fault.hpp"
#include "storage/memory.hpp"
#include "support/simulated_executor.hpp"
#include "support/simulated_file_system.hpp"

namespace holdfast::simulation {

struct WorldOptions {
  std::uint64_t seed = 1;
  unsigned machines = 3;
  unsigned deeds = 20;  // of each machine
  // What listings are like: a local disk's, or an object store's.
  enum class Listings { consistent, stale } listings = Listings::consistent;
  enum class Faults { none, all } faults = Faults::all;
  Mutant mutant = Mutant::none;
};

struct WorldReport {
  std::uint64_t trace_hash = 0;
  std::string violation;  // empty: none
  std::vector<std::string> history;
  std::uint64_t backups = 0, failed_backups = 0, conflicts = 0, prunes = 0, failed_prunes = 0,
                packs_deleted = 0, forgotten = 0, crashes = 0, faults = 0, checks = 0;
  // At the end, without faults: prunes have succeeded, and nothing is left but what is needed.
  bool settled = false;
};

[[nodiscard]] WorldReport run_world(const WorldOptions& options);
// For people: the seed first.
[[nodiscard]] std::string describe(const WorldOptions& options, const WorldReport& report);

}  // namespace holdfast::simulation
