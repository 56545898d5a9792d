// Repairing: what can be read is kept and indexed anew, snapshots lose what can't, and all that was
// lost is named.
#include "repository/repair.hpp"

#include <algorithm>
#include <unordered_set>

#include "repository/index_rewrite.hpp"
#include "repository/object_name.hpp"
#include "repository/pack_scan.hpp"
#include "repository/path_key.hpp"
#include "repository/repack.hpp"
#include "repository/repository_reader.hpp"
#include "repository/session_list.hpp"
#include "repository/snapshot_writer.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t lost_max = 10'000;
using RepairProgress = std::function<void(std::uint64_t, std::uint64_t)>;

class Repairer {
 public:
  Repairer(Repository& repository, const RepairProgress& progress, std::stop_token stop)
      : repository_(repository), progress_(progress), stop_(std::move(stop)) {}

  base::Result<RepairReport> run() {
    TRY(remove_damaged_condemnations());  // no session begins beside one
    {
      const auto session = TRY(Session::begin(repository_, "repair"));
      TRY(rebuild());
      TRY(save_from_damaged_packs(*session));
    }
    TRY(remove_damaged_objects());
    reader_ = TRY(RepositoryReader::open(repository_, Following::nothing));
    TRY(repair_snapshots());
    return std::move(report_);
  }

 private:
  base::Result<void> remove_damaged_condemnations();
  base::Result<void> rebuild();
  base::Result<void> salvage(IndexRewrite& rewrite, PackReader& packs);
  base::Result<void> save_from_damaged_packs(Session& session);
  base::Result<std::vector<std::string>> damaged_small_objects();
  base::Result<bool> put_back_from_cache(const std::string& name);
  base::Result<bool> can_do_without_roster(const std::string& name);
  base::Result<void> remove_damaged_objects();
  base::Result<void> repair_snapshots();
  base::Result<bool> is_whole(const SnapshotRecord& snapshot);
  static base::Result<void> expect_losses(const std::vector<TreeGap>& gaps);
  base::Result<void> replace(const SnapshotRecord& snapshot);
  base::Result<bool> entry_is_whole(const Entry& entry);
  base::Result<void> carry_notes(const SnapshotRecord& from, const ObjectHash& to);
  base::Result<void> remove(std::vector<std::string> names);
  void lose(const ObjectHash& snapshot, std::string path, std::string reason) {
    ++report_.lost_count;
    if (report_.lost.size() < lost_max)
      report_.lost.push_back({base::to_hex(snapshot), std::move(path), std::move(reason)});
  }

  Repository& repository_;
  const RepairProgress& progress_;
  std::stop_token stop_;
  RepairReport report_;
  struct DamagedPack {
    PackInfo pack;
    std::vector<ChunkPlace> good;
  };
  std::vector<DamagedPack> damaged_packs_;
  std::unordered_set<ObjectHash, IdHash>
      damaged_snapshots_;  // in the storage, whatever the cache has
  std::unique_ptr<RepositoryReader> reader_;
};

// What one condemned isn't known: it is condemned again by the next prune. Until then nobody who is
// at work may rely on it, and nobody may be about to delete it.
base::Result<void> Repairer::remove_damaged_condemnations() {
  std::vector<std::string> names;
  for (const auto& info : TRY(repository_.storage().list_all(condemned_prefix))) {
    if (!hash_of_name(info.name)) continue;  // foreign
    const auto bytes = get_object(repository_.storage(), info.name, segment_bytes_max);
    if (bytes.ok() || bytes.error().code() == base::ErrorCode::not_found) continue;
    if (bytes.error().code() != base::ErrorCode::damaged) return base::Error(bytes.error());
    names.push_back(info.name);
  }
  if (names.empty()) return {};
  const auto now = TRY(repository_.storage_now());
  const auto skew = storage_skew(repository_.storage());
  for (const auto& session : TRY(list_sessions(repository_))) {
    if (!is_live(session, now, repository_.config(), skew)) continue;
    return base::Error(base::ErrorCode::conflict,
                       names.front() + " is damaged, and somebody is at work who may rely on it")
        .with_hint("run it again when no backup and no prune is at work, or an hour after");
  }
  report_.removed_objects.insert(report_.removed_objects.end(), names.begin(), names.end());
  report_.lost_objects.insert(report_.lost_objects.end(), names.begin(), names.end());
  return remove(std::move(names));
}

