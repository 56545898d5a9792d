// LocalIndex: which runs there are, what of them counts, and when they are merged. A run is never
// changed: an update writes new runs, shows them to lookups in one step, and removes the files of
// the old. There is no list of runs beside the files: what is in a directory counts, and a run of
// which every segment is in others too is dropped, so that two processes can share a directory and
// a crash leaves nothing to mend.
#include "repository/local_index.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_set>

#include "codec/hash.hpp"
#include "index_merge.hpp"

namespace holdfast::repository {

using base::Byte;
using base::Bytes;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

using NameSet = std::unordered_set<ObjectHash, IdHash>;
using RunPointer =
    std::shared_ptr<const IndexRun>;  // shared: lookups go on in runs that an update has replaced

constexpr std::string_view run_prefix = "run1-";
constexpr std::size_t recent_runs_max = 12;
constexpr std::size_t loading_runs_max = 64;  // while many segments are fetched
constexpr unsigned rounds_max = 8;            // of an update that meets damaged runs
constexpr std::size_t batch_chunks_max = 128 * 1024;
constexpr std::size_t batch_segments_max = 4096;

using SegmentState = SegmentRecord::State;

// What becomes of one segment of one run.
enum class Fate : std::uint8_t {
  drop,    // not wanted, or recorded by another run as well
  record,  // known, but its entries don't count
  count,
};

// A run and what lookups see of it.
struct Slot {
  RunPointer run;
  std::vector<Fate> fates;  // by segment
  std::uint64_t number_base = 0;
  bool all_count = true;
  [[nodiscard]] bool counts(const PackRecord& pack) const {
    return all_count || fates[pack.segment] == Fate::count;
  }
};

// What lookups see; replaced, never changed.
struct View {
  std::vector<Slot> slots;
  std::uint64_t chunk_count = 0;
  std::vector<ObjectHash> avoided;  // sorted
};

PackInfo info_of(const PackRecord& pack) {
  return {pack.name, static_cast<ChunkType>(pack.type), pack.size};
}

// Segments that are to be kept: those in a sorted list, or all.
class Wanted {
 public:
  Wanted() = default;
  explicit Wanted(std::span<const ObjectHash> names)
      : names_(std::in_place, names.begin(), names.end()) {
    std::sort(names_->begin(), names_->end());
    names_->erase(std::unique(names_->begin(), names_->end()), names_->end());
  }
  [[nodiscard]] bool contains(const ObjectHash& name) const {
    return !names_ || std::binary_search(names_->begin(), names_->end(), name);
  }
  [[nodiscard]] const std::vector<ObjectHash>& names() const { return *names_; }

 private:
  std::optional<std::vector<ObjectHash>> names_;
};

NameSet superseded_names(const std::vector<RunPointer>& runs, const Wanted& wanted) {
  NameSet names;
  for (const auto& run : runs) {
    for (const auto& segment : run->segments()) {
      if (!wanted.contains(segment.name)) continue;
      const auto listed = run->superseded_by(segment);
      names.insert(listed.begin(), listed.end());
    }
  }
  return names;
}

std::vector<Slot> judge(const std::vector<RunPointer>& runs, const Wanted& wanted) {
  const auto superseded = superseded_names(runs, wanted);
  std::vector<Slot> slots;
  for (const auto& run : runs) {
    slots.push_back({.run = run, .fates = std::vector<Fate>(run->segments().size(), Fate::drop)});
  }
  NameSet seen;
  const auto pass = [&](auto&& decide) {
    for (auto& slot : slots) {
      for (std::size_t i = 0; i < slot.fates.size(); ++i) {
        const auto& segment = slot.run->segments()[i];
        if (!wanted.contains(segment.name) || seen.contains(segment.name)) continue;
        decide(segment, slot.fates[i]);
        if (slot.fates[i] != Fate::drop) seen.insert(segment.name);
      }
    }
  };
  pass([&](const SegmentRecord& segment, Fate& fate) {
    if (segment.state == SegmentState::complete && !superseded.contains(segment.name))
      fate = Fate::count;
  });
  pass([](const SegmentRecord&, Fate& fate) { fate = Fate::record; });
  std::uint64_t base = 0;
  for (auto& slot : slots) {
    for (std::size_t i = 0; i < slot.fates.size(); ++i) {
      const bool is_complete = slot.run->segments()[i].state == SegmentState::complete;
      if (is_complete && slot.fates[i] != Fate::count) slot.all_count = false;
    }
    slot.number_base = base;
    base += slot.run->entries().size();
  }
  return slots;
}

// Whether a run has nothing that isn't elsewhere, and whether it has anything that doesn't count.
bool is_useless(const Slot& slot) {
  return std::all_of(slot.fates.begin(), slot.fates.end(),
                     [](Fate fate) { return fate == Fate::drop; });
}
bool is_stale(const Slot& slot) {
  return !slot.all_count || std::any_of(slot.fates.begin(), slot.fates.end(),
                                        [](Fate fate) { return fate == Fate::drop; });
}

// Segments that were fetched or made and are in no run yet.
struct Batch {
  struct Item {
    ObjectHash name;
    SegmentState state;
    IndexSegment segment;
  };
  std::vector<Item> items;
  std::size_t chunks = 0;

