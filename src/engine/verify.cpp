// Climbing the ladder: listing, hashing, decrypting, and reading the trees; then naming the files
// that damage affects.
#include "engine/verify.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "log_verify.hpp"
#include "repository/live_set.hpp"
#include "repository/mend.hpp"
#include "repository/object_name.hpp"
#include "repository/pack_list.hpp"
#include "repository/pack_scan.hpp"
#include "repository/path_key.hpp"
#include "repository/repository_reader.hpp"
#include "repository/snapshot_list.hpp"
#include "repository/tree_cursor.hpp"
#include "source/files/posix_attributes.hpp"

namespace holdfast::engine {

namespace {

using repository::ChunkId;
using repository::IdHash;
using repository::ObjectHash;
using repository::PackInfo;

constexpr std::size_t findings_max = 10'000;
constexpr unsigned attempts_max = 3;

bool is_outage(const base::Error& error) {
  switch (error.code()) {
    case base::ErrorCode::not_found:
    case base::ErrorCode::damaged: return false;
    default: return true;
  }
}

class Verifier {
 public:
  Verifier(repository::Repository& repository, Level level, const ProgressCall& progress,
           std::stop_token stop)
      : repository_(repository), progress_(progress), stop_(std::move(stop)) {
    report_.level = level;
  }

  // Without names: the whole repository.
  base::Result<VerifyReport> run(const std::vector<std::string>& names) {
    const auto began = repository_.environment().clock.monotonic();
    TRY(load(names));
    TRY(choose_packs());
    TRY(check_small_objects());
    TRY(check_logs());
    TRY(scan());
    TRY(judge());
    if (report_.level == Level::sound) TRY(check_trees());
    TRY(check_parity());
    report_.duration_seconds = (repository_.environment().clock.monotonic() - began).seconds();
    return std::move(report_);
  }

 private:
  base::Result<void> load(const std::vector<std::string>& names);
  base::Result<void> mark();
  base::Result<void> mark(const repository::SnapshotRecord& snapshot);
  base::Result<void> choose_packs();
  base::Result<void> check_small_objects();
  base::Result<void> check_logs();
  base::Result<void> scan();
  void note_places(const PackInfo& pack, const std::vector<repository::ChunkPlace>& good);
  base::Result<void> check_places();
  base::Result<void> judge();
  base::Result<void> name_files();
  base::Result<void> name_files_of(const repository::SnapshotRecord& snapshot);
  base::Result<void> check_trees();
  base::Result<void> check_tree(const repository::SnapshotRecord& snapshot);
  base::Result<void> check_parity();
  base::Result<void> check_sidecars(const repository::SidecarListing& sidecars);
  base::Result<void> tell_what_can_be_mended(const repository::SidecarListing& sidecars);
  void add(Finding finding) {
    auto& count = finding.kind == Finding::Kind::damage            ? report_.damage_count
                  : finding.kind == Finding::Kind::could_not_check ? report_.unchecked_count
                                                                   : report_.note_count;
    ++count;
    if (report_.findings.size() < findings_max) report_.findings.push_back(std::move(finding));
  }
  void add_note(std::string object, std::string message) {
    add({.kind = Finding::Kind::note,
         .object = std::move(object),
         .path = {},
         .snapshot = {},
         .message = std::move(message)});
  }
  void add_error(std::string object, const base::Error& error) {
    add({.kind = is_outage(error) ? Finding::Kind::could_not_check : Finding::Kind::damage,
         .object = std::move(object),
         .path = {},
         .snapshot = {},
         .message = error.to_string()});
  }
  [[nodiscard]] bool can_read() const { return repository_.keys().reader.has_value(); }