// Reads every pack whole; only what decrypts to its id gets into the new index.
base::Result<void> Repairer::rebuild() {
  auto rewrite = TRY(IndexRewrite::begin(repository_));
  PackReader packs(repository_);
  std::vector<PackInfo> list;
  for (const auto& [name, pack] : TRY(list_packs(repository_)))
    list.push_back({.name = name, .type = pack.type, .size = pack.size});
  std::uint64_t done = 0;
  const auto receive = [&](const PackInfo& pack,
                           base::Result<ScannedPack> scanned) -> base::Result<void> {
    if (progress_) progress_(++done, list.size());
    if (!scanned.ok()) {
      const auto code = scanned.error().code();
      // Of a domain that isn't on the roster: foreign, not damaged. It stays where it is.
      const bool is_foreign = code == base::ErrorCode::wrong_key;
      if (code != base::ErrorCode::damaged && code != base::ErrorCode::not_found && !is_foreign)
        return std::move(scanned).error();
      report_.index.unreadable_packs.push_back(
          {pack_object_name(pack.type, pack.name), std::move(scanned).error()});
      if (!is_foreign) damaged_packs_.push_back({pack, {}});
      return {};
    }
    auto& result = scanned.value();
    ++report_.index.packs;
    report_.index.chunks += result.good.size();
    if (!result.hash_is_right || !result.bad.empty()) damaged_packs_.push_back({pack, result.good});
    return rewrite.add(TRY(packs.open(pack))->header.domain, pack, std::move(result.good));
  };
  TRY(scan_packs(repository_, packs, list, ScanDepth::objects, receive, stop_));
  TRY(salvage(rewrite, packs));
  return rewrite.finish();
}

// A pack whose directory is lost (its end was cut off, say): the old index still tells where its
// chunks lie.
base::Result<void> Repairer::salvage(IndexRewrite& rewrite, PackReader& packs) {
  codec::Decompressor decompressor;
  base::Bytes stored;
  base::Bytes plaintext;
  const auto* index = TRY(repository_.refresh_index(Repository::Segments::all));
  for (auto& damaged : damaged_packs_) {
    const auto opened = packs.open(damaged.pack);
    if (!damaged.good.empty() || !opened.ok()) continue;
    TRY(index->each_chunk([&](const FoundChunk& chunk) -> base::Result<void> {
      const auto& place = chunk.place;
      if (chunk.pack.name != damaged.pack.name ||
          std::uint64_t{place.offset} + place.stored_size > damaged.pack.size)
        return {};
      stored.resize(place.stored_size);
      const auto read =
          repository_.storage().read(pack_object_name(chunk.pack.type, chunk.pack.name),
                                     {.offset = place.offset, .size = place.stored_size}, stored);
      if (!read.ok()) {
        const auto code = read.error().code();
        const bool is_lost = code == base::ErrorCode::damaged || code == base::ErrorCode::not_found;
        return is_lost ? base::Result<void>() : read;
      }
      const auto decoded = packs.decode(*opened.value(), place, stored, decompressor, plaintext);
      if (decoded.ok()) {
        damaged.good.push_back(place);
      } else if (decoded.error().code() != base::ErrorCode::damaged) {
        return decoded;
      }
      return {};
    }));
    report_.index.chunks += damaged.good.size();
    TRY(rewrite.add(opened.value()->header.domain, damaged.pack, damaged.good));
  }
  return {};
}

// Good chunks of damaged packs move to new packs; then the damaged packs can go.
base::Result<void> Repairer::save_from_damaged_packs(Session& session) {
  if (damaged_packs_.empty()) return {};
  PackReader packs(repository_);
  for (const auto type : {ChunkType::data, ChunkType::tree}) {
    std::vector<FoundChunk> places;
    for (const auto& damaged : damaged_packs_) {
      if (damaged.pack.type != type) continue;
      for (const auto& place : damaged.good) places.push_back({damaged.pack, place});
    }
    TRY(repack(repository_, session, packs, std::move(places), stop_));
  }
  // Once more, without the damaged packs.
  std::unordered_set<ObjectHash, IdHash> doomed;
  for (const auto& damaged : damaged_packs_) doomed.insert(damaged.pack.name);
  auto rewrite = TRY(IndexRewrite::begin(repository_));
  const auto* index = TRY(repository_.refresh_index(Repository::Segments::all));
  for (const auto& name : index->segments()) {
    const auto [domain, segment] = TRY(repository_.read_segment_of(name));
    std::vector<std::vector<ChunkPlace>> by_pack(segment.packs.size());
    for (const auto& place : segment.chunks) by_pack.at(place.pack).push_back(place);
    for (std::size_t i = 0; i < segment.packs.size(); ++i) {
      if (!doomed.contains(segment.packs[i].name))
        TRY(rewrite.add(domain, segment.packs[i], std::move(by_pack[i])));
    }
  }
  TRY(rewrite.finish());
  std::vector<std::string> names;
  for (const auto& damaged : damaged_packs_)
    names.push_back(pack_object_name(damaged.pack.type, damaged.pack.name));
  report_.removed_objects.insert(report_.removed_objects.end(), names.begin(), names.end());
  return remove(std::move(names));
}

