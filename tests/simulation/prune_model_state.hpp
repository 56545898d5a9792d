// The state of the prune model, and the steps that lead from one state to the next. Plain bytes
// without padding, so that a state is hashed and compared as it lies in memory. Masks have one bit
// for each pack or segment.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <string>

#include "simulation/prune_model.hpp"

namespace holdfast::simulation {

using Mask = std::uint8_t;
constexpr unsigned packs_max = 3;
constexpr unsigned segments_max = 6;
constexpr unsigned actors_max = 2;

enum class Presence : std::uint8_t { absent, stored, deleted };

// Ages count ticks since the event and stop at the largest that matters. A storage time is true
// time plus skew.
struct ModelPack {
  Presence presence = Presence::absent;
  std::uint8_t age = 0;
  std::uint8_t deleted_for = 0;
  std::uint8_t condemned = 0;  // 0: no condemnation; else 1 + its age
  std::uint8_t condemned_skew = 0;
  std::uint8_t gone = 0;  // 0: not marked as gone; else 1 + the age of that mark
  std::uint8_t gone_skew = 0;
  auto operator<=>(const ModelPack&) const = default;
};

struct ModelSegment {
  Presence presence = Presence::absent;
  std::uint8_t age = 0;
  std::uint8_t deleted_for = 0;
  Mask packs = 0;
  Mask supersedes = 0;
  auto operator<=>(const ModelSegment&) const = default;
};

enum class WriterAt : std::uint8_t {
  idle,
  look_condemned,
  look_index,
  look_packs,
  register_late,
  work,
  stored,
  ready,
  check,
  commit
};

struct ModelWriter {
  WriterAt at = WriterAt::idle;
  WriterAt then = WriterAt::idle;  // where a renewal's check leads
  std::uint8_t renewed = 0;        // age of the last renewal
  std::uint8_t renewed_skew = 0;
  Mask avoided = 0;
  Mask known = 0;
  Mask orphans = 0;
  Mask used = 0;
  auto operator<=>(const ModelWriter&) const = default;
};

enum class PrunerAt : std::uint8_t {
  idle,
  copy,
  list_sessions,
  recheck_snapshots,
  recheck_index,
  recheck_packs,
  supersede,
  remove,
  gone,
  drop,
  tidy
};

struct ModelPruner {
  PrunerAt at = PrunerAt::idle;
  std::uint8_t needed = 0;  // a listed snapshot needs the chunk
  Mask condemned = 0;       // as listed
  Mask named = 0;           // by segments that count for the recheck
  Mask old_named = 0;       // by segments of any kind that are old enough for cleaning
  Mask todo = 0;            // to delete, to drop
  Mask strip = 0;           // whose entries the next segment leaves out
  Mask fresh = 0;           // the copy under way
  Mask segments = 0;        // as listed
  auto operator<=>(const ModelPruner&) const = default;
};

struct ModelState {
  std::array<ModelPack, packs_max> packs;
  std::array<ModelSegment, segments_max> segments;
  Mask snapshots = 0;  // bit a: one of age a, the last bit: that or older
  std::array<ModelWriter, actors_max> writers;
  std::array<ModelPruner, actors_max> pruners;
  bool operator==(const ModelState&) const = default;
};
static_assert(std::has_unique_object_representations_v<ModelState>);

enum class Actor : std::uint8_t { world, writer, pruner };

// What was done, for traces.
struct ModelStep {
  Actor actor = Actor::world;
  unsigned number = 0;
  const char* text = "";
  Mask mask = 0;  // the packs, or what the text speaks of
  unsigned skew = 0;
};
[[nodiscard]] std::string to_string(const ModelStep& step);

[[nodiscard]] constexpr bool has(Mask mask, unsigned bit) { return (mask >> bit & 1u) != 0; }
[[nodiscard]] constexpr Mask bit_of(unsigned bit) { return static_cast<Mask>(1u << bit); }
[[nodiscard]] constexpr Mask minus(Mask a, Mask b) { return static_cast<Mask>(a & ~b); }

// Where normalise() put what: packs, writers and pruners by their number before.
struct Renaming {
  std::array<std::uint8_t, 8> packs{0, 1, 2, 3, 4, 5, 6, 7};
  std::array<std::uint8_t, actors_max> writers{0, 1};
  std::array<std::uint8_t, actors_max> pruners{0, 1};
};

using Emit = std::function<void(const ModelState&, const ModelStep&)>;

// The transition relation. Holds no state but the options and the count of events.
class ModelSteps {
 public:
  explicit ModelSteps(const PruneModelOptions& options) : options_(options) {}
  [[nodiscard]] ModelState initial() const;
  // Calls `emit` with each successor, always in the same order.
  void successors(const ModelState& state, const Emit& emit);
  // Empty, or what is lost in this state.
  [[nodiscard]] std::string violation(const ModelState& state) const;
  // Forgets what nobody can see or remember; orders what is alike. Equal results behave equally.
  Renaming normalise(ModelState& state) const;
  [[nodiscard]] const PruneModelEvents& events() const { return events_; }

