// The world of the prune model: what listings show, how time passes, what counts as a loss, and
// which states are alike.
#include "simulation/prune_model_state.hpp"

#include <algorithm>
#include <numeric>

namespace holdfast::simulation {

std::string to_string(const ModelStep& step) {
  static constexpr std::array names = {"world", "writer", "pruner"};
  std::string text = names[static_cast<std::size_t>(step.actor)];
  if (step.actor != Actor::world) text += " " + std::to_string(step.number + 1);
  text += std::string(": ") + step.text;
  const auto at = text.find('*');  // stands for the packs
  if (at != std::string::npos) {
    std::string packs;
    for (unsigned i = 0; i < 8; ++i) {
      if (has(step.mask, i)) packs += (packs.empty() ? "" : ", ") + std::string(1, char('P' + i));
    }
    text.replace(at, 1, packs.empty() ? "none" : packs);
  }
  if (step.skew != 0) text += " (storage time " + std::to_string(step.skew) + " ahead)";
  return text;
}

ModelState ModelSteps::initial() const {
  // One old snapshot. Its chunk lies in P, and perhaps in Q as well; one segment names them.
  ModelState state;
  for (unsigned i = 0; i < options_.initial_packs; ++i) {
    state.packs[i].presence = Presence::stored;
    state.packs[i].age = static_cast<std::uint8_t>(options_.stale);
    state.segments[0].packs |= bit_of(i);
  }
  state.segments[0].presence = Presence::stored;
  state.segments[0].age = static_cast<std::uint8_t>(options_.stale);
  state.snapshots = bit_of(options_.stale);
  normalise(state);
  return state;
}

ModelSteps::Listing ModelSteps::list_condemned(const ModelState& state) const {
  Listing listing;
  for (unsigned i = 0; i < options_.packs; ++i) {
    const ModelPack& pack = state.packs[i];
    if (pack.condemned == 0) continue;
    listing.possible |= bit_of(i);
    if (pack.condemned - 1u >= options_.stale) listing.certain |= bit_of(i);
  }
  return listing;
}

ModelSteps::Listing ModelSteps::list_segments(const ModelState& state) const {
  Listing listing;
  for (unsigned i = 0; i < options_.segments; ++i) {
    const ModelSegment& segment = state.segments[i];
    if (segment.presence == Presence::absent) continue;
    if (segment.presence == Presence::deleted && segment.deleted_for >= options_.stale) continue;
    listing.possible |= bit_of(i);
    if (segment.presence == Presence::stored && segment.age >= options_.stale)
      listing.certain |= bit_of(i);
  }
  return listing;
}

ModelSteps::Listing ModelSteps::list_packs(const ModelState& state) const {
  Listing listing;
  for (unsigned i = 0; i < options_.packs; ++i) {
    const ModelPack& pack = state.packs[i];
    if (pack.presence == Presence::absent) continue;
    if (pack.presence == Presence::deleted && pack.deleted_for >= options_.stale) continue;
    listing.possible |= bit_of(i);
    if (pack.presence == Presence::stored && pack.age >= options_.stale)
      listing.certain |= bit_of(i);
  }
  return listing;
}

ModelSteps::Listing ModelSteps::list_snapshots(const ModelState& state) const {
  // As a mask of one bit: is any snapshot shown?
  return {.certain = static_cast<Mask>(has(state.snapshots, options_.stale) ? 1 : 0),
          .possible = static_cast<Mask>(state.snapshots != 0 ? 1 : 0)};
}

Mask ModelSteps::named_by(const ModelState& state, Mask view) {
  Mask superseded = 0;
  for (unsigned i = 0; i < segments_max; ++i) {
    if (has(view, i)) superseded |= state.segments[i].supersedes;
  }
  Mask named = 0;
  for (unsigned i = 0; i < segments_max; ++i) {
    if (has(minus(view, superseded), i)) named |= state.segments[i].packs;
  }
  return named;
}

int ModelSteps::free_pack(const ModelState& state) const {
  for (unsigned i = 0; i < options_.packs; ++i) {
    if (state.packs[i].presence == Presence::absent) return static_cast<int>(i);
  }
  return -1;
}

int ModelSteps::free_segment(const ModelState& state) const {
  for (unsigned i = 0; i < options_.segments; ++i) {
    if (state.segments[i].presence == Presence::absent) return static_cast<int>(i);
  }
  return -1;
}

void ModelSteps::put_segment(ModelState& state, unsigned slot, Mask packs, Mask supersedes) {
  state.segments[slot] = {.presence = Presence::stored, .packs = packs, .supersedes = supersedes};
  for (unsigned i = 0; i < options_.packs; ++i) {
    if (has(packs, i) && state.packs[i].presence == Presence::deleted) ++events_.phantoms;
  }
}

void ModelSteps::tick(ModelState& state) const {
  const auto grow = [](std::uint8_t& age, unsigned limit) {
    if (age < limit) ++age;
  };
  const unsigned mark_max = 1 + options_.grace + options_.skew + 1;
  for (ModelPack& pack : state.packs) {
    if (pack.presence == Presence::stored) grow(pack.age, options_.stale);
    if (pack.presence == Presence::deleted) grow(pack.deleted_for, options_.stale);
    if (pack.condemned != 0) grow(pack.condemned, mark_max);
    if (pack.gone != 0) grow(pack.gone, mark_max);
  }
  for (ModelSegment& segment : state.segments) {
    if (segment.presence == Presence::stored) grow(segment.age, options_.stale);
    if (segment.presence == Presence::deleted) grow(segment.deleted_for, options_.stale);
  }
  const Mask last = bit_of(options_.stale);
  state.snapshots =
      static_cast<Mask>(((state.snapshots << 1) & (last * 2u - 1)) | (state.snapshots & last));
  for (ModelWriter& writer : state.writers) {
    if (writer.at != WriterAt::idle) grow(writer.renewed, options_.ttl + options_.skew + 1);
  }
}

void ModelSteps::world_steps(const ModelState& state, const Emit& emit) const {
  ModelState later = state;
  tick(later);
  if (!(later == state)) emit(later, {.text = "time passes"});
  for (unsigned i = 0; i <= options_.grace + options_.skew; ++i) tick(later);
  if (!(later == state)) emit(later, {.text = "a long time passes: more than GRACE"});
  for (unsigned i = 0; i <= options_.stale && feature(Feature::forget); ++i) {
    if (!has(state.snapshots, i)) continue;
    ModelState next = state;
    next.snapshots = minus(next.snapshots, bit_of(i));
    emit(next, {.text = "a snapshot is forgotten"});
  }
  for (unsigned i = 0; i < options_.writers; ++i) {
    if (state.writers[i].at == WriterAt::idle) continue;
    ModelState next = state;
    next.writers[i] = {};
    emit(next, {.actor = Actor::writer, .number = i, .text = "crashes"});
  }
  for (unsigned i = 0; i < options_.pruners; ++i) {
    if (state.pruners[i].at == PrunerAt::idle) continue;
    ModelState next = state;
    next.pruners[i] = {};
    emit(next, {.actor = Actor::pruner, .number = i, .text = "crashes"});
  }
}

// The decision may be as old, and as wrong, as it likes: it was made by a pruner that has slept
// since.
void ModelSteps::condemn_steps(const ModelState& state, const Emit& emit) const {
  for (unsigned i = 0; i < options_.packs; ++i) {
    if (state.packs[i].presence == Presence::absent || state.packs[i].condemned != 0) continue;
    each_skew([&](std::uint8_t skew) {
      ModelState next = state;
      next.packs[i].condemned = 1;
      next.packs[i].condemned_skew = skew;
      emit(next, {.text = "some pruner condemns *", .mask = bit_of(i), .skew = skew});
    });
  }
}

void ModelSteps::successors(const ModelState& state, const Emit& emit) {
  for (unsigned i = 0; i < options_.writers; ++i) writer_steps(state, i, emit);
  for (unsigned i = 0; i < options_.pruners; ++i) pruner_steps(state, i, emit);
  condemn_steps(state, emit);
  world_steps(state, emit);
}

std::string ModelSteps::violation(const ModelState& state) const {
  if (state.snapshots == 0) return {};
  Mask stored_segments = 0;
  Mask certain_names = 0;
  for (unsigned i = 0; i < options_.segments; ++i) {
    const ModelSegment& segment = state.segments[i];
    if (segment.presence != Presence::stored) continue;
    stored_segments |= bit_of(i);
    if (segment.age >= options_.stale) certain_names |= segment.packs;
  }
  Mask stored_packs = 0;
  for (unsigned i = 0; i < options_.packs; ++i) {
    if (state.packs[i].presence == Presence::stored) stored_packs |= bit_of(i);
  }
  if ((named_by(state, stored_segments) & stored_packs) == 0) {
    return stored_packs == 0 ? "a successful snapshot's chunk is in no pack that exists"
                             : "a successful snapshot's chunk is in no existing pack that a "
                               "counting segment names";
  }
  if (has(state.snapshots, options_.stale) && (certain_names & stored_packs) == 0)
    return "a reader whose listing is stale finds no segment for a snapshot's chunk";
  return {};
}

namespace {

Mask permute(Mask mask, const std::array<std::uint8_t, 8>& to) {
  Mask result = 0;
  for (unsigned i = 0; i < 8; ++i) {
    if (has(mask, i)) result |= bit_of(to[i]);
  }
  return result;
}

// What the actors hold in their heads keeps a name from being used again.
struct Remembered {
  Mask packs = 0;
  Mask segments = 0;
};

Remembered remembered(const ModelState& state) {
  Remembered result;
  for (const ModelWriter& writer : state.writers)
    result.packs |= static_cast<Mask>(writer.avoided | writer.known | writer.orphans | writer.used);
  for (const ModelPruner& pruner : state.pruners) {
    result.packs |= static_cast<Mask>(pruner.condemned | pruner.named | pruner.old_named |
                                      pruner.todo | pruner.strip | pruner.fresh);
    result.segments |= pruner.segments;
  }
  for (const ModelSegment& segment : state.segments) result.packs |= segment.packs;
  return result;
}

void permute_packs(ModelState& state, const std::array<std::uint8_t, 8>& to) {
  const auto packs = state.packs;
  for (unsigned i = 0; i < packs_max; ++i) state.packs[to[i]] = packs[i];
  for (ModelSegment& segment : state.segments) segment.packs = permute(segment.packs, to);
  for (ModelWriter& writer : state.writers) {
    for (Mask* mask : {&writer.avoided, &writer.known, &writer.orphans, &writer.used})
      *mask = permute(*mask, to);
  }
  for (ModelPruner& pruner : state.pruners) {
    for (Mask* mask : {&pruner.condemned, &pruner.named, &pruner.old_named, &pruner.todo,
                       &pruner.strip, &pruner.fresh})
      *mask = permute(*mask, to);
  }
}

void permute_segments(ModelState& state, const std::array<std::uint8_t, 8>& to) {
  const auto segments = state.segments;
  for (unsigned i = 0; i < segments_max; ++i) {
    state.segments[to[i]] = segments[i];
    state.segments[to[i]].supersedes = permute(segments[i].supersedes, to);
  }
  for (ModelPruner& pruner : state.pruners) pruner.segments = permute(pruner.segments, to);
}

// The place of each of `keys` in ascending order.
template <typename Key, std::size_t count>
std::array<std::uint8_t, 8> ranks(const std::array<Key, count>& keys) {
  std::array<std::uint8_t, count> order;
  std::iota(order.begin(), order.end(), std::uint8_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return keys[a] < keys[b]; });
  std::array<std::uint8_t, 8> to{0, 1, 2, 3, 4, 5, 6, 7};
  for (std::uint8_t i = 0; i < count; ++i) to[order[i]] = i;
  return to;
}

// Which segments and actors speak of pack `i`: tells apart packs that are otherwise alike.
std::uint64_t mentions(const ModelState& state, unsigned i) {
  std::uint64_t key = 0;
  const auto add = [&](Mask mask) { key = key << 1 | (mask >> i & 1u); };
  for (const ModelWriter& w : state.writers) {
    for (Mask mask : {w.avoided, w.known, w.orphans, w.used}) add(mask);
  }
  for (const ModelPruner& p : state.pruners) {
    for (Mask mask : {p.condemned, p.named, p.old_named, p.todo, p.strip, p.fresh}) add(mask);
  }
  unsigned count = 0;
  for (const ModelSegment& segment : state.segments) count += segment.packs >> i & 1u;
  return key << 3 | count;
}

}  // namespace

