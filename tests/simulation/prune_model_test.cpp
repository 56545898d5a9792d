// The prune protocol, explored before its code is trusted: with all its rules no reachable state
// loses a chunk; with any rule left out one does, and the shortest way there is printed. See
// docs/internals/prune.md.
#include "simulation/prune_model.hpp"

#include <gtest/gtest.h>

#include <iostream>

namespace holdfast::simulation {
namespace {

constexpr std::uint32_t features(std::initializer_list<Feature> list) {
  std::uint32_t bits = 0;
  for (const Feature feature : list) bits |= static_cast<std::uint32_t>(feature);
  return bits;
}

PruneModelResult explored(const PruneModelOptions& options) {
  PruneModelResult result = explore(options);
  std::cout << describe(result);
  return result;
}

// The smallest world in which everything happens: one writer that can't be told from a new one, one
// pruner.
PruneModelOptions small() {
  return {.writers = 1,
          .pruners = 1,
          .packs = 2,
          .segments = 2,
          .stale = 0,
          .grace = 2,
          .features = features({Feature::forget})};
}

TEST(PruneModel, SmallWorldIsSafeInEveryReachableState) {
  PruneModelOptions options = small();
  options.features = all_features;
  const PruneModelResult result = explored(options);
  EXPECT_EQ(result.violation, "");
  EXPECT_TRUE(result.complete);
  EXPECT_GT(result.states, 100'000u);
}

TEST(PruneModel, EverythingHappensInTheSmallWorld) {
  PruneModelOptions options = small();
  options.segments = 3;
  options.features = features({Feature::forget, Feature::copy, Feature::adopt, Feature::clean});
  options.states_max = 700'000;
  const PruneModelResult result = explored(options);
  EXPECT_EQ(result.violation, "");
  // Garbage goes, what is needed stays, and the races that the rules are about do occur.
  EXPECT_GT(result.events.deletions, 0u);
  EXPECT_GT(result.events.drops, 0u);
  EXPECT_GT(result.events.pardons, 0u);
  EXPECT_GT(result.events.successes, 0u);
  EXPECT_GT(result.events.conflicts, 0u);
  EXPECT_GT(result.events.deaths, 0u);
  EXPECT_GT(result.events.lates, 0u);
  EXPECT_GT(result.events.copies, 0u);
  EXPECT_GT(result.events.phantoms, 0u);
  EXPECT_GT(result.events.cleanings, 0u);
}

TEST(PruneModel, TwoWritersAreSafeInEveryReachableState) {
  PruneModelOptions options = small();
  options.writers = 2;
  const PruneModelResult result = explored(options);
  EXPECT_EQ(result.violation, "");
  EXPECT_TRUE(result.complete);
}

TEST(PruneModel, TwoPrunersAreSafeInEveryReachableState) {
  PruneModelOptions options = small();
  options.writers = 0;
  options.pruners = 2;
  options.initial_packs = 2;
  options.segments = 3;
  options.stale = 1;
  options.skew = 0;
  options.features = features({Feature::forget, Feature::copy});
  const PruneModelResult result = explored(options);
  EXPECT_EQ(result.violation, "");
}

TEST(PruneModel, StaleListingsAreSafeInEveryReachableState) {
  PruneModelOptions options = small();
  options.stale = 2;
  options.grace = 6;
  const PruneModelResult result = explored(options);
  EXPECT_EQ(result.violation, "");
  EXPECT_TRUE(result.complete);
}

TEST(PruneModel, EarlyRipenessIsSafeInEveryReachableState) {
  PruneModelOptions options = small();
  options.features |= early_ripeness | features({Feature::renew});
  const PruneModelResult result = explored(options);
  EXPECT_EQ(result.violation, "");
  EXPECT_TRUE(result.complete);
}

TEST(PruneModel, SkewedTimesAreSafe) {
  PruneModelOptions options = small();
  options.skew = 1;
  options.grace = 4;
  options.states_max = 1'500'000;
  EXPECT_EQ(explored(options).violation, "");
}

TEST(PruneModel, TwoWritersAndTwoPrunersAreSafe) {
  PruneModelOptions options;
  options.stale = 0;
  options.grace = 2;
  options.features = features({Feature::forget});
  options.states_max = 3'000'000;
  EXPECT_EQ(explored(options).violation, "");
}

TEST(PruneModel, TwoWritersAndTwoPrunersWithEverythingAreSafe) {
  PruneModelOptions options;
  options.skew = 1;
  options.grace = 6;
  options.states_max = 1'500'000;
  EXPECT_EQ(explored(options).violation, "");
}

// The bound TTL + 2 STALE + 2 SKEW < GRACE is sharp. In ticks, what is younger than STALE ticks may
// be missed, so that the longest delay is STALE - 1 of them.
TEST(PruneModel, GraceThatIsTooShortLosesASnapshot) {
  PruneModelOptions options = small();
  options.stale = 2;
  options.grace = 2;
  EXPECT_NE(explored(options).violation, "");
  options.grace = 3;
  EXPECT_EQ(explored(options).violation, "");
  options.stale = 0;
  options.skew = 1;
  options.grace = 2;
  EXPECT_NE(explored(options).violation, "");
}

struct Mutant {
  const char* name;
  Rule left_out;
  PruneModelOptions world;
};

PruneModelOptions with_third_segment() {
  PruneModelOptions options = small();
  options.segments = 3;
  return options;
}
PruneModelOptions with_renewals() {
  PruneModelOptions options = small();
  options.features |= features({Feature::renew});
  return options;
}
PruneModelOptions two_pruners() {
  PruneModelOptions options = with_third_segment();
  options.writers = 0;
  options.pruners = 2;
  options.initial_packs = 2;
  return options;
}
PruneModelOptions stale_world() {
  PruneModelOptions options = with_third_segment();
  options.stale = 1;
  options.grace = 4;
  options.features = features({Feature::forget, Feature::clean});
  return options;
}
PruneModelOptions two_copies() {
  PruneModelOptions options = stale_world();
  options.initial_packs = 2;
  return options;
}

PruneModelOptions early_ripe() {
  PruneModelOptions options = small();
  options.features |= early_ripeness;
  return options;
}

class PruneModelMutant : public testing::TestWithParam<Mutant> {};

TEST_P(PruneModelMutant, LosesAChunk) {
  PruneModelOptions options = GetParam().world;
  options.states_max = 200'000;
  ASSERT_EQ(explore(options).violation, "") << "the world must be safe with all rules";
  options.rules = without(GetParam().left_out);
  const PruneModelResult result = explored(options);
  EXPECT_NE(result.violation, "") << "the rule isn't needed, or the model is too small to show it";
  EXPECT_FALSE(result.trace.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Rules, PruneModelMutant,
    testing::Values(
        Mutant{"looks_before_it_registers", Rule::register_before_look, small()},
        Mutant{"renews_without_looking", Rule::renewal_looks, with_renewals()},
        Mutant{"renews_a_dead_session", Rule::renewal_gap, small()},
        Mutant{"reports_a_late_snapshot", Rule::late_check, small()},
        Mutant{"snapshot_before_segment", Rule::segment_before_snapshot, small()},
        Mutant{"believes_segments_about_packs", Rule::writer_lists_packs, with_third_segment()},
        Mutant{"uses_what_a_parent_has", Rule::writer_avoids, small()},
        Mutant{"no_recheck", Rule::recheck, small()},
        Mutant{"condemned_pack_as_a_place", Rule::recheck_ignores_condemned, two_pruners()},
        Mutant{"absent_pack_as_a_place", Rule::recheck_lists_packs, with_third_segment()},
        Mutant{"young_segment_as_a_place", Rule::recheck_old_segments, stale_world()},
        Mutant{"condemnation_dropped_at_once", Rule::condemnation_stays, stale_world()},
        Mutant{"condemnation_taken_back", Rule::condemnation_irrevocable, two_pruners()},
        Mutant{"superseded_segments_deleted_at_once", Rule::superseded_stay, two_copies()},
        Mutant{"early_without_asking_sessions", Rule::sessions_awaited, early_ripe()},
        Mutant{"entries_of_young_packs_dropped", Rule::clean_only_old, stale_world()}),
    [](const auto& each) { return each.param.name; });

// Good order, but nothing rests on it: an entry that names a deleted pack is harmless, since
// writers and rechecks believe in packs that are listed only.
TEST(PruneModel, NamingDeletedPacksIsHarmless) {
  for (const Rule rule : {Rule::supersede_before_delete, Rule::supersede_transitive}) {
    PruneModelOptions options = stale_world();
    options.stale = 0;
    options.grace = 2;
    options.rules = without(rule);
    const PruneModelResult result = explored(options);
    EXPECT_EQ(result.violation, "");
  }
}

TEST(PruneModel, SameOptionsGiveTheSameExploration) {
  const PruneModelResult one = explore(small());
  const PruneModelResult two = explore(small());
  EXPECT_EQ(describe(one), describe(two));
}

}  // namespace
}  // namespace holdfast::simulation