  void add(const ObjectHash& name, SegmentState state, IndexSegment segment) {
    if (state != SegmentState::complete) {
      segment.packs = {};
      segment.chunks = {};
    }
    chunks += segment.chunks.size();
    items.push_back({name, state, std::move(segment)});
  }
  [[nodiscard]] bool is_full() const {
    return chunks >= batch_chunks_max || items.size() >= batch_segments_max;
  }
};

// Named after what is in it: two processes that merge the same write the same file.
std::string name_of_run(const std::vector<MergedSegment>& segments) {
  codec::Sha256 hash;
  for (const auto& segment : segments) {
    hash.update(segment.name);
    const auto state = static_cast<Byte>(segment.state);
    hash.update({&state, 1});
  }
  return std::string(run_prefix) + base::to_hex(hash.finish());
}

// Storage answered, and what it has is of no use: not a reason to fail.
bool is_skipped(const Error& error) {
  switch (error.code()) {
    case ErrorCode::damaged:
    case ErrorCode::unsupported:
    case ErrorCode::not_found:
    case ErrorCode::wrong_key:
    case ErrorCode::permission_denied: return true;
    default: return false;
  }
}

}  // namespace

struct LocalIndex::State {
  State(io::FileSystem& file_system, std::string path)
      : files(file_system), directory(std::move(path)), view(std::make_shared<View>()) {}

  [[nodiscard]] std::shared_ptr<const View> look() const {
    const std::lock_guard lock(mutex);
    return view;
  }

  // Shows the runs as they are now to lookups.
  void publish(const Wanted& wanted) {
    auto next = std::make_shared<View>();
    next->slots = judge(runs, wanted);
    for (const auto& run : runs) next->chunk_count += run->entries().size();
    const std::lock_guard lock(mutex);
    next->avoided = view->avoided;
    view = std::move(next);
  }

  Result<void> remove_files() {
    for (const auto& path : std::exchange(obsolete, {})) TRY(files.remove(path));
    return {};
  }

  Result<void> load();
  void drop(const RunPointer& run);
  Result<RunPointer> write(const std::vector<MergedSegment>& segments,
                           std::span<MergeSource> sources);
  Result<void> flush(Batch& batch);
  Result<void> merge(const std::vector<Slot>& slots);
  Result<void> tidy(const Wanted& wanted, std::size_t recent_max);
  Result<void> fetch_lacking(const Wanted& wanted, const Fetch& fetch,
                             std::vector<Skipped>& skipped);

  io::FileSystem& files;
  const std::string directory;
  std::vector<RunPointer> runs;       // largest first when loaded, then as they come
  std::vector<std::string> obsolete;  // files to remove once no new lookup can need them
  std::uint64_t damaged_runs = 0;     // that merges have met and dropped
  mutable std::mutex mutex;           // over the pointer only
  std::shared_ptr<const View> view;
};

Result<void> LocalIndex::State::load() {
  for (const auto& name : TRY(files.list(directory))) {
    if (!name.starts_with(run_prefix)) continue;
    const auto path = directory + "/" + name;
    auto run = IndexRun::open(files, path);
    if (run.ok()) {
      runs.push_back(std::move(run).value());
    } else if (run.error().code() == ErrorCode::damaged) {
      TRY(files.remove(path));
    } else if (run.error().code() != ErrorCode::not_found) {  // another process may have merged it
      return std::move(run).error();
    }
  }
  std::stable_sort(runs.begin(), runs.end(), [](const RunPointer& a, const RunPointer& b) {
    return a->entries().size() > b->entries().size();
  });
  return {};
}

// Takes a run out; its file goes at the next remove_files().
void LocalIndex::State::drop(const RunPointer& run) {
  const auto path = run->path();
  std::erase(runs, run);
  const bool is_shared = std::any_of(
      runs.begin(), runs.end(), [&](const RunPointer& other) { return other->path() == path; });
  if (!is_shared) obsolete.push_back(path);
}