// The index is written anew; of the other small objects, those whose bytes in the storage are
// damaged. The local cache may still have a snapshot: then it gets a successor instead.
base::Result<std::vector<std::string>> Repairer::damaged_small_objects() {
  std::vector<std::string> names;
  for (const auto prefix : {keys_prefix, roster_prefix, snapshots_prefix, notes_prefix}) {
    for (const auto& info : TRY(repository_.storage().list_all(prefix))) {
      const auto hash = hash_of_name(info.name);
      if (!hash) continue;  // foreign
      const auto bytes = get_object(repository_.storage(), info.name, segment_bytes_max);
      if (bytes.ok() || bytes.error().code() == base::ErrorCode::not_found) continue;
      if (bytes.error().code() != base::ErrorCode::damaged) return base::Error(bytes.error());
      if (prefix == snapshots_prefix) {
        damaged_snapshots_.insert(*hash);
      } else if (prefix == notes_prefix && TRY(put_back_from_cache(info.name))) {
        report_.put_back.push_back(info.name);
      } else if (prefix != roster_prefix || TRY(can_do_without_roster(info.name))) {
        names.push_back(info.name);
      }
    }
  }
  return names;
}

// A hold is worth a look into the cache. Step by step as mending from parity, which goes on with it
// after a crash.
base::Result<bool> Repairer::put_back_from_cache(const std::string& name) {
  const auto cached = repository_.environment().files.read(repository_.cache_path(name));
  if (!cached.ok() || codec::sha256(cached.value()) != hash_of_name(name)) return false;
  auto& storage = repository_.storage();
  const auto copy = std::string(mended_prefix) + name;
  TRY(remove({copy}));
  TRY(storage.put(copy, cached.value()));
  TRY(remove({name}));
  TRY(storage.put(name, cached.value()));
  TRY(remove({copy}));
  return true;
}

// The roster in use, which was whole when it was read, gets a successor first; a newer one stays.
base::Result<bool> Repairer::can_do_without_roster(const std::string& name) {
  const auto number = number_of_name(name, roster_prefix);
  const auto& roster = repository_.roster();
  if (!number || *number > roster.sequence) return false;
  if (*number == roster.sequence) TRY(repository_.write_roster(roster.writers));
  return true;
}

base::Result<void> Repairer::remove_damaged_objects() {
  auto names = TRY(damaged_small_objects());
  report_.lost_objects.insert(report_.lost_objects.end(), names.begin(), names.end());
  const auto list = TRY(list_snapshots(repository_));
  for (const auto& damaged : list.damaged) {
    if (damaged.error.code() != base::ErrorCode::damaged) continue;  // of a newer version, say
    names.push_back(damaged.name);
    if (const auto id = hash_of_name(damaged.name)) {
      report_.removed_snapshots.push_back(*id);
      lose(*id, "/", "the snapshot's own object is damaged: " + damaged.error.message());
    }
  }
  report_.removed_objects.insert(report_.removed_objects.end(), names.begin(), names.end());
  return remove(std::move(names));
}

base::Result<bool> Repairer::entry_is_whole(const Entry& entry) {
  const auto* index = repository_.index(Repository::Segments::all);
  ExtentCursor cursor(*reader_, entry.content, entry.size);
  for (;;) {
    auto extent = cursor.next();
    if (!extent.ok()) {
      const auto code = extent.error().code();
      if (code == base::ErrorCode::not_found || code == base::ErrorCode::damaged) return false;
      return std::move(extent).error();
    }
    if (!extent.value()) return true;
    if (extent.value()->kind == Extent::Kind::data && !index->find(extent.value()->chunk))
      return false;
  }
}