Renaming ModelSteps::normalise(ModelState& state) const {
  static_assert(actors_max == 2);
  Renaming renaming;
  const Remembered kept = remembered(state);
  for (unsigned i = 0; i < segments_max; ++i) {
    ModelSegment& segment = state.segments[i];
    if (segment.presence != Presence::deleted || segment.deleted_for < options_.stale) continue;
    for (ModelSegment& other : state.segments) {
      if (other.presence != Presence::deleted)
        other.supersedes = minus(other.supersedes, bit_of(i));
    }
    bool superseded = false;
    for (const ModelSegment& other : state.segments) superseded |= has(other.supersedes, i);
    if (!has(kept.segments, i) && !superseded) segment = {};
  }
  for (unsigned i = 0; i < packs_max; ++i) {
    ModelPack& pack = state.packs[i];
    if (pack.presence == Presence::deleted && pack.deleted_for >= options_.stale &&
        pack.condemned == 0 && !has(kept.packs, i))
      pack = {};
  }
  if (options_.writers == 2 && state.writers[1] < state.writers[0]) {
    std::swap(state.writers[0], state.writers[1]);
    renaming.writers = {1, 0};
  }
  if (options_.pruners == 2 && state.pruners[1] < state.pruners[0]) {
    std::swap(state.pruners[0], state.pruners[1]);
    renaming.pruners = {1, 0};
  }
  std::array<std::pair<ModelPack, std::uint64_t>, packs_max> pack_keys;
  for (unsigned i = 0; i < packs_max; ++i) pack_keys[i] = {state.packs[i], mentions(state, i)};
  // Slots beyond the configured number stay absent, and the absent come last.
  for (auto& [pack, key] : pack_keys) {
    if (pack.presence == Presence::absent) pack.presence = static_cast<Presence>(9);
  }
  renaming.packs = ranks(pack_keys);
  permute_packs(state, renaming.packs);
  std::array<std::pair<ModelSegment, unsigned>, segments_max> keys;
  for (unsigned i = 0; i < segments_max; ++i) {
    unsigned seen = 0;
    for (const ModelPruner& pruner : state.pruners) seen = seen << 1 | has(pruner.segments, i);
    keys[i] = {state.segments[i], seen};
    keys[i].first.supersedes = static_cast<Mask>(std::popcount(state.segments[i].supersedes));
    if (keys[i].first.presence == Presence::absent)
      keys[i].first.presence = static_cast<Presence>(9);
  }
  permute_segments(state, ranks(keys));
  return renaming;
}

}  // namespace holdfast::simulation