Result<RunPointer> LocalIndex::State::write(const std::vector<MergedSegment>& segments,
                                            std::span<MergeSource> sources) {
  const auto path = directory + "/" + name_of_run(segments);
  TRY_CONTEXT(write_run(files, path, segments, sources), "writing the local index");
  std::erase(obsolete, path);
  return IndexRun::open(files, path);
}

Result<void> LocalIndex::State::flush(Batch& batch) {
  if (batch.items.empty()) return {};
  std::vector<MergedSegment> segments;
  std::vector<MergeSource> sources(batch.items.size());
  std::vector<std::vector<PackRecord>> packs(batch.items.size());
  for (std::uint32_t i = 0; i < batch.items.size(); ++i) {
    const auto& [name, state, segment] = batch.items[i];
    segments.push_back({name, segment.chunks.size(), segment.superseded, state});
    for (const auto& pack : segment.packs) {
      packs[i].push_back({pack.name, pack.size, 0, static_cast<std::uint32_t>(pack.type)});
    }
    auto& source = sources[i];
    source.entries = segment.chunks;
    source.packs = packs[i];
    source.segment_map = {i};
    for (std::uint32_t k = 0; k < packs[i].size(); ++k) source.packs_by_name.push_back(k);
    std::stable_sort(
        source.packs_by_name.begin(), source.packs_by_name.end(),
        [&](std::uint32_t a, std::uint32_t b) { return packs[i][a].name < packs[i][b].name; });
  }
  runs.push_back(TRY(write(segments, sources)));
  batch = {};
  return {};
}

// Replaces these runs by one that has what counts of them.
Result<void> LocalIndex::State::merge(const std::vector<Slot>& slots) {
  std::vector<MergedSegment> segments;
  std::vector<MergeSource> sources;
  for (const auto& slot : slots) {
    MergeSource source{.entries = slot.run->entries(),
                       .entries_crc = slot.run->entries_crc(),
                       .packs = slot.run->packs(),
                       .packs_by_name = {},
                       .segment_map = std::vector<std::uint32_t>(slot.fates.size(), no_number)};
    for (std::size_t i = 0; i < slot.fates.size(); ++i) {
      const auto& segment = slot.run->segments()[i];
      if (slot.fates[i] == Fate::drop) continue;
      MergedSegment merged{segment.name, 0, slot.run->superseded_by(segment), segment.state};
      if (slot.fates[i] == Fate::count) {
        merged.entries = segment.entries;
        source.segment_map[i] = static_cast<std::uint32_t>(segments.size());
      } else if (segment.state == SegmentState::complete) {
        merged.state = SegmentState::superseded;
      }
      segments.push_back(merged);
    }
    sources.push_back(std::move(source));
  }
  auto merged = write(segments, sources);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (merged.ok() || sources[i].is_damaged) drop(slots[i].run);
    if (sources[i].is_damaged) ++damaged_runs;
  }
  if (!merged.ok()) return std::move(merged).error();
  std::erase(obsolete, merged.value()->path());
  runs.push_back(std::move(merged).value());
  return {};
}

// Drops runs that have nothing, and merges where something doesn't count or there are too many.
Result<void> LocalIndex::State::tidy(const Wanted& wanted, std::size_t recent_max) {
  auto slots = judge(runs, wanted);
  for (const auto& slot : slots) {
    if (is_useless(slot)) drop(slot.run);
  }
  std::erase_if(slots, is_useless);
  if (slots.empty()) return {};
  std::stable_sort(slots.begin(), slots.end(), [](const Slot& a, const Slot& b) {
    return a.run->entries().size() > b.run->entries().size();
  });
  const auto largest = slots.front().run->entries().size();
  std::vector<Slot> recent(slots.begin() + 1, slots.end());
  std::uint64_t recent_entries = 0;
  for (const auto& slot : recent) recent_entries += slot.run->entries().size();
  const bool is_crowded = recent.size() > recent_max;
  if (is_stale(slots.front()) || (is_crowded && recent_entries > largest / 4)) return merge(slots);
  if (!is_crowded) std::erase_if(recent, [](const Slot& slot) { return !is_stale(slot); });
  return recent.empty() ? Result<void>() : merge(recent);
}