 private:
  [[nodiscard]] bool rule(Rule rule) const {
    return (options_.rules & static_cast<std::uint32_t>(rule)) != 0;
  }
  [[nodiscard]] bool feature(Feature feature) const {
    return (options_.features & static_cast<std::uint32_t>(feature)) != 0;
  }
  // What a listing must show, and what it may.
  struct Listing {
    Mask certain = 0;
    Mask possible = 0;
  };
  [[nodiscard]] Listing list_condemned(const ModelState& state) const;
  [[nodiscard]] Listing list_segments(const ModelState& state) const;
  [[nodiscard]] Listing list_packs(const ModelState& state) const;
  [[nodiscard]] Listing list_snapshots(const ModelState& state) const;
  template <typename Then>
  static void each_view(Listing listing, Then then);
  template <typename Then>
  void each_skew(Then then) const;
  [[nodiscard]] static Mask named_by(const ModelState& state, Mask view);
  [[nodiscard]] int free_pack(const ModelState& state) const;
  [[nodiscard]] int free_segment(const ModelState& state) const;
  void put_segment(ModelState& state, unsigned slot, Mask packs, Mask supersedes);

  void world_steps(const ModelState& state, const Emit& emit) const;
  void condemn_steps(const ModelState& state, const Emit& emit) const;
  void tick(ModelState& state) const;
  void writer_steps(const ModelState& state, unsigned number, const Emit& emit);
  void look_steps(const ModelState& state, unsigned number, const Emit& emit) const;
  void work_steps(const ModelState& state, unsigned number, const Emit& emit);
  void renew_steps(const ModelState& state, unsigned number, WriterAt then, const Emit& emit);
  void check_steps(const ModelState& state, unsigned number, const Emit& emit);
  void commit_steps(const ModelState& state, unsigned number, const Emit& emit);
  void pruner_steps(const ModelState& state, unsigned number, const Emit& emit);
  void begin_steps(const ModelState& state, unsigned number, const Emit& emit);
  void copy_steps(const ModelState& state, unsigned number, const Emit& emit);
  void session_steps(const ModelState& state, unsigned number, const Emit& emit);
  [[nodiscard]] bool all_have_renewed_since(const ModelState& state, unsigned age) const;
  void recheck_steps(const ModelState& state, unsigned number, const Emit& emit);
  void decide_recheck(const ModelState& state, unsigned number, Mask listed, const Emit& emit);
  void begin_execution(const ModelState& state, unsigned number, Mask doomed, Mask missing,
                       const Emit& emit);
  void execute_steps(const ModelState& state, unsigned number, const Emit& emit);
  void drop_steps(const ModelState& state, unsigned number, const Emit& emit);

  PruneModelOptions options_;
  PruneModelEvents events_;
};

template <typename Then>
void ModelSteps::each_view(Listing listing, Then then) {
  const Mask unsure = minus(listing.possible, listing.certain);
  Mask part = unsure;
  while (true) {
    then(static_cast<Mask>(listing.certain | part));
    if (part == 0) break;
    part = static_cast<Mask>((part - 1) & unsure);
  }
}

template <typename Then>
void ModelSteps::each_skew(Then then) const {
  for (unsigned skew = 0; skew <= options_.skew; ++skew) then(static_cast<std::uint8_t>(skew));
}

}  // namespace holdfast::simulation
