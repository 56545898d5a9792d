// The real repository code in simulated worlds. HOLDFAST_SIMULATION_SEEDS=N runs more of them, and
// HOLDFAST_SIMULATION_SEED=N one, with its history.
#include "simulation/simulated_world.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

namespace holdfast::simulation {
namespace {

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Sums of all runs of one test, so that a world in which nothing happens doesn't pass.
struct Sums {
  std::uint64_t backups = 0, prunes = 0, packs_deleted = 0, crashes = 0, faults = 0, forgotten = 0;
  void add(const WorldReport& report) {
    backups += report.backups;
    prunes += report.prunes;
    packs_deleted += report.packs_deleted;
    crashes += report.crashes;
    faults += report.faults;
    forgotten += report.forgotten;
  }
};

Sums run_seeds(WorldOptions options, std::uint64_t seeds) {
  Sums sums;
  const auto only = number_from_environment("HOLDFAST_SIMULATION_SEED", 0);
  const auto first = only != 0 ? only : 1;
  const auto last = only != 0 ? only : number_from_environment("HOLDFAST_SIMULATION_SEEDS", seeds);
  for (options.seed = first; options.seed <= last; ++options.seed) {
    const auto report = run_world(options);
    std::cout << describe(options, report);
    EXPECT_EQ(report.violation, "") << "seed " << options.seed;
    EXPECT_TRUE(report.settled) << "seed " << options.seed;
    sums.add(report);
  }
  return sums;
}

TEST(SimulatedWorld, PromisesHoldOnALocalDisk) {
  const auto sums = run_seeds({.listings = WorldOptions::Listings::consistent}, 12);
  EXPECT_GT(sums.backups, 0U);
  EXPECT_GT(sums.prunes, 0U);
  EXPECT_GT(sums.packs_deleted, 0U);
  EXPECT_GT(sums.crashes, 0U);
  EXPECT_GT(sums.faults, 0U);
  EXPECT_GT(sums.forgotten, 0U);
}

TEST(SimulatedWorld, PromisesHoldWithStaleListings) {
  const auto sums = run_seeds({.listings = WorldOptions::Listings::stale}, 12);
  EXPECT_GT(sums.packs_deleted, 0U);
  EXPECT_GT(sums.crashes, 0U);
}

TEST(SimulatedWorld, WithoutFaultsEverythingSucceeds) {
  WorldOptions options;
  options.faults = WorldOptions::Faults::none;
  for (options.seed = 1; options.seed <= 4; ++options.seed) {
    const auto report = run_world(options);
    std::cout << describe(options, report);
    EXPECT_EQ(report.violation, "");
    EXPECT_TRUE(report.settled);
    EXPECT_GT(report.backups, 0U);
    EXPECT_EQ(report.failed_backups, report.conflicts) << "only a prune may make a backup fail";
  }
}

TEST(SimulatedWorld, TheSameSeedGivesTheSameTrace) {
  for (const auto listings : {WorldOptions::Listings::consistent, WorldOptions::Listings::stale}) {
    WorldOptions options;
    options.seed = 77;
    options.deeds = 8;
    options.listings = listings;
    const auto first = run_world(options);
    const auto second = run_world(options);
    EXPECT_EQ(first.trace_hash, second.trace_hash);
    EXPECT_EQ(first.history, second.history);
    options.seed = 78;
    EXPECT_NE(run_world(options).trace_hash, first.trace_hash);
  }
}

struct Planted {
  Mutant mutant;
  std::uint64_t seeds;  // within which it must be caught
};

class PlantedMutant : public testing::TestWithParam<Planted> {};

TEST_P(PlantedMutant, IsCaught) {
  WorldOptions options;
  options.mutant = GetParam().mutant;
  for (options.seed = 1; options.seed <= GetParam().seeds; ++options.seed) {
    const auto report = run_world(options);
    if (report.violation.empty()) continue;
    std::cout << "caught by seed " << options.seed << ": " << report.violation << "\n";
    return;
  }
  FAIL() << mutant_name(options.mutant) << " got away in " << GetParam().seeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(
    Mutants, PlantedMutant,
    testing::Values(Planted{Mutant::first_page_only, 10},
                    Planted{Mutant::snapshot_before_index, 10}, Planted{Mutant::skipped_sync, 10},
                    Planted{Mutant::client_clock, 150}, Planted{Mutant::torn_object, 10},
                    Planted{Mutant::lost_successor, 10}, Planted{Mutant::removes_a_neighbour, 10},
                    Planted{Mutant::swallowed_error, 10},
                    Planted{Mutant::early_acknowledgement, 10},
                    Planted{Mutant::yesterdays_list, 10}),
    [](const auto& each) { return std::string(mutant_name(each.param.mutant)); });

}  // namespace
}  // namespace holdfast::simulation