// Fetches what no run has. What is superseded is fetched once too: it may supersede others.
Result<void> LocalIndex::State::fetch_lacking(const Wanted& wanted, const Fetch& fetch,
                                              std::vector<Skipped>& skipped) {
  auto superseded = superseded_names(runs, wanted);
  NameSet known;
  for (const auto& run : runs) {
    for (const auto& segment : run->segments()) {
      if (!wanted.contains(segment.name)) continue;
      if (segment.state == SegmentState::superseded && !superseded.contains(segment.name)) continue;
      if (known.insert(segment.name).second && segment.state == SegmentState::foreign) {
        skipped.push_back(
            {segment.name, Error(ErrorCode::wrong_key, "the segment isn't relied on here")});
      }
    }
  }
  Batch batch;
  for (const auto& name : wanted.names()) {
    if (known.contains(name)) continue;
    auto fetched = fetch(name);
    if (!fetched.ok() && !is_skipped(fetched.error())) {
      TRY(flush(batch));
      return std::move(fetched).error();
    }
    if (fetched.ok()) {
      auto& segment = fetched.value();
      TRY_CONTEXT(check_segment(segment), "index segment " + base::to_hex(name));
      superseded.insert(segment.superseded.begin(), segment.superseded.end());
      const auto state =
          superseded.contains(name) ? SegmentState::superseded : SegmentState::complete;
      batch.add(name, state, std::move(segment));
    } else {
      const auto& error = fetched.error();
      const bool stays_foreign =
          error.code() == ErrorCode::wrong_key && error.retry() == base::Retry::never;
      if (stays_foreign) batch.add(name, SegmentState::foreign, {});
      skipped.push_back({name, std::move(fetched).error()});
    }
    if (batch.is_full()) {
      TRY(flush(batch));
      if (runs.size() > loading_runs_max) TRY(tidy(wanted, recent_runs_max));
    }
  }
  return flush(batch);
}

LocalIndex::LocalIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
LocalIndex::~LocalIndex() = default;

Result<std::unique_ptr<LocalIndex>> LocalIndex::open(io::FileSystem& files, std::string directory) {
  auto state = std::make_unique<State>(files, std::move(directory));
  TRY_CONTEXT(state->load(), "opening the local index");
  state->publish(Wanted());
  return std::unique_ptr<LocalIndex>(new LocalIndex(std::move(state)));
}

Result<std::vector<LocalIndex::Skipped>> LocalIndex::update(
    std::span<const ObjectHash> wanted_names, const Fetch& fetch) {
  const Wanted wanted(wanted_names);
  Result<void> done;
  std::vector<Skipped> skipped;
  for (unsigned round = 0; round < rounds_max; ++round) {
    skipped.clear();
    const auto damaged_before = state_->damaged_runs;
    done = state_->fetch_lacking(wanted, fetch, skipped);
    if (done.ok()) done = state_->tidy(wanted, recent_runs_max);
    // What a damaged run had is fetched again.
    if (done.ok() || state_->damaged_runs == damaged_before) break;
  }
  state_->publish(wanted);
  TRY(done);
  TRY(state_->remove_files());
  return skipped;
}

Result<void> LocalIndex::add(const ObjectHash& name, const IndexSegment& segment) {
  TRY_CONTEXT(check_segment(segment), "adding index segment " + base::to_hex(name));
  const auto view = state_->look();  // held: avoid() may replace it meanwhile
  for (const auto& slot : view->slots) {
    for (std::size_t i = 0; i < slot.fates.size(); ++i) {
      if (slot.fates[i] == Fate::count && slot.run->segments()[i].name == name) return {};
    }
  }
  Batch batch;
  batch.add(name, SegmentState::complete, segment);
  TRY(state_->flush(batch));
  Result<void> tidied;
  const auto damaged_before = state_->damaged_runs;
  if (state_->runs.size() > recent_runs_max + 1) tidied = state_->tidy(Wanted(), recent_runs_max);
  state_->publish(Wanted());
  // What a damaged run had comes back with the next update; until then its chunks are unknown.
  if (state_->damaged_runs == damaged_before) TRY(tidied);
  return state_->remove_files();
}

Result<void> LocalIndex::clear() {
  for (const auto& run : std::vector<RunPointer>(state_->runs)) state_->drop(run);
  state_->publish(Wanted());
  return state_->remove_files();
}

namespace {

// Where find() found: a run of the view and an entry in it.
struct Located {
  const Slot* slot;
  std::uint64_t entry;
};

enum class Search { done, goes_on };

// Calls `visit` with each place until it says that it has seen enough.
template <typename Visit>
void each_located(const View& view, const ChunkId& id, const Visit& visit) {
  for (const auto& slot : view.slots) {
    const auto entries = slot.run->entries();
    const auto packs = slot.run->packs();
    for (auto at = slot.run->find(id); at < entries.size() && entries[at].id == id; ++at) {
      if (entries[at].pack >= packs.size()) continue;  // damaged after it was checked
      const auto& pack = packs[entries[at].pack];
      if (!slot.counts(pack)) continue;
      const auto& avoided = view.avoided;
      if (!avoided.empty() && std::binary_search(avoided.begin(), avoided.end(), pack.name))
        continue;
      if (visit(Located{&slot, at}) == Search::done) return;
    }
  }
}

std::optional<Located> locate(const View& view, const ChunkId& id) {
  std::optional<Located> found;
  each_located(view, id, [&](const Located& located) {
    found = located;
    return Search::done;
  });
  return found;
}

}  // namespace

