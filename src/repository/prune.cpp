// Executing a prune (docs/internals/prune.md): look, mark, plan, copy, condemn, look again, delete.
#include "repository/prune.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "repository/clock_memory.hpp"
#include "repository/live_set.hpp"
#include "repository/log.hpp"
#include "repository/log_map.hpp"
#include "repository/object_name.hpp"
#include "repository/overlay_survey.hpp"
#include "repository/pack_list.hpp"
#include "repository/parity.hpp"
#include "repository/place_proof.hpp"
#include "repository/repack.hpp"
#include "repository/repository_reader.hpp"
#include "repository/session_list.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::repository {

namespace {

using PackSet = std::unordered_set<ObjectHash, IdHash>;

// One prune, from its first look to its last delete.
class PruneRunner {
 public:
  PruneRunner(Repository& repository, const PruneOptions& options,
              const PruneProgressCall& progress, std::stop_token stop)
      : repository_(repository), options_(options), progress_(progress), stop_(std::move(stop)) {}

  base::Result<PruneReport> run(PruneRun mode) {
    session_ = TRY(Session::begin(repository_, "prune"));
    reader_ = TRY(RepositoryReader::open(repository_, Following::nothing));
    proof_.emplace(repository_, reader_->packs());
    TRY(look());
    TRY(mark_snapshots(mode));
    TRY(name_suspects());
    TRY(plan());
    if (mode == PruneRun::dry) return std::move(report_);
    TRY(remove(std::exchange(void_snapshots_, {})));
    TRY(renew_locks());
    TRY(copy_live(report_.plan.rewrite, report_.plan.rescue));
    TRY(condemn_planned());
    TRY(execute_ripe());
    TRY(clean_up());
    report_.executed = true;
    return std::move(report_);
  }

