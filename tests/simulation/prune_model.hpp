// An explicit-state model of the prune protocol (docs/internals/prune.md): writers and pruners that
// share a storage, crash, sleep for any length of time between any two of their steps, and see
// stale listings and skewed storage times. explore() visits every reachable state, breadth first,
// so that a violation comes with a shortest trace.
//
// What is abstracted, and why nothing is lost by it:
// - One chunk, in several packs. A snapshot is safe if each of its chunks is, and whatever else a
// session or a pruner
//   does with other chunks only makes it fail or spare a pack more often: projecting any run on one
//   chunk gives a run of this model.
// - Ages instead of times, and no age beyond the largest that a rule compares with: the state space
// is finite, runs are
//   endless. Names of objects that nobody can see or remember any more are used again.
// - Any pack may be condemned at any time, needed or not, and the chunk copied whenever a pruner
// likes: a pruner's marking may
//   have been done long ago from stale listings. Every policy of the real planner is a special
//   case, so that safety rests on the recheck alone.
// - Only snapshots whose writer reported success are kept: others make a pruner spare more.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::simulation {

// The rules of the protocol, each of which can be left out.
enum class Rule : std::uint32_t {
  register_before_look = 1u << 0,
  renewal_looks = 1u << 1,  // condemned/ is listed again after each renewal
  renewal_gap = 1u << 2,    // a renewal later than TTL after the last one: the session is dead
  late_check = 1u << 3,     // a snapshot later than TTL after the last renewal isn't reported
  segment_before_snapshot = 1u << 4,
  writer_lists_packs = 1u << 5,  // a chunk in a pack that isn't listed doesn't exist
  recheck = 1u << 6,
  recheck_ignores_condemned = 1u << 7,  // a place in a condemned pack is no place
  recheck_lists_packs = 1u << 8,        // a place in a pack that isn't listed is no place
  recheck_old_segments = 1u << 15,  // a place named by segments younger than STALE only is no place
  writer_avoids =
      1u << 16,  // chunks in condemned packs aren't used, however the writer came to know them
  condemnation_stays = 1u << 9,         // after the packs are gone: one more GRACE
  condemnation_irrevocable = 1u << 10,  // a needed pack's condemnation isn't taken back
  supersede_before_delete = 1u << 11,   // good order, not needed for safety: see the test
  supersede_transitive =
      1u << 12,  // likewise: a segment takes over what those it supersedes had superseded
  superseded_stay = 1u << 13,  // segments are deleted once their successor is older than STALE
  clean_only_old =
      1u << 14,  // entries of packs that aren't listed are dropped from old segments only
  // Early ripeness waits for the sessions.
  sessions_awaited = 1u << 17,
};
constexpr std::uint32_t all_rules = (1u << 18) - 1;
[[nodiscard]] constexpr std::uint32_t without(Rule rule) {
  return all_rules & ~static_cast<std::uint32_t>(rule);
}

// Optional behaviour: less of it, fewer states.
enum class Feature : std::uint32_t {
  forget = 1u << 0,  // snapshots are forgotten
  copy = 1u << 1,    // pruners compact and rescue
  adopt = 1u << 2,   // writers adopt packs that no segment names
  clean =
      1u << 3,  // pruners drop entries of packs that aren't listed, and delete superseded segments
  renew = 1u << 4,  // sessions longer than one TTL
};
constexpr std::uint32_t all_features = (1u << 5) - 1;
// Where listings are never stale and times never skewed: a condemnation is ripe at once if no
// session that lives has renewed before it.
constexpr std::uint32_t early_ripeness = 1u << 5;

struct PruneModelOptions {
  unsigned writers = 2;
  unsigned pruners = 2;
  unsigned packs = 3;
  unsigned initial_packs = 1;
  unsigned segments = 4;
  // In ticks, small.
  unsigned ttl = 1;
  unsigned stale = 1;
  unsigned skew = 0;
  unsigned grace = 4;
  std::uint32_t rules = all_rules;
  std::uint32_t features = all_features;
  std::uint64_t states_max = 4'000'000;
};

// What happened at least once: a model in which nothing happens is safe too.
struct PruneModelEvents {
  std::uint64_t successes = 0, conflicts = 0, deaths = 0, lates = 0, pardons = 0, copies = 0,
                deletions = 0, drops = 0, phantoms = 0, cleanings = 0;
};

struct PruneModelResult {
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  unsigned depth = 0;              // of the last state visited
  bool complete = false;           // every reachable state was visited
  std::string violation;           // empty: none found
  std::vector<std::string> trace;  // the steps that lead to it
  PruneModelEvents events;
};

[[nodiscard]] PruneModelResult explore(const PruneModelOptions& options);

// The numbers and the trace, for people.
[[nodiscard]] std::string describe(const PruneModelResult& result);

}  // namespace holdfast::simulation