std::optional<FoundChunk> LocalIndex::find(const ChunkId& id) const {
  const auto view = state_->look();
  const auto found = locate(*view, id);
  if (!found) return std::nullopt;
  const auto& run = *found->slot->run;
  const auto& place = run.entries()[found->entry];
  return FoundChunk{info_of(run.packs()[place.pack]), place};
}

bool FoundChunk::is_same_place(const FoundChunk& other) const {
  auto own = place;
  own.pack = other.place.pack;
  return own == other.place && pack == other.pack;
}

std::vector<FoundChunk> LocalIndex::find_all(const ChunkId& id, std::size_t places_max) const {
  const auto view = state_->look();
  std::vector<FoundChunk> places;
  each_located(*view, id, [&](const Located& located) {
    const auto& run = *located.slot->run;
    const auto& place = run.entries()[located.entry];
    const auto& pack = run.packs()[place.pack];
    FoundChunk found{info_of(pack), place};
    const bool is_new = std::none_of(places.begin(), places.end(), [&](const FoundChunk& known) {
      return known.is_same_place(found);
    });
    if (is_new) places.push_back(std::move(found));
    return places.size() < places_max ? Search::goes_on : Search::done;
  });
  return places;
}

std::optional<std::uint64_t> LocalIndex::number_of(const ChunkId& id) const {
  const auto view = state_->look();
  const auto found = locate(*view, id);
  if (!found) return std::nullopt;
  return found->slot->number_base + found->entry;
}

void LocalIndex::avoid(std::span<const ObjectHash> packs) {
  std::vector<ObjectHash> avoided(packs.begin(), packs.end());
  std::sort(avoided.begin(), avoided.end());
  const std::lock_guard lock(state_->mutex);
  auto next = std::make_shared<View>(*state_->view);
  next->avoided = std::move(avoided);
  state_->view = std::move(next);
}

std::vector<ObjectHash> LocalIndex::segments() const {
  const auto view = state_->look();
  std::vector<ObjectHash> names;
  for (const auto& slot : view->slots) {
    for (std::size_t i = 0; i < slot.fates.size(); ++i) {
      if (slot.fates[i] == Fate::count) names.push_back(slot.run->segments()[i].name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::uint64_t LocalIndex::chunk_count() const { return state_->look()->chunk_count; }

Result<void> LocalIndex::each_pack(
    const std::function<Result<void>(const PackInfo&)>& visit) const {
  const auto view = state_->look();
  std::vector<std::size_t> at(view->slots.size(), 0);
  const auto next = [&](std::uint32_t number) -> const Byte* {
    const auto& slot = view->slots[number];
    const auto packs = slot.run->packs();
    while (at[number] < packs.size() && !slot.counts(packs[at[number]])) ++at[number];
    return at[number] < packs.size() ? packs[at[number]].name.data() : nullptr;
  };
  IdMerge merge;
  for (std::uint32_t i = 0; i < view->slots.size(); ++i) {
    if (const auto* name = next(i)) merge.add(name, i);
  }
  const PackRecord* last = nullptr;
  while (!merge.empty()) {
    const auto number = merge.top().source;
    const auto& pack = view->slots[number].run->packs()[at[number]++];
    if (last == nullptr || last->name != pack.name) TRY(visit(info_of(pack)));
    last = &pack;
    merge.advance(next(number));
  }
  return {};
}

Result<void> LocalIndex::each_chunk(
    const std::function<Result<void>(const FoundChunk&)>& visit) const {
  const auto view = state_->look();
  std::vector<MergeSource> sources;
  for (const auto& slot : view->slots) {
    MergeSource source{.entries = slot.run->entries(),
                       .entries_crc = slot.run->entries_crc(),
                       .packs = slot.run->packs(),
                       .packs_by_name = {},
                       .segment_map = {}};
    for (const auto fate : slot.fates)
      source.segment_map.push_back(fate == Fate::count ? 0 : no_number);
    sources.push_back(std::move(source));
  }
  return merge_entries(sources,
                       [&](std::uint32_t, const ChunkPlace& place, const PackRecord& pack) {
                         return visit({info_of(pack), place});
                       });
}

}  // namespace holdfast::repository