base::Result<bool> Repairer::is_whole(const SnapshotRecord& snapshot) {
  TreeCursor cursor(*reader_, snapshot.summary.root, TreeCursor::OnGap::collect);
  while (const auto entry = TRY(cursor.next())) {
    if (stop_.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    if (!TRY(entry_is_whole(*entry))) return false;
  }
  TRY(expect_losses(cursor.gaps()));
  return cursor.gaps().empty();
}

// A node that can't be read for now, or by this program, is not lost: no reason to replace
// anything.
base::Result<void> Repairer::expect_losses(const std::vector<TreeGap>& gaps) {
  for (const auto& gap : gaps) {
    const auto code = gap.error.code();
    if (code != base::ErrorCode::not_found && code != base::ErrorCode::damaged)
      return base::Error(gap.error).with_context("reading a snapshot's tree");
  }
  return {};
}

base::Result<void> Repairer::repair_snapshots() {
  const auto list = TRY(list_snapshots(repository_));
  for (const auto& snapshot : list.snapshots) {
    if (damaged_snapshots_.contains(snapshot.id) || !TRY(is_whole(snapshot)))
      TRY(replace(snapshot));
  }
  return {};
}

// A snapshot of the same instant and series, without what was lost; then the damaged one goes.
base::Result<void> Repairer::replace(const SnapshotRecord& snapshot) {
  const auto& old = snapshot.summary;
  SnapshotOptions options{.source = old.source,
                          .host = old.host,
                          .label = old.label,
                          .paths = old.paths,
                          .tags = old.tags,
                          .command = "repository repair of " + short_name(snapshot.id),
                          .program = old.program,
                          .started = old.started};
  options.rewrite_of = snapshot;
  auto writer = TRY(SnapshotWriter::begin(repository_, std::move(options)));
  TreeCursor cursor(*reader_, old.root, TreeCursor::OnGap::collect);
  while (auto entry = TRY(cursor.next())) {
    if (stop_.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    auto path = TRY(path_of_key(entry->key));
    const bool whole = TRY(entry_is_whole(*entry));
    if (whole && TRY(writer->reuse(std::move(*entry))) == EntrySink::Reuse::taken) continue;
    const std::string reason = "its content was lost to damage";
    writer->warn(path, reason);
    lose(snapshot.id, std::move(path), reason);
  }
  TRY(expect_losses(cursor.gaps()));
  for (const auto& gap : cursor.gaps()) {
    auto first = path_of_key(gap.first_key);
    const auto reason =
        std::to_string(gap.entries) + " entries from here on were lost: " + gap.error.message();
    writer->warn(first.ok() ? first.value() : "/", reason);
    lose(snapshot.id, first.ok() ? std::move(first).value() : "/", reason);
  }
  const auto committed = TRY(writer->commit({}));
  TRY(carry_notes(snapshot, committed.id));
  report_.replaced.emplace_back(snapshot.id, committed.id);
  return remove({object_name(snapshots_prefix, snapshot.id)});
}

base::Result<void> Repairer::carry_notes(const SnapshotRecord& from, const ObjectHash& to) {
  for (const auto& hold : from.holds)
    TRY(write_note(repository_, to, NoteAction::hold, "", hold.reason));
  return write_note(repository_, to, NoteAction::tag, "repaired-from", base::to_hex(from.id));
}

base::Result<void> Repairer::remove(std::vector<std::string> names) {
  for (std::size_t at = 0; at < names.size(); at += 1'000) {
    const auto batch = std::span<const std::string>(names).subspan(
        at, std::min<std::size_t>(1'000, names.size() - at));
    for (const auto& outcome : TRY(repository_.storage().remove(batch))) {
      if (outcome.error && !outcome.locked_until)
        return base::Error(*outcome.error).with_context("deleting " + outcome.name);
    }
  }
  return {};
}

}  // namespace

base::Result<RepairReport> repair(Repository& repository, const RepairProgress& progress,
                                  std::stop_token stop) {
  if (!repository.keys().reader) return needs_reading_key("a repair");
  if (!repository.keys().writer) return needs_writing_key("a repair");
  if (!repository.keys().admin) return needs_admin_key("a repair");
  TRY(repository.require_newest_roster("a repair"));
  return Repairer(repository, progress, std::move(stop)).run();
}

}  // namespace holdfast::repository