  repository::Repository& repository_;
  const ProgressCall& progress_;
  std::stop_token stop_;
  VerifyReport report_;
  std::vector<repository::SnapshotRecord> snapshots_;  // in scope
  bool whole_repository_ = true;
  std::unique_ptr<repository::RepositoryReader> reader_;
  std::optional<repository::LiveSet> live_;
  // Packs that are cut short, with the bytes that are left of them: 0 if they are not there or
  // can't be opened.
  std::unordered_map<ObjectHash, std::uint64_t, IdHash> bad_packs_;
  std::unordered_set<ChunkId, IdHash> bad_chunks_;   // decrypt to something else, in some pack
  std::unordered_set<ChunkId, IdHash> lost_chunks_;  // needed, and good nowhere
  // Snapshots in scope: late ones that aren't complete and were not asked for by name; and those of
  // whose trees parts can't be read, which were named.
  std::unordered_set<ObjectHash, IdHash> void_snapshots_;
  std::unordered_set<ObjectHash, IdHash> gaps_named_;
  bool trees_have_gaps_ = false;
  // By the index's number: chunks that were read where a restore will look for them.
  std::vector<bool> found_in_place_;
  std::unordered_set<ObjectHash, IdHash> unread_packs_;  // for now
  std::vector<PackInfo> packs_;                          // to be scanned
};

base::Result<void> Verifier::load(const std::vector<std::string>& names) {
  if (report_.level >= Level::readable && !can_read())
    return repository::needs_reading_key("verification of this level");
  auto list = TRY(repository::list_snapshots(repository_));
  if (!names.empty()) {
    for (const auto& name : names) {
      snapshots_.push_back(TRY(repository::choose_snapshot(list, name)));
    }
    whole_repository_ = false;
  } else {
    snapshots_ = std::move(list.snapshots);
    for (const auto* damaged : {&list.damaged, &list.damaged_notes}) {
      for (const auto& object : *damaged) add_error(object.name, object.error);
    }
    for (const auto& ignored : list.ignored)
      add({.kind = Finding::Kind::note,
           .object = ignored.name,
           .path = {},
           .snapshot = {},
           .message = "ignored: " + ignored.error.message()});
  }
  report_.snapshots = snapshots_.size();
  if (const auto& roster = repository_.unread_roster()) add_error(roster->name, roster->error);
  std::vector<repository::IgnoredObject> ignored;
  TRY(repository_.refresh_index(repository::Repository::Segments::all, &ignored));
  for (const auto& segment : ignored) {
    if (segment.error.code() == base::ErrorCode::wrong_key) {
      add({.kind = Finding::Kind::note,
           .object = segment.name,
           .path = {},
           .snapshot = {},
           .message = "ignored: " + segment.error.message()});
    } else {
      add_error(segment.name, segment.error);
    }
  }
  return mark();
}

// What the snapshots in scope need. Without the reading key nobody can tell: then every pack counts
// as needed.
base::Result<void> Verifier::mark() {
  if (!can_read()) return {};
  reader_ = TRY(repository::RepositoryReader::open(repository_, repository::Following::nothing));
  live_.emplace(repository_);
  // Late ones last: a node that is seen is taken as read, and one of theirs may not be readable.
  for (const bool late : {false, true}) {
    for (const auto& snapshot : snapshots_) {
      if (snapshot.late == late) TRY(mark(snapshot));
    }
  }
  report_.chunks = live_->size();
  return {};
}

base::Result<void> Verifier::mark(const repository::SnapshotRecord& snapshot) {
  std::vector<repository::LiveSet::Missing> missing;
  TRY(live_->add_tree(*reader_, snapshot.summary.root, &missing));
  const bool is_outage_of_some = std::any_of(
      missing.begin(), missing.end(), [](const auto& lost) { return is_outage(lost.error); });
  // Who names a late snapshot wants to know whether it is complete.
  if (!missing.empty() && snapshot.late && whole_repository_ && !is_outage_of_some) {
    void_snapshots_.insert(snapshot.id);
    add({.kind = Finding::Kind::note,
         .object = {},
         .path = {},
         .snapshot = base::to_hex(snapshot.id),
         .message = "void: stored after its session had run out, and not complete; its writer "
                    "reported a failure"});
    return {};
  }
  for (const auto& lost : missing) {
    if (is_outage(lost.error)) {
      add({.kind = Finding::Kind::could_not_check,
           .object = {},
           .path = {},
           .snapshot = base::to_hex(snapshot.id),
           .message = lost.error.to_string()});
    } else {
      lost_chunks_.insert(lost.id);
      trees_have_gaps_ = trees_have_gaps_ || lost.is_node;
    }
  }
  return {};
}

// The packs to look at, and those that are not there or of another size than the index says.
base::Result<void> Verifier::choose_packs() {
  std::vector<repository::IgnoredObject> foreign;
  const auto listed = TRY(repository::list_packs(repository_, &foreign));
  if (whole_repository_) {
    for (const auto& object : foreign)
      add({.kind = Finding::Kind::note,
           .object = object.name,
           .path = {},
           .snapshot = {},
           .message = "foreign object"});
  }
  std::unordered_set<ObjectHash, IdHash> needed;
  auto* index = repository_.index(repository::Repository::Segments::all);
  if (live_) {
    TRY(index->each_chunk([&](const repository::FoundChunk& chunk) -> base::Result<void> {
      if (live_->contains(chunk.place.id) || lost_chunks_.contains(chunk.place.id))
        needed.insert(chunk.pack.name);
      return {};
    }));
  }
  std::unordered_set<ObjectHash, IdHash> indexed;
  TRY(index->each_pack([&](const PackInfo& pack) -> base::Result<void> {
    indexed.insert(pack.name);
    const auto found = listed.find(pack.name);
    const bool is_needed = !live_ || needed.contains(pack.name);
    if (found != listed.end() && found->second.size == pack.size) {
      if (whole_repository_ || is_needed) packs_.push_back(pack);
      return {};
    }
    bad_packs_[pack.name] = found == listed.end() ? 0 : found->second.size;
    if (!is_needed) return {};  // the index is ahead of a prune; nothing that counts lies there
    const auto message = found == listed.end()
                             ? "missing"
                             : "has " + std::to_string(found->second.size) + " bytes instead of " +
                                   std::to_string(pack.size);
    add({.kind = Finding::Kind::damage,
         .object = repository::pack_object_name(pack.type, pack.name),
         .path = {},
         .snapshot = {},
         .message = message});
    return {};
  }));
  if (whole_repository_) {
    for (const auto& [name, pack] : listed) {
      if (!indexed.contains(name))
        packs_.push_back({.name = name, .type = pack.type, .size = pack.size});
    }
  }
  report_.packs = packs_.size();
  return {};
}

// All that is no pack, read from the storage itself: the local cache, which everything else uses,
// proves nothing about it.
base::Result<void> Verifier::check_small_objects() {
  if (report_.level == Level::present) return {};
  // A foreign name that was noted is enough; damage is more than a note.
  const auto is_reported = [&](const std::string& name, bool as_note) {
    return std::any_of(report_.findings.begin(), report_.findings.end(), [&](const Finding& each) {
      return each.object == name && (as_note || each.kind != Finding::Kind::note);
    });
  };
  for (const auto prefix :
       {repository::config_prefix, repository::keys_prefix, repository::roster_prefix,
        repository::index_prefix, repository::snapshots_prefix, repository::notes_prefix,
        repository::condemned_prefix}) {
    for (const auto& info : TRY(repository_.storage().list_all(prefix))) {
      if (stop_.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
      const auto bytes =
          repository::get_object(repository_.storage(), info.name, repository::segment_bytes_max);
      const bool foreign = !repository::hash_of_name(info.name);
      if (bytes.ok()) {
        report_.bytes_read += bytes.value().size();
      } else if (bytes.error().code() == base::ErrorCode::not_found ||
                 is_reported(info.name, foreign)) {
        continue;  // deleted since the listing, or known
      } else if (foreign) {
        add({.kind = Finding::Kind::note,
             .object = info.name,
             .path = {},
             .snapshot = {},
             .message = "foreign object"});
      } else {
        add_error(info.name, bytes.error());
      }
    }
  }
  return {};
}

base::Result<void> Verifier::check_logs() {
  if (!whole_repository_) return {};
  const auto logs = TRY(verify_logs(repository_, report_.level, stop_));
  report_.bytes_read += logs.bytes_read;
  for (const auto& fault : logs.faults) {
    if (fault.error.code() == base::ErrorCode::invalid_argument) {
      add_note(fault.object, fault.error.message());
    } else {
      add_error(fault.object, fault.error);
    }
  }
  return {};
}

base::Result<void> Verifier::scan() {
  if (report_.level == Level::present) return {};
  const auto depth =
      report_.level == Level::intact ? repository::ScanDepth::hash : repository::ScanDepth::objects;
  Progress progress{
      .items = 0, .items_total = packs_.size(), .bytes = 0, .bytes_total = 0, .current = {}};
  for (const auto& pack : packs_) progress.bytes_total += pack.size;
  repository::PackReader packs(repository_);
  const auto receive = [&](const PackInfo& pack,
                           base::Result<repository::ScannedPack> scanned) -> base::Result<void> {
    const auto name = repository::pack_object_name(pack.type, pack.name);
    ++progress.items;
    progress.bytes += pack.size;
    progress.current = name;
    if (progress_) progress_(progress);
    if (!scanned.ok()) {
      const bool is_foreign = scanned.error().code() == base::ErrorCode::wrong_key;
      if (is_foreign && !repository_.unread_roster()) {
        add_note(name, "ignored: " + scanned.error().message());
      } else {
        add_error(name, scanned.error());
      }
      if (is_foreign || !is_outage(scanned.error())) {
        bad_packs_[pack.name] = 0;
      } else {
        unread_packs_.insert(pack.name);
      }
      return {};
    }
    note_places(pack, scanned.value().good);
    report_.bytes_read += scanned.value().bytes_read;
    for (const auto& place : scanned.value().bad) bad_chunks_.insert(place.id);
    if (!scanned.value().bad.empty()) {
      add({.kind = Finding::Kind::damage,
           .object = name,
           .path = {},
           .snapshot = {},
           .message = std::to_string(scanned.value().bad.size()) +
                      " objects in it don't decrypt to what their ids state"});
    } else if (!scanned.value().hash_is_right) {
      add({.kind = Finding::Kind::damage,
           .object = name,
           .path = {},
           .snapshot = {},
           .message = "its bytes are not those that its name states"});
    }
    return {};
  };
  return repository::scan_packs(repository_, packs, packs_, depth, receive, stop_);
}

// Restores go by the index, not by what packs say of themselves.
void Verifier::note_places(const PackInfo& pack, const std::vector<repository::ChunkPlace>& good) {
  if (!live_) return;
  const auto* index = repository_.index(repository::Repository::Segments::all);
  found_in_place_.resize(index->chunk_count());
  for (const auto& place : good) {
    const auto found = index->find(place.id);
    const auto number = index->number_of(place.id);
    if (!found || !number || found->pack.name != pack.name || found->pack.type != pack.type ||
        found->place.offset != place.offset || found->place.stored_size != place.stored_size ||
        found->place.key != place.key || found->place.ordinal != place.ordinal)
      continue;
    found_in_place_[*number] = true;
  }
}

// Needed chunks that a restore would look for where they are not, though their packs are good.
base::Result<void> Verifier::check_places() {
  const auto* index = repository_.index(repository::Repository::Segments::all);
  found_in_place_.resize(index->chunk_count());
  std::unordered_map<ObjectHash, std::pair<PackInfo, std::uint64_t>, IdHash> misled;
  ChunkId last{};
  TRY(index->each_chunk([&](const repository::FoundChunk& chunk) -> base::Result<void> {
    const auto& id = chunk.place.id;
    if (std::exchange(last, id) == id || !live_->contains(id)) return {};
    const auto number = index->number_of(id);
    const auto found = index->find(id);
    if (!number || !found || found_in_place_[*number] || bad_chunks_.contains(id) ||
        bad_packs_.contains(found->pack.name) || unread_packs_.contains(found->pack.name))
      return {};
    lost_chunks_.insert(id);
    auto& [pack, count] = misled[found->pack.name];
    pack = found->pack;
    ++count;
    return {};
  }));
  for (const auto& [name, of] : misled) {
    add({.kind = Finding::Kind::damage,
         .object = repository::pack_object_name(of.first.type, of.first.name),
         .path = {},
         .snapshot = {},
         .message = std::to_string(of.second) +
                    " chunks don't lie in it where the index says; 'holdfast repository "
                    "rebuild-index' writes a right one"});
  }
  return {};
}

// Which needed chunks are good nowhere.
base::Result<void> Verifier::judge() {
  if (!live_) return {};
  if (report_.level >= Level::readable) TRY(check_places());
  if (!bad_packs_.empty() || !bad_chunks_.empty()) {
    ChunkId current{};
    bool good_somewhere = true;
    const auto settle = [&] {
      if (!good_somewhere && live_->contains(current)) lost_chunks_.insert(current);
    };
    bool first = true;
    TRY(repository_.index(repository::Repository::Segments::all)
            ->each_chunk([&](const repository::FoundChunk& chunk) -> base::Result<void> {
              if (first || chunk.place.id != current) {
                settle();
                current = chunk.place.id;
                good_somewhere = false;
                first = false;
              }
              const auto bad = bad_packs_.find(chunk.pack.name);
              const bool is_there =
                  bad == bad_packs_.end() ||
                  std::uint64_t{chunk.place.offset} + chunk.place.stored_size <= bad->second;
              good_somewhere = good_somewhere || (is_there && !bad_chunks_.contains(current));
              return {};
            }));
    settle();
  }
  return lost_chunks_.empty() && !trees_have_gaps_ ? base::Result<void>() : name_files();
}

base::Result<void> Verifier::name_files() {
  for (const auto& snapshot : snapshots_) {
    if (void_snapshots_.contains(snapshot.id)) continue;
    TRY(name_files_of(snapshot));
  }
  return {};
}

base::Result<void> Verifier::name_files_of(const repository::SnapshotRecord& snapshot) {
  const auto id = base::to_hex(snapshot.id);
  const auto tell = [&](std::string path, std::string message, const base::Error* unread) {
    if (unread != nullptr) gaps_named_.insert(snapshot.id);
    const bool outage = unread != nullptr && is_outage(*unread);
    add({.kind = outage ? Finding::Kind::could_not_check : Finding::Kind::damage,
         .object = {},
         .path = std::move(path),
         .snapshot = id,
         .message = std::move(message)});
  };
  repository::TreeCursor cursor(*reader_, snapshot.summary.root,
                                repository::TreeCursor::OnGap::collect);
  while (const auto entry = TRY(cursor.next())) {
    if (stop_.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    repository::ExtentCursor extents(*reader_, entry->content, entry->size);
    for (;;) {
      const auto extent = extents.next();
      const bool lost = !extent.ok() ||
                        (extent.value() && extent.value()->kind == repository::Extent::Kind::data &&
                         lost_chunks_.contains(extent.value()->chunk));
      if (lost) {
        tell(
            TRY(repository::path_of_key(entry->key)),
            extent.ok() ? std::string("a part of its content is lost") : extent.error().to_string(),
            extent.ok() ? nullptr : &extent.error());
        break;
      }
      if (!extent.value()) break;
    }
  }
  for (const auto& gap : cursor.gaps()) {
    auto first = repository::path_of_key(gap.first_key);
    tell(first.ok() ? std::move(first).value() : "/",
         std::to_string(gap.entries) +
             " entries from here on can't be read: " + gap.error.to_string(),
         &gap.error);
  }
  return {};
}

base::Result<void> Verifier::check_trees() {
  for (const auto& snapshot : snapshots_) {
    if (void_snapshots_.contains(snapshot.id) || gaps_named_.contains(snapshot.id)) continue;
    const auto checked = check_tree(snapshot);
    if (checked.ok()) continue;
    if (checked.error().code() == base::ErrorCode::cancelled) return base::Error(checked.error());
    add({.kind =
             is_outage(checked.error()) ? Finding::Kind::could_not_check : Finding::Kind::damage,
         .object = {},
         .path = {},
         .snapshot = base::to_hex(snapshot.id),
         .message = checked.error().to_string()});
  }
  return {};
}

// The tree makes sense: order, attributes, sizes, and the totals that were recorded at capture.
base::Result<void> Verifier::check_tree(const repository::SnapshotRecord& snapshot) {
  repository::TreeCursor cursor(*reader_, snapshot.summary.root);
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  while (const auto entry = TRY(cursor.next())) {
    if (stop_.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    ++entries;
    bytes += entry->size;
    const auto path = TRY(repository::path_of_key(entry->key));
    if (snapshot.summary.source == "files")
      TRY_CONTEXT(source::decode_attributes(entry->attributes), base::printable(path));
    repository::ExtentCursor extents(*reader_, entry->content, entry->size);
    while (TRY_CONTEXT(extents.next(), base::printable(path))) {
    }
  }
  const auto& root = snapshot.summary.root;
  if (entries == root.entries && bytes == root.bytes) return {};
  return base::Error(base::ErrorCode::damaged,
                     "holds " + std::to_string(entries) + " entries and " + std::to_string(bytes) +
                         " bytes instead of " + std::to_string(root.entries) + " and " +
                         std::to_string(root.bytes));
}

// Sidecars, and which of the damage that was found they can mend.
base::Result<void> Verifier::check_parity() {
  if (report_.level == Level::present) return {};
  std::vector<repository::IgnoredObject> foreign;
  const auto sidecars = TRY(repository::list_sidecars(repository_.storage(), &foreign));
  TRY(tell_what_can_be_mended(sidecars));
  if (!whole_repository_) return {};
  for (const auto& object : foreign) add_note(object.name, "foreign object");
  for (const auto& copy : TRY(repository_.storage().list_all(repository::mended_prefix)))
    add_note(copy.name,
             "left by a repair that was interrupted; 'holdfast repository repair' goes on");
  return check_sidecars(sidecars);
}

// A damaged sidecar is damage, though no snapshot suffers: something stored is not what it was. A
// forged one is a note, as other forged objects are.
base::Result<void> Verifier::check_sidecars(const repository::SidecarListing& sidecars) {
  const auto check = TRY(repository::check_sidecars(
      repository_.storage(), repository_.environment().executor, sidecars, stop_));
  report_.bytes_read += check.bytes_read;
  for (const auto& sidecar : check.forged)
    add_note(sidecar.name, "ignored: " + sidecar.error.message());
  for (const auto& sidecar : check.damaged) {
    add_error(sidecar.name,
              base::Error(sidecar.error)
                  .with_context("parity, which 'holdfast repository repair' makes anew"));
  }
  return {};
}

base::Result<void> Verifier::tell_what_can_be_mended(const repository::SidecarListing& sidecars) {
  for (auto& finding : report_.findings) {
    const auto hash = repository::hash_of_name(finding.object);
    if (finding.kind == Finding::Kind::note || !hash) continue;
    const auto found = sidecars.find(*hash);
    if (found == sidecars.end()) continue;
    if (stop_.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    const auto recovered =
        repository::recover_stored(repository_.storage(), finding.object, found->second);
    if (recovered.ok()) {
      finding.message += "; 'holdfast repository repair' can mend it from its parity";
    } else if (recovered.error().code() == base::ErrorCode::damaged) {
      finding.message += "; its parity is not enough to mend it";
    }
  }
  return {};
}

// Whether a segment that was verified with has been superseded since.
base::Result<bool> has_moved(repository::Repository& repository) {
  auto* index = repository.index(repository::Repository::Segments::all);
  const auto before = index->segments();
  TRY(repository.refresh_index(repository::Repository::Segments::all));
  const auto now = index->segments();
  return !std::includes(now.begin(), now.end(), before.begin(), before.end());
}

// Damage that may be a prune's doing is neither damage nor its absence.
VerifyReport doubtful(VerifyReport report) {
  for (auto& finding : report.findings) {
    if (finding.kind == Finding::Kind::damage) finding.kind = Finding::Kind::could_not_check;
  }
  report.unchecked_count += report.damage_count;
  report.damage_count = 0;
  Finding finding;
  finding.kind = Finding::Kind::could_not_check;
  finding.message =
      "the repository was being changed during each of several verifications; verify again when "
      "no prune is at work";
  ++report.unchecked_count;
  report.findings.push_back(std::move(finding));
  return report;
}

}  // namespace

std::string_view level_name(Level level) {
  switch (level) {
    case Level::present: return "present";
    case Level::intact: return "intact";
    case Level::readable: return "readable";
    case Level::sound: return "sound";
  }
  return "sound";
}

base::Result<Level> parse_level(std::string_view text) {
  for (const auto level : {Level::present, Level::intact, Level::readable, Level::sound}) {
    if (text == level_name(level)) return level;
  }
  return base::Error(base::ErrorCode::invalid_argument,
                     "'" + base::printable(text) + "' is no level of verification")
      .with_hint("choose present, intact, readable or sound");
}

namespace {

base::Result<VerifyReport> verify_scope(repository::Repository& repository, Level level,
                                        const std::vector<std::string>& names,
                                        const ProgressCall& progress, const std::stop_token& stop) {
  // What was listed may have gone since: a prune deletes packs after it has put segments that say
  // where their chunks are now. Then what looks like damage is looked at once more.
  for (unsigned attempt = 1;; ++attempt) {
    auto report = TRY(Verifier(repository, level, progress, stop).run(names));
    if (report.damage_count == 0 || !TRY(has_moved(repository))) return report;
    if (attempt == attempts_max) return doubtful(std::move(report));
  }
}

}  // namespace

base::Result<VerifyReport> verify(repository::Repository& repository, Level level,
                                  const std::optional<std::string>& snapshot,
                                  const ProgressCall& progress, std::stop_token stop) {
  const auto names = snapshot ? std::vector<std::string>{*snapshot} : std::vector<std::string>{};
  return verify_scope(repository, level, names, progress, stop);
}

base::Result<VerifyReport> verify_snapshots(repository::Repository& repository, Level level,
                                            const std::vector<std::string>& snapshots,
                                            const ProgressCall& progress, std::stop_token stop) {
  CHECK(!snapshots.empty(), "without any, the whole repository would be verified");
  return verify_scope(repository, level, snapshots, progress, stop);
}

}  // namespace holdfast::engine