 private:
  base::Result<void> look();
  base::Result<void> list_anew();
  base::Result<void> read_again();
  base::Result<void> mark_snapshots(PruneRun mode);
  base::Result<bool> was_never_whole(const SnapshotRecord& snapshot,
                                     const std::vector<LiveSet::Missing>& missing);
  base::Result<void> name_never_whole(const SnapshotRecord& snapshot, PruneRun mode);
  base::Result<void> name_suspects();
  base::Result<void> renew_locks();
  base::Result<const FoundChunk*> choose(std::span<const FoundChunk> places);
  base::Result<bool> is_kept_elsewhere(std::span<const FoundChunk> places, const PackSet& from);
  base::Result<void> read_index();
  base::Result<void> judge_lack(const SnapshotRecord& snapshot,
                                std::vector<LiveSet::Missing> missing);
  base::Result<void> plan();
  base::Result<void> copy_live(std::vector<PackInfo>& rewrite, std::vector<PackInfo>& rescue);
  base::Result<PackSet> copy_chunks(const PackSet& from);
  base::Result<void> condemn_planned();
  base::Result<void> execute_ripe();
  base::Result<PackSet> recheck();
  base::Result<PackSet> young_packs() const;
  base::Result<void> supersede(const PackSet& doomed);
  base::Result<void> remove_packs(const std::vector<Condemnation>& ripe);
  base::Result<void> clean_up();
  base::Result<void> remove_superseded();
  base::Result<void> remove_probes();
  // The names of what is locked.
  base::Result<std::set<std::string>> remove(std::vector<std::string> names);
  // Until when what was stored then is locked at least. What is surely locked isn't asked for.
  [[nodiscard]] bool is_surely_locked(base::Time stored_at) const {
    const auto lock = repository_.storage().capabilities().lock;
    return lock && stored_at + *lock > now_;
  }
  base::Result<bool> is_locked(const CondemnedPack& pack);
  base::Result<void> each_live(const std::function<base::Result<void>(std::span<const FoundChunk>,
                                                                      bool is_live)>& visit) const;
  [[nodiscard]] bool is_ripe(base::Time stored_at) const;
  [[nodiscard]] bool is_sound_place(const FoundChunk& chunk) const;
  void step(std::string stage, std::uint64_t done = 0, std::uint64_t total = 0) const {
    if (progress_) progress_({.stage = std::move(stage), .done = done, .total = total});
  }
  base::Result<void> interruptible() const {
    if (stop_.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    return {};
  }

  Repository& repository_;
  const PruneOptions& options_;
  const PruneProgressCall& progress_;
  std::stop_token stop_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<RepositoryReader> reader_;
  std::optional<PlaceProof> proof_;
  PackSet own_packs_;  // stored by this run: what their segments say is so
  PackSet suspects_;   // snapshots that were named
  SnapshotList snapshots_;
  PruneReport report_;

  base::Time now_;
  base::Time counts_from_;  // for ages that must reach a grace
  std::vector<Condemnation> condemnations_;
  std::vector<SessionInfo> sessions_;
  PackListing listed_;
  PackSet condemned_;
  std::optional<LiveSet> live_;
  std::unordered_set<ObjectHash, IdHash> marked_;  // snapshots
  std::vector<std::string> void_snapshots_;        // objects that are to go
  bool index_is_whole_ = true;                     // whatever of it could not be read is damaged
};

// docs/internals/prune.md, pruner's step 1 and 2: the lists. The clock must not lie before anything
// that was stored.
base::Result<void> PruneRunner::look() {
  step("listing");
  // Snapshots before the index: what a listed one needs was indexed before it was committed.
  TRY(list_anew());
  condemnations_ = TRY(list_condemnations(repository_, &report_.ignored));
  TRY(read_index());
  listed_ = TRY(list_packs(repository_, &report_.ignored));
  sessions_ = TRY(list_sessions(repository_, &report_.ignored));
  now_ = TRY(repository_.storage_now());
  const auto skew = storage_skew(repository_.storage());
  auto newest = session_->renewed_at();
  for (const auto& [name, pack] : listed_) newest = std::max(newest, pack.stored_at);
  for (const auto& session : sessions_) newest = std::max(newest, session.renewed);
  if (now_ + skew < newest) {
    return base::Error(base::ErrorCode::conflict,
                       "the storage's clock went back: it says " + base::format_utc(now_) +
                           ", but something was stored at " + base::format_utc(newest))
        .with_retry(base::Retry::never)
        .with_hint("set the clock right; nothing is deleted while it is behind what is stored");
  }
  if (!repository_.storage().capabilities().consistent)
    counts_from_ = TRY(remember_clock(repository_, now_)).counts_from;
  condemned_.clear();
  for (const auto& condemnation : condemnations_) {
    for (const auto& pack : condemnation.packs) condemned_.insert(pack.name);
  }
  return {};
}

// Reads the trees of all snapshots that were not read yet. Anything unreadable ends the prune.
base::Result<void> PruneRunner::mark_snapshots(PruneRun mode) {
  auto& list = snapshots_;
  for (auto& ignored : list.ignored) report_.ignored.push_back(std::move(ignored));
  if (!list.damaged.empty()) {
    return base::Error(list.damaged.front().error)
        .with_context(list.damaged.front().name)
        .with_context(
            "a snapshot can't be read, so it isn't known what it needs; nothing was deleted")
        .with_hint("run 'holdfast repository repair', then prune again");
  }
  if (!live_) live_.emplace(repository_);
  // Late ones last: a node that is seen is taken as read, and one of theirs may not be readable.
  std::vector<const SnapshotRecord*> order;
  for (const auto& snapshot : list.snapshots) order.push_back(&snapshot);
  std::stable_partition(order.begin(), order.end(),
                        [](const SnapshotRecord* snapshot) { return !snapshot->late; });
  std::uint64_t done = 0;
  for (const auto* snapshot : order) {
    TRY(interruptible());
    step("reading snapshots", done++, order.size());
    if (!marked_.insert(snapshot->id).second) continue;
    std::vector<LiveSet::Missing> missing;
    TRY(live_->add_tree(*reader_, snapshot->summary.root, &missing));
    TRY(session_->renew_if_due());
    if (missing.empty()) continue;
    if (!snapshot->late && TRY(was_never_whole(*snapshot, missing))) {
      TRY(name_never_whole(*snapshot, mode));
      continue;
    }
    TRY(judge_lack(*snapshot, std::move(missing)));
  }
  report_.snapshots = list.snapshots.size();
  return {};
}

// A late snapshot that lacks something is void: its writer reported a failure, and it never counted
// (repository_format.md section 5). What could not be read for now it doesn't lack.
base::Result<void> PruneRunner::judge_lack(const SnapshotRecord& snapshot,
                                           std::vector<LiveSet::Missing> missing) {
  const auto unread =
      std::find_if(missing.begin(), missing.end(), [](const LiveSet::Missing& each) {
        return each.error.code() != base::ErrorCode::not_found &&
               each.error.code() != base::ErrorCode::damaged;
      });
  if (unread != missing.end()) {
    return std::move(unread->error)
        .with_context("snapshot " + short_name(snapshot.id) +
                      " could not be read whole; nothing was deleted");
  }
  if (snapshot.late && index_is_whole_) {
    if (!snapshot.is_held() && !snapshot.unread_note)
      void_snapshots_.push_back(object_name(snapshots_prefix, snapshot.id));
    return {};
  }
  return std::move(missing.front().error)
      .with_context("snapshot " + short_name(snapshot.id) +
                    " lacks something that it needs; nothing was deleted")
      .with_hint(
          "run 'holdfast verify' to see what is damaged, 'holdfast repository repair', then "
          "prune again");
}

base::Result<void> PruneRunner::name_never_whole(const SnapshotRecord& snapshot, PruneRun mode) {
  if (suspects_.insert(snapshot.id).second) {
    report_.suspicious.push_back(
        {object_name(snapshots_prefix, snapshot.id),
         base::Error(base::ErrorCode::damaged,
                     "its writer '" + base::printable(snapshot.signer_label) +
                         "' never stored all that it needs: forged, or of a broken program")
             .with_hint("'holdfast snapshot forget' makes it go")});
  }
  if (mode == PruneRun::dry || snapshot.never_whole) return {};
  return write_note(repository_, snapshot.id, NoteAction::never_whole, "", "");
}

// Whether a snapshot lacks what its writer never stored, rather than what was lost since. While
// object lock keeps everything that was stored, nothing can be absent but what never was there; and
// a pack that hashes to its name holds what was put into it. A lie must not stop the prune.
base::Result<bool> PruneRunner::was_never_whole(const SnapshotRecord& snapshot,
                                                const std::vector<LiveSet::Missing>& missing) {
  if (snapshot.never_whole) return true;
  if (!is_surely_locked(snapshot.stored_at)) return false;
  const auto* index = repository_.index(Repository::Segments::all);
  for (const auto& each : missing) {
    if (each.error.code() != base::ErrorCode::damaged &&
        each.error.code() != base::ErrorCode::not_found)
      return false;
    for (const auto& place : index->find_all(each.id)) {
      if (!listed_.contains(place.pack.name)) continue;
      if (!TRY(proof_->is_as_stored(place.pack))) return false;
    }
  }
  return true;
}

base::Result<void> PruneRunner::name_suspects() {
  for (const auto& suspect : snapshots_.of_other_hosts) report_.suspicious.push_back(suspect);
  for (auto& overlaid : TRY(survey_overlays(repository_)))
    report_.suspicious.push_back(std::move(overlaid));
  return {};
}

// What the snapshots need, and what it takes to read them, stays locked.
base::Result<void> PruneRunner::renew_locks() {
  if (!repository_.storage().capabilities().lock) return {};
  step("extending locks");
  LockRenewal renewal(repository_, now_, stop_);
  std::unordered_map<ObjectHash, bool, IdHash> needed;
  TRY(each_live([&](std::span<const FoundChunk> places, bool is_live) -> base::Result<void> {
    for (const auto& place : places) {
      // What is condemned is rescued, not kept.
      if (is_live && listed_.contains(place.pack.name) && !condemned_.contains(place.pack.name))
        needed[place.pack.name] = true;
    }
    return {};
  }));
  for (const auto& [name, is_needed] : needed)
    TRY(renewal.add(pack_object_name(listed_.at(name).type, name)));
  TRY(session_->renew_if_due());
  const auto segments = repository_.index(Repository::Segments::all)->segments();
  for (const auto& name : segments) TRY(renewal.add(object_name(index_prefix, name)));
  for (const auto& snapshot : snapshots_.snapshots)
    TRY(renewal.add(object_name(snapshots_prefix, snapshot.id)));
  for (const auto& note : snapshots_.notes) TRY(renewal.add(note));
  for (const auto& [object, sidecars] : TRY(list_sidecars(repository_.storage()))) {
    for (const auto& sidecar : sidecars) {
      if (needed.contains(object) || !listed_.contains(object)) TRY(renewal.add(sidecar.name));
    }
  }
  // Short pieces of logs, which longer ones replace, are let go.
  std::map<ShortId, std::vector<LogPiece>> logs;
  for (const auto& info : TRY(repository_.storage().list_all(log_prefix))) {
    if (auto piece = parse_log_piece(info)) logs[piece->stream].push_back(std::move(*piece));
  }
  for (const auto& [stream, pieces] : logs) {
    std::set<std::string> covered;
    const auto replaced = TRY(replaced_pieces(repository_, LogMap(pieces)));
    for (const auto& piece : replaced) covered.insert(piece.name);
    for (const auto& piece : pieces) {
      if (!covered.contains(piece.name)) TRY(renewal.add(piece.name));
    }
  }
  report_.locks = TRY(renewal.finish());
  return session_->renew_if_due();
}

// The place that is kept if a chunk has several. A writer's segment may name garbage: then what is
// really there decides. None: no place can be told from the others, all are kept.
base::Result<const FoundChunk*> PruneRunner::choose(std::span<const FoundChunk> places) {
  std::vector<const FoundChunk*> sound;
  for (const auto& place : places) {
    if (is_sound_place(place)) sound.push_back(&place);
  }
  if (sound.size() == 1) return sound.front();
  for (const auto* place : sound) {
    if (TRY(proof_->holds(*place))) return place;
  }
  return nullptr;
}

// Whether a chunk is certain to be outside `from`.
base::Result<bool> PruneRunner::is_kept_elsewhere(std::span<const FoundChunk> places,
                                                  const PackSet& from) {
  for (const auto& place : places) {
    if (!is_sound_place(place) || from.contains(place.pack.name)) continue;
    if (own_packs_.contains(place.pack.name) || TRY(proof_->holds(place))) return true;
  }
  return false;
}

// A place counts only in a pack that is listed and not condemned.
bool PruneRunner::is_sound_place(const FoundChunk& chunk) const {
  const auto listed = listed_.find(chunk.pack.name);
  return listed != listed_.end() && listed->second.size == chunk.pack.size &&
         !condemned_.contains(chunk.pack.name);
}

// Visits the index id by id, with all places of each.
base::Result<void> PruneRunner::each_live(
    const std::function<base::Result<void>(std::span<const FoundChunk>, bool is_live)>& visit)
    const {
  std::vector<FoundChunk> same;
  const auto emit = [&]() -> base::Result<void> {
    if (same.empty()) return {};
    TRY(visit(same, live_->contains(same.front().place.id)));
    same.clear();
    return {};
  };
  TRY(repository_.index(Repository::Segments::all)
          ->each_chunk([&](const FoundChunk& chunk) -> base::Result<void> {
            if (!same.empty() && same.front().place.id != chunk.place.id) TRY(emit());
            same.push_back(chunk);
            return {};
          }));
  return emit();
}

base::Result<void> PruneRunner::plan() {
  step("planning");
  std::unordered_map<ObjectHash, PackUse, IdHash> uses;
  for (const auto& [name, pack] : listed_) {
    uses[name] = {.pack = {.name = name, .type = pack.type, .size = pack.size},
                  .stored_at = pack.stored_at,
                  .is_indexed = false,
                  .is_condemned = condemned_.contains(name)};
  }
  TRY(each_live([&](std::span<const FoundChunk> places, bool is_live) -> base::Result<void> {
    std::vector<const FoundChunk*> listed;
    for (const auto& place : places) {
      const auto use = uses.find(place.pack.name);
      if (use == uses.end()) continue;
      use->second.is_indexed = true;
      ++use->second.chunks;
      listed.push_back(&place);
    }
    if (!is_live) return {};
    if (listed.empty()) {
      // What is locked can't have vanished: a segment lied about it.
      if (repository_.storage().capabilities().lock) return {};
      return base::Error(base::ErrorCode::damaged,
                         "a chunk that a snapshot needs lies only in packs that are not there; "
                         "nothing was deleted")
          .with_hint(
              "run 'holdfast verify' to see what is damaged, 'holdfast repository repair', then "
              "prune again");
    }
    if (const auto* chosen = TRY(choose(places))) listed = {chosen};
    for (const auto* place : listed) {
      auto& use = uses[place->pack.name];
      ++use.live_chunks;
      use.live_bytes += place->place.stored_size;
    }
    return {};
  }));
  PruneFacts facts;
  facts.now = now_;
  for (auto& [name, use] : uses) facts.packs.push_back(use);
  const auto skew = storage_skew(repository_.storage());
  for (const auto& session : sessions_) {
    if (session.id == session_->id() || !is_live(session, now_, repository_.config(), skew))
      continue;
    const auto began = session.registered - skew;
    facts.oldest_session = facts.oldest_session ? std::min(*facts.oldest_session, began) : began;
  }
  report_.plan = plan_prune(facts, options_, repository_.config());
  for (const auto& condemnation : condemnations_) {
    if (condemnation.stage != CondemnationStage::condemned || !is_ripe(condemnation.stored_at))
      continue;
    for (const auto& pack : condemnation.packs) {
      if (const auto found = listed_.find(pack.name); found != listed_.end())
        report_.plan.bytes_to_delete += found->second.size;
    }
    report_.plan.execute.push_back(condemnation);
  }
  return {};
}

base::Result<void> PruneRunner::copy_live(std::vector<PackInfo>& rewrite,
                                          std::vector<PackInfo>& rescue) {
  PackSet from;
  for (const auto& pack : rewrite) from.insert(pack.name);
  for (const auto& pack : rescue) from.insert(pack.name);
  if (from.empty()) return {};
  const auto stay = TRY(copy_chunks(from));
  std::erase_if(rewrite, [&](const PackInfo& pack) { return stay.contains(pack.name); });
  return {};
}

// Copies every live chunk that isn't certain to be outside `from`. Where there is a lock: the packs
// that hold something else than their segment says, of which nothing was copied; elsewhere that is
// damage.
base::Result<PackSet> PruneRunner::copy_chunks(const PackSet& from) {
  PackSet stay;
  std::vector<FoundChunk> data;
  std::vector<FoundChunk> tree;
  TRY(each_live([&](std::span<const FoundChunk> places, bool is_live) -> base::Result<void> {
    if (!is_live) return {};
    std::vector<const FoundChunk*> sources;
    for (const auto& place : places) {
      if (from.contains(place.pack.name) && listed_.contains(place.pack.name))
        sources.push_back(&place);
    }
    if (sources.empty() || TRY(is_kept_elsewhere(places, from))) return {};
    const bool is_certain = sources.size() == 1 && !repository_.storage().capabilities().lock;
    for (const auto* source : sources) {
      if (!is_certain && !TRY(proof_->holds(*source))) continue;
      (source->pack.type == ChunkType::data ? data : tree).push_back(*source);
      return {};
    }
    if (!repository_.storage().capabilities().lock) {
      data.push_back(*sources.front());  // says what is damaged
      return {};
    }
    for (const auto* source : sources) stay.insert(source->pack.name);
    return {};
  }));
  step("compacting", 0, data.size() + tree.size());
  for (auto* places : {&data, &tree}) {
    const auto totals =
        TRY(repack(repository_, *session_, reader_->packs(), std::move(*places), stop_));
    report_.bytes_rewritten += totals.bytes;
    own_packs_.insert(totals.packs.begin(), totals.packs.end());
  }
  return stay;
}

base::Result<void> PruneRunner::condemn_planned() {
  std::vector<CondemnedPack> packs;
  for (const auto* list : {&report_.plan.condemn, &report_.plan.rewrite}) {
    for (const auto& pack : *list) packs.push_back({.type = pack.type, .name = pack.name});
  }
  if (packs.empty()) return {};
  TRY(interruptible());
  TRY(session_->renew());
  TRY_CONTEXT(write_condemnation(repository_, CondemnationStage::condemned, packs),
              "condemning packs");
  return {};
}

// Either the grace is over, or the storage shows everything at once and every live writer has
// looked since.
bool PruneRunner::is_ripe(base::Time stored_at) const {
  if (now_ > std::max(stored_at, counts_from_) + repository_.config().prune_grace) return true;
  if (!repository_.storage().capabilities().consistent) return false;
  const auto skew = storage_skew(repository_.storage());
  return std::all_of(sessions_.begin(), sessions_.end(), [&](const SessionInfo& session) {
    return session.id == session_->id() || session.renewed > stored_at + skew ||
           !is_live(session, now_, repository_.config(), skew);
  });
}

base::Result<void> PruneRunner::execute_ripe() {
  TRY(look());
  std::vector<Condemnation> ripe;
  PackSet doomed;
  PackSet gone;
  for (const auto& condemnation : condemnations_) {
    if (condemnation.stage != CondemnationStage::gone) continue;
    for (const auto& pack : condemnation.packs) gone.insert(pack.name);
  }
  for (const auto& condemnation : condemnations_) {
    if (condemnation.stage != CondemnationStage::condemned || !is_ripe(condemnation.stored_at))
      continue;
    bool is_unfinished = false;
    Condemnation unlocked{.stage = condemnation.stage,
                          .object = condemnation.object,
                          .stored_at = condemnation.stored_at,
                          .packs = {}};
    for (const auto& pack : condemnation.packs) {
      if (TRY(is_locked(pack))) continue;  // its time comes
      unlocked.packs.push_back(pack);
      if (listed_.contains(pack.name)) doomed.insert(pack.name);
      // Deleted, but not marked: a prune crashed in between.
      is_unfinished = is_unfinished || listed_.contains(pack.name) || !gone.contains(pack.name);
    }
    if (is_unfinished) ripe.push_back(std::move(unlocked));
  }
  if (ripe.empty()) return {};
  TRY(interruptible());
  const auto pardoned = TRY(recheck());
  std::erase_if(doomed, [&](const auto& pack) { return pardoned.contains(pack); });
  for (auto& condemnation : ripe) {
    std::erase_if(condemnation.packs,
                  [&](const CondemnedPack& pack) { return pardoned.contains(pack.name); });
  }
  std::erase_if(ripe, [](const Condemnation& each) { return each.packs.empty(); });
  TRY(supersede(doomed));
  return remove_packs(ripe);
}

// The snapshots as of now, judged by a roster that was the newest after they had been read: a
// machine that was enrolled while this runs is not nobody.
base::Result<void> PruneRunner::list_anew() {
  do {
    snapshots_ = TRY(list_snapshots(repository_));
  } while (TRY(repository_.refresh_roster()));
  return repository_.require_newest_roster("pruning");
}

// Snapshots, index and packs as of now, in the order of look().
base::Result<void> PruneRunner::read_again() {
  TRY(list_anew());
  TRY(read_index());
  listed_ = TRY(list_packs(repository_));
  live_.reset();  // the index was updated: its numbers are new
  marked_.clear();
  TRY(mark_snapshots(PruneRun::real));
  TRY(remove(std::exchange(void_snapshots_, {})));
  return {};
}

base::Result<void> PruneRunner::read_index() {
  std::vector<IgnoredObject> skipped;
  TRY(repository_.refresh_index(Repository::Segments::all, &skipped));
  index_is_whole_ = std::none_of(skipped.begin(), skipped.end(), [](const IgnoredObject& segment) {
    return segment.error.code() == base::ErrorCode::permission_denied ||
           segment.error.code() == base::ErrorCode::unsupported;
  });
  return {};
}

// Packs that only segments name which a reader's stale listing may not show yet.
base::Result<PackSet> PruneRunner::young_packs() const {
  PackSet young;
  if (repository_.storage().capabilities().consistent) return young;
  for (const auto& info : TRY(repository_.storage().list_all(index_prefix))) {
    const auto name = hash_of_name(info.name);
    if (!name ||
        info.stored_at + storage_staleness_max + storage_skew(repository_.storage()) < now_)
      continue;
    const auto segment = repository_.read_segment_of(*name);
    if (!segment.ok()) {
      switch (segment.error().code()) {
        case base::ErrorCode::not_found:
        case base::ErrorCode::damaged:
        case base::ErrorCode::unsupported:
        case base::ErrorCode::wrong_key: continue;     // one that doesn't count makes no place
        default: return base::Error(segment.error());  // not known: it may be what makes one young
      }
    }
    for (const auto& pack : segment.value().segment.packs) young.insert(pack.name);
  }
  return young;
}

// The snapshots as of now, after the condemnations: whatever they need and lies in condemned packs
// only is copied first. The packs that must stay for this time, because a copy is too young.
base::Result<PackSet> PruneRunner::recheck() {
  TRY(read_again());
  PackSet condemned;
  for (const auto& name : condemned_) condemned.insert(name);
  PackSet pardoned = TRY(copy_chunks(condemned));
  TRY(read_again());
  const auto young = TRY(young_packs());
  TRY(each_live([&](std::span<const FoundChunk> places, bool is_live) -> base::Result<void> {
    if (!is_live) return {};
    bool has_place = false;
    const bool is_concerned =
        std::any_of(places.begin(), places.end(),
                    [&](const FoundChunk& place) { return condemned_.contains(place.pack.name); });
    for (const auto& place : places) {
      if (!is_sound_place(place)) continue;
      if (is_concerned && !own_packs_.contains(place.pack.name) && !TRY(proof_->holds(place)))
        continue;
      if (!young.contains(place.pack.name)) return {};
      has_place = true;
    }
    // Of what is locked nothing vanishes: a place that isn't there never was one, and one that
    // holds something else is no reason to stop either.
    has_place = has_place || repository_.storage().capabilities().lock.has_value();
    for (const auto& place : places) {
      if (has_place && condemned_.contains(place.pack.name)) pardoned.insert(place.pack.name);
    }
    if (has_place) return {};
    return base::Error(base::ErrorCode::damaged,
                       "a chunk that a snapshot needs has no place outside the condemned packs; "
                       "nothing was deleted")
        .with_hint(
            "run 'holdfast verify' to see what is damaged, then 'holdfast repository repair'");
  }));
  return pardoned;
}

// New segments without the doomed packs take the place of those that name them; they carry on what
// those had superseded, or a segment superseded long ago would count again.
base::Result<void> PruneRunner::supersede(const PackSet& doomed) {
  auto* index = repository_.index(Repository::Segments::all);
  std::map<ShortId, IndexSegment> successors;  // by domain
  const auto write = [&](const ShortId& domain, IndexSegment& segment) -> base::Result<void> {
    std::sort(segment.chunks.begin(), segment.chunks.end(),
              [](const ChunkPlace& a, const ChunkPlace& b) { return a.id < b.id; });
    TRY(repository_.write_segment(segment, *repository_.domain(domain), Repository::SignAs::admin));
    segment = {};
    return session_->renew_if_due();
  };
  // A successor is written whole before the next begins; only the last of each domain names what is
  // superseded, so that nothing is hidden before all of it is durable.
  std::map<ShortId, std::vector<ObjectHash>> superseded;
  for (const auto& name : index->segments()) {
    const auto [domain, segment] = TRY(repository_.read_segment_of(name));
    if (std::none_of(segment.packs.begin(), segment.packs.end(),
                     [&](const PackInfo& pack) { return doomed.contains(pack.name); }))
      continue;
    superseded[domain].push_back(name);
    superseded[domain].insert(superseded[domain].end(), segment.superseded.begin(),
                              segment.superseded.end());
    auto& successor = successors[domain];
    if (successor.chunks.size() + segment.chunks.size() > segment_chunks_max)
      TRY(write(domain, successor));
    std::map<std::uint32_t, std::uint32_t> numbers;
    for (const auto& place : segment.chunks) {
      const auto& pack = segment.packs.at(place.pack);
      if (doomed.contains(pack.name)) continue;
      const auto [number, is_new] =
          numbers.try_emplace(place.pack, static_cast<std::uint32_t>(successor.packs.size()));
      if (is_new) successor.packs.push_back(pack);
      successor.chunks.push_back(place);
      successor.chunks.back().pack = number->second;
    }
  }
  for (auto& [domain, names] : superseded) {
    auto& successor = successors[domain];
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    successor.superseded = names;
    TRY(write(domain, successor));
    if (!repository_.storage().capabilities().consistent) continue;  // a later run removes them
    std::vector<std::string> objects;
    for (const auto& name : names) objects.push_back(object_name(index_prefix, name));
    TRY(remove(std::move(objects)));
  }
  return {};
}

base::Result<void> PruneRunner::remove_packs(const std::vector<Condemnation>& ripe) {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  for (const auto& condemnation : ripe) total += condemnation.packs.size();
  for (const auto& condemnation : ripe) {
    std::vector<std::string> names;
    for (const auto& pack : condemnation.packs) {
      if (listed_.contains(pack.name)) names.push_back(pack_object_name(pack.type, pack.name));
    }
    step("deleting", done, total);
    done += condemnation.packs.size();
    const auto locked = TRY(remove(std::move(names)));
    std::vector<CondemnedPack> gone;
    for (const auto& pack : condemnation.packs) {
      const auto found = listed_.find(pack.name);
      if (locked.contains(pack_object_name(pack.type, pack.name))) {
        ++report_.packs_locked;
        report_.bytes_locked += found->second.size;
        continue;
      }
      gone.push_back(pack);
      if (found == listed_.end()) continue;
      ++report_.packs_deleted;
      report_.bytes_deleted += found->second.size;
    }
    if (!gone.empty()) TRY(write_condemnation(repository_, CondemnationStage::gone, gone));
    TRY(session_->renew_if_due());
  }
  return {};
}

// Condemnations whose packs are long gone, sessions long dead, segments long superseded.
base::Result<void> PruneRunner::clean_up() {
  TRY(look());
  std::vector<std::string> objects;
  for (const auto& gone : condemnations_) {
    if (gone.stage != CondemnationStage::gone || !is_ripe(gone.stored_at)) continue;
    PackSet names;
    for (const auto& pack : gone.packs) names.insert(pack.name);
    for (const auto& condemnation : condemnations_) {
      const bool covered = std::all_of(
          condemnation.packs.begin(), condemnation.packs.end(), [&](const CondemnedPack& pack) {
            return names.contains(pack.name) && !listed_.contains(pack.name);
          });
      if (condemnation.stage == CondemnationStage::condemned && covered &&
          !is_surely_locked(condemnation.stored_at))
        objects.push_back(condemnation.object);
    }
  }
  TRY(remove(std::move(objects)));
  objects = {};
  for (const auto& gone : condemnations_) {
    if (gone.stage == CondemnationStage::gone && is_ripe(gone.stored_at) &&
        !is_surely_locked(gone.stored_at))
      objects.push_back(gone.object);
  }
  TRY(remove(std::move(objects)));
  objects = {};
  for (const auto& session : sessions_) {
    if (session.renewed + repository_.config().prune_grace < now_ &&
        !is_surely_locked(session.renewed))
      objects.insert(objects.end(), session.objects.begin(), session.objects.end());
  }
  TRY(remove(std::move(objects)));
  TRY(remove(snapshots_.forgotten));
  TRY(remove_superseded());
  TRY(remove_probes());
  TRY(drop_sidecars_of_gone(repository_.storage()));
  return {};
}

// Segments whose successor every reader's listing has shown for long.
base::Result<void> PruneRunner::remove_superseded() {
  const auto counting = repository_.index(Repository::Segments::all)->segments();
  std::unordered_set<ObjectHash, IdHash> others;
  std::vector<ObjectHash> successors;
  for (const auto& info : TRY(repository_.storage().list_all(index_prefix))) {
    const auto name = hash_of_name(info.name);
    if (!name) continue;
    if (!std::binary_search(counting.begin(), counting.end(), *name)) {
      if (!is_surely_locked(info.stored_at)) others.insert(*name);
    } else if (is_ripe(info.stored_at)) {
      successors.push_back(*name);
    }
  }
  std::vector<std::string> objects;
  for (const auto& name : successors) {
    if (others.empty()) break;
    TRY(interruptible());
    const auto successor = TRY(repository_.read_segment_of(name));
    for (const auto& superseded : successor.segment.superseded) {
      if (others.erase(superseded) > 0) objects.push_back(object_name(index_prefix, superseded));
    }
  }
  TRY(remove(std::move(objects)));
  return {};
}

// Probes go at once, unless they are locked or their client may not delete.
base::Result<void> PruneRunner::remove_probes() {
  std::vector<std::string> objects;
  for (const auto& info : TRY(repository_.storage().list_all(probe_prefix))) {
    if (info.stored_at + repository_.config().prune_grace < now_ &&
        !is_surely_locked(info.stored_at) && hash_of_name(info.name))
      objects.push_back(info.name);
  }
  TRY(remove(std::move(objects)));
  return {};
}

base::Result<bool> PruneRunner::is_locked(const CondemnedPack& pack) {
  const auto found = listed_.find(pack.name);
  if (found == listed_.end() || !repository_.storage().capabilities().retention) return false;
  bool locked = is_surely_locked(found->second.stored_at);
  if (!locked) {
    const auto info = repository_.storage().stat(pack_object_name(pack.type, pack.name));
    if (!info.ok() && info.error().code() != base::ErrorCode::not_found)
      return base::Error(info.error());
    locked = info.ok() && info.value().retained_until && *info.value().retained_until > now_;
  }
  if (locked) {
    ++report_.packs_locked;
    report_.bytes_locked += found->second.size;
  }
  return locked;
}

base::Result<std::set<std::string>> PruneRunner::remove(std::vector<std::string> names) {
  std::set<std::string> locked;
  constexpr std::size_t batch_size = 1'000;
  for (std::size_t at = 0; at < names.size(); at += batch_size) {
    const auto batch =
        std::span<const std::string>(names).subspan(at, std::min(batch_size, names.size() - at));
    for (const auto& outcome : TRY(repository_.storage().remove(batch))) {
      if (outcome.locked_until) {
        locked.insert(outcome.name);
      } else if (outcome.error) {
        return base::Error(*outcome.error).with_context("deleting " + outcome.name);
      }
    }
  }
  return locked;
}

}  // namespace

base::Result<PruneReport> prune(Repository& repository, const PruneOptions& options, PruneRun run,
                                const PruneProgressCall& progress, std::stop_token stop) {
  if (!repository.keys().reader) return needs_reading_key("pruning");
  if (!repository.keys().admin) return needs_admin_key("pruning");
  TRY(repository.require_newest_roster("pruning"));
  return PruneRunner(repository, options, progress, std::move(stop)).run(run);
}

}  // namespace holdfast::repository
