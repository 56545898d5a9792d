// Listing, choosing, annotating and forgetting snapshots.
#include "repository/snapshot_list.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "repository/object_name.hpp"
#include "repository/session_list.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t note_bytes_max = 64 * 1024;

// Objects are immutable and named by their hash: a cached copy that hashes right is as good.
base::Result<base::Bytes> get_cached(const Repository& repository, const std::string& name) {
  auto& files = repository.environment().files;
  const auto path = repository.cache_path(name);
  const auto hash = hash_of_name(name);
  auto cached = files.read(path);
  if (cached.ok() && hash && codec::sha256(cached.value()) == *hash) return cached;
  auto bytes = TRY(get_object(repository.storage(), name, snapshot_bytes_max));
  if (auto file = files.create(path); file.ok() && file.value()->append(bytes).ok()) {
    (void)file.value()->commit(io::FileWriter::Durable::no);
  }
  return bytes;
}

struct Note {
  ObjectHash snapshot{};
  NoteAction action = NoteAction::tag;
  std::string key;
  std::string value;
  base::Time at;
  std::string name;  // of the object
};

bool needs_admin(NoteAction action) {
  return action == NoteAction::release || action == NoteAction::forget ||
         action == NoteAction::never_whole;
}

// Of bytes that are those of the note's name: what is wrong with them was meant so.
base::Result<Note> parse_note(const Repository& repository, const std::string& name,
                              base::ByteView bytes) {
  const auto object = TRY(open_signed(note_magic, repository.id(), repository.signers(), bytes));
  base::ByteReader body(object.body);
  const auto* domain = repository.domain(TRY(body.array<16>()));
  if (domain == nullptr)
    return base::Error(base::ErrorCode::permission_denied, "a note of another domain");
  const auto plaintext = TRY(domain->open_receipt(repository.id(), note_magic, body));
  base::ByteReader in(plaintext);
  Note note;
  note.snapshot = TRY(in.array<32>());
  const auto action = TRY(in.u8());
  if (action < 1 || action > 6)
    return base::Error(base::ErrorCode::unsupported, "a note of unknown kind");
  note.action = static_cast<NoteAction>(action);
  note.key = TRY(in.sized_text(note_bytes_max));
  note.value = TRY(in.sized_text(note_bytes_max));
  note.at = {TRY(in.i64())};
  note.name = name;
  TRY(in.expect_end());
  if (needs_admin(note.action) && object.signer->role != Signer::Role::admin) {
    return base::Error(base::ErrorCode::permission_denied,
                       "a note of a kind that only the admin may sign, and didn't");
  }
  return note;
}

void apply(const Note& note, SnapshotRecord& snapshot) {
  if (note.key == copied_from_tag) return;  // only who made the copy says of what
  auto& tags = snapshot.summary.tags;
  const auto tag = std::find_if(tags.begin(), tags.end(),
                                [&](const auto& pair) { return pair.first == note.key; });
  switch (note.action) {
    case NoteAction::tag:
      if (tag != tags.end()) {
        tag->second = note.value;
      } else {
        tags.emplace_back(note.key, note.value);
        std::sort(tags.begin(), tags.end());
      }
      break;
    case NoteAction::untag:
      if (tag != tags.end()) tags.erase(tag);
      break;
    case NoteAction::hold: snapshot.holds.push_back({note.value, note.at}); break;
    case NoteAction::release: snapshot.holds.clear(); break;
    case NoteAction::forget: break;  // seen to by drop_forgotten()
    case NoteAction::never_whole: snapshot.never_whole = true; break;
  }
}

void drop_forgotten(const std::vector<Note>& notes, SnapshotList& list) {
  std::set<ObjectHash> forgotten;
  for (const auto& note : notes) {
    if (note.action == NoteAction::forget) forgotten.insert(note.snapshot);
  }
  std::erase_if(list.snapshots, [&](const SnapshotRecord& snapshot) {
    if (!forgotten.contains(snapshot.id)) return false;
    list.forgotten.push_back(object_name(snapshots_prefix, snapshot.id));
    return true;
  });
  std::erase_if(list.damaged, [&](const IgnoredObject& object) {
    const auto id = hash_of_name(object.name);
    if (!id || !forgotten.contains(*id)) return false;
    list.forgotten.push_back(object.name);
    return true;
  });
}

base::Result<void> apply_notes(const Repository& repository, SnapshotList& list) {
  std::vector<Note> notes;
  for (const auto& info : TRY(repository.storage().list_all(notes_prefix))) {
    auto bytes = get_cached(repository, info.name);
    if (!bytes.ok()) {
      switch (bytes.error().code()) {
        case base::ErrorCode::not_found: break;  // removed since the listing
        case base::ErrorCode::invalid_argument:  // not the name of a note
          list.ignored.push_back({info.name, std::move(bytes).error()});
          break;
        case base::ErrorCode::damaged: {
          const bool is_junk = was_never_whole(repository.storage(), info, bytes.error(),
                                               repository.environment().clock.now());
          auto& place = is_junk ? list.ignored : list.damaged_notes;
          place.push_back({info.name, std::move(bytes).error()});
          break;
        }
        // It could not be read for now, and may be a hold: that is no reason to go on without it.
        default: return std::move(bytes).error().with_context("reading " + info.name);
      }
      continue;
    }
    auto note = parse_note(repository, info.name, bytes.value());
    if (note.ok()) {
      notes.push_back(std::move(note).value());
    } else {
      list.ignored.push_back({info.name, std::move(note).error()});
    }
  }
  std::sort(notes.begin(), notes.end(), [](const Note& a, const Note& b) {
    return std::tie(a.at, a.name) < std::tie(b.at, b.name);
  });
  drop_forgotten(notes, list);
  std::map<ObjectHash, SnapshotRecord*> by_id;
  for (auto& snapshot : list.snapshots) {
    by_id[snapshot.id] = &snapshot;
    if (!list.damaged_notes.empty()) snapshot.unread_note = list.damaged_notes.front().name;
  }
  for (const auto& note : notes) {
    const auto found = by_id.find(note.snapshot);
    if (found == by_id.end()) continue;
    apply(note, *found->second);
    list.notes.push_back(note.name);
  }
  return {};
}

// `bytes` hash to the snapshot's name.
base::Result<SnapshotRecord> decode_record(const Repository& repository,
                                           const storage::ObjectInfo& info, const ObjectHash& id,
                                           const base::Bytes& bytes) {
  auto opened = open_signed(snapshot_magic, repository.id(), repository.signers(), bytes);
  if (!opened.ok()) {
    // The bytes are those that the name states: whoever stored them meant them so. Forged, not
    // damaged.
    if (opened.error().code() == base::ErrorCode::unsupported) return std::move(opened).error();
    return base::Error(base::ErrorCode::permission_denied, opened.error().message());
  }
  const auto object = opened.value();
  SnapshotRecord record;
  record.id = id;
  record.stored_at = info.stored_at;
  record.domain = TRY(snapshot_domain(object.body));
  record.signer = signer_id(object.signer->verify_key);
  record.signer_label = object.signer->label;
  const auto* domain = repository.domain(record.domain);
  const bool may_write_there =
      object.signer->role == Signer::Role::admin || object.signer->domain == record.domain;
  if (domain == nullptr || !may_write_there) {
    return base::Error(
        base::ErrorCode::permission_denied,
        "a snapshot of a domain that its signer has no part in, or whose key isn't at hand");
  }
  record.summary = TRY(decode_summary(repository.id(), *domain, object.body));
  return record;
}

base::Result<SnapshotRecord> read_record(const Repository& repository,
                                         const storage::ObjectInfo& info, const ObjectHash& id) {
  const auto bytes = get_cached(repository, info.name);
  if (!bytes.ok() && bytes.error().code() != base::ErrorCode::damaged)
    return base::Error(bytes.error());
  auto record = bytes.ok() ? decode_record(repository, info, id, bytes.value())
                           : base::Result<SnapshotRecord>(base::Error(bytes.error()));
  // Where nothing that was stored can be lost, one who writes nonsense on purpose must not stop
  // deletions; elsewhere they rather wait until somebody has looked.
  const bool is_locked = repository.storage().capabilities().lock.has_value();
  if (!record.ok() && is_locked && record.error().code() != base::ErrorCode::permission_denied) {
    return base::Error(base::ErrorCode::permission_denied,
                       "was never a snapshot: " + record.error().to_string());
  }
  return record;
}

// Whether a snapshot's storage time tells that it is late. One that was renewed before the oldest
// object of the repository was stored came here by a copy that kept no times: they tell nothing.
class Lateness {
 public:
  static base::Result<Lateness> judge_of(const Repository& repository) {
    Lateness judge;
    judge.ttl_ = repository.config().session_ttl;
    const auto skew = storage_skew(repository.storage());
    for (const auto& info : TRY(repository.storage().list_all(config_prefix))) {
      const auto from = info.stored_at - skew;
      judge.times_count_from_ =
          judge.times_count_from_ ? std::min(*judge.times_count_from_, from) : from;
    }
    return judge;
  }
  [[nodiscard]] bool operator()(const SnapshotRecord& snapshot) const {
    const auto renewed = snapshot.summary.renewed_at;
    return snapshot.stored_at > renewed + ttl_ && times_count_from_ &&
           renewed >= *times_count_from_;
  }

 private:
  base::Duration ttl_;
  std::optional<base::Time> times_count_from_;
};

// In the order in which the storage got them: whose snapshots of a host came first is the host's.
void find_those_of_other_hosts(SnapshotList& list) {
  std::vector<const SnapshotRecord*> in_order;
  for (const auto& snapshot : list.snapshots) in_order.push_back(&snapshot);
  std::sort(in_order.begin(), in_order.end(), [](const SnapshotRecord* a, const SnapshotRecord* b) {
    return std::tie(a->stored_at, a->id) < std::tie(b->stored_at, b->id);
  });
  std::map<std::string, const SnapshotRecord*> owners;
  for (const auto* snapshot : in_order) {
    const auto* owner = owners.try_emplace(snapshot->summary.host, snapshot).first->second;
    if (owner->signer == snapshot->signer) continue;
    list.of_other_hosts.push_back(
        {object_name(snapshots_prefix, snapshot->id),
         base::Error(base::ErrorCode::permission_denied,
                     "says it is of host " + base::printable(snapshot->summary.host) +
                         " and is signed by writer '" + base::printable(snapshot->signer_label) +
                         "', while '" + base::printable(owner->signer_label) +
                         "' signed that host's before: forged, unless the host got a new key")});
  }
}

}  // namespace

base::Result<SnapshotList> list_snapshots(const Repository& repository) {
  SnapshotList list;
  const auto is_late = TRY(Lateness::judge_of(repository));
  for (const auto& info : TRY(repository.storage().list_all(snapshots_prefix))) {
    const auto id = hash_of_name(info.name);
    if (!id) {
      list.ignored.push_back({info.name, base::Error(base::ErrorCode::invalid_argument,
                                                     "not the name of a snapshot")});
      continue;
    }
    auto record = read_record(repository, info, *id);
    if (record.ok()) {
      record.value().late = is_late(record.value());
      list.snapshots.push_back(std::move(record).value());
      continue;
    }
    switch (record.error().code()) {
      case base::ErrorCode::not_found: break;  // forgotten since the listing
      case base::ErrorCode::permission_denied:
        list.ignored.push_back({info.name, std::move(record).error()});
        break;
      case base::ErrorCode::damaged:
      case base::ErrorCode::unsupported:
        list.damaged.push_back({info.name, std::move(record).error()});
        break;
      default: return std::move(record).error().with_context("reading " + info.name);
    }
  }
  TRY(apply_notes(repository, list));
  find_those_of_other_hosts(list);
  std::sort(list.snapshots.begin(), list.snapshots.end(),
            [](const SnapshotRecord& a, const SnapshotRecord& b) {
              return std::tie(a.summary.started, a.id) < std::tie(b.summary.started, b.id);
            });
  return list;
}

base::Result<SnapshotRecord> choose_snapshot(const SnapshotList& list, std::string_view name) {
  const auto hint = "'holdfast snapshot list' shows what there is";
  if (name == "latest") {
    if (list.snapshots.empty()) {
      return base::Error(base::ErrorCode::not_found, "the repository has no snapshot yet")
          .with_hint(hint);
    }
    const auto latest =
        std::find_if(list.snapshots.rbegin(), list.snapshots.rend(),
                     [](const SnapshotRecord& each) { return !each.late && !each.never_whole; });
    if (latest != list.snapshots.rend()) return *latest;
    return base::Error(base::ErrorCode::not_found,
                       "the repository has no snapshot but such as were late or never whole: "
                       "their backups failed")
        .with_hint("name one by its id to use it for what it is worth; " + std::string(hint));
  }
  const SnapshotRecord* found = nullptr;
  for (const auto& snapshot : list.snapshots) {
    if (name.size() < 4 || !base::to_hex(snapshot.id).starts_with(name)) continue;
    if (found != nullptr) {
      return base::Error(base::ErrorCode::invalid_argument,
                         "'" + std::string(name) + "' fits more than one snapshot")
          .with_hint("give more digits of the id");
    }
    found = &snapshot;
  }
  if (found == nullptr) {
    return base::Error(base::ErrorCode::not_found,
                       "there is no snapshot '" + base::printable(name) + "'")
        .with_hint(hint);
  }
  return *found;
}

base::Result<SnapshotDetail> read_detail(const Repository& repository, const ObjectHash& snapshot) {
  if (!repository.keys().reader) return needs_reading_key("reading a snapshot's details");
  const auto name = object_name(snapshots_prefix, snapshot);
  const auto bytes = TRY(get_cached(repository, name));
  const auto object =
      TRY_CONTEXT(open_signed(snapshot_magic, repository.id(), repository.signers(), bytes), name);
  return decode_detail(repository.id(), *repository.keys().reader, object.body).with_context(name);
}

const SnapshotRecord* newest_of_series(const SnapshotList& list, std::string_view source,
                                       std::string_view host, std::string_view label,
                                       const std::vector<base::Bytes>& paths,
                                       const std::optional<ShortId>& signer) {
  for (auto snapshot = list.snapshots.rbegin(); snapshot != list.snapshots.rend(); ++snapshot) {
    const auto& summary = snapshot->summary;
    if (summary.source == source && summary.host == host && summary.label == label &&
        summary.paths == paths && !snapshot->late && !snapshot->never_whole &&
        (!signer || snapshot->signer == *signer)) {
      return &*snapshot;
    }
  }
  return nullptr;
}

std::string series_cache_path(const Repository& repository, std::string_view source,
                              std::string_view host, std::string_view label,
                              const std::vector<base::Bytes>& paths) {
  base::Bytes name;
  base::ByteWriter out(name);
  out.sized(source);
  out.sized(host);
  out.sized(label);
  for (const auto& path : paths) out.sized(path);
  return repository.cache_path("trees/" + base::to_hex(codec::sha256(name)).substr(0, 32));
}

base::Result<void> check_tag(std::string_view key) {
  if (key != copied_from_tag) return {};
  return base::Error(base::ErrorCode::invalid_argument,
                     "'" + std::string(key) + "' is set by copies alone")
      .with_hint("choose another key");
}

base::Result<void> write_note(const Repository& repository, const ObjectHash& snapshot,
                              NoteAction action, std::string_view key, std::string_view value) {
  const auto& keys = repository.keys();
  if (!keys.writer) return needs_writing_key("annotating a snapshot");
  if (needs_admin(action) && !keys.admin) return needs_admin_key("releasing a snapshot");
  if (action == NoteAction::tag || action == NoteAction::untag) TRY(check_tag(key));
  if (key.size() + value.size() > tag_bytes_max) {
    return base::Error(base::ErrorCode::invalid_argument, "a tag or reason is too long")
        .with_hint("16 KiB is the most");
  }
  base::Bytes receipt;
  base::ByteWriter fields(receipt);
  fields.raw(snapshot);
  fields.u8(static_cast<std::uint8_t>(action));
  fields.sized(key);
  fields.sized(value);
  fields.i64(repository.environment().clock.now().nanoseconds);
  base::Bytes body;
  base::ByteWriter out(body);
  out.raw(repository.own_domain().id());
  repository.own_domain().seal_receipt(repository.id(), note_magic, receipt,
                                       repository.environment().random, out);
  const auto& signer = needs_admin(action) ? *keys.admin : *keys.writer;
  TRY(put_object(repository.storage(), notes_prefix,
                 sign_object(note_magic, repository.id(), signer, body)));
  return {};
}

base::Result<void> may_forget(const Repository& repository, const SnapshotRecord& snapshot) {
  if (!repository.keys().admin) return needs_admin_key("forgetting a snapshot");
  TRY(repository.require_newest_roster("forgetting a snapshot"));  // who may hold it
  if (snapshot.is_held()) {
    return base::Error(base::ErrorCode::conflict, "snapshot " + short_name(snapshot.id) +
                                                      " is held: " + snapshot.holds.back().reason)
        .with_retry(base::Retry::never)
        .with_hint("'holdfast snapshot release' ends the hold");
  }
  if (snapshot.unread_note) {
    return base::Error(base::ErrorCode::damaged, "snapshot " + short_name(snapshot.id) +
                                                     " may be held: " + *snapshot.unread_note +
                                                     ", a hold or another note, is damaged")
        .with_hint(
            "'holdfast repository repair' mends it where it has parity, and else removes it: then "
            "hold again what is to be held");
  }
  return {};
}

base::Result<void> forget_snapshot(const Repository& repository, const SnapshotRecord& snapshot) {
  TRY(may_forget(repository, snapshot));
  const auto name = object_name(snapshots_prefix, snapshot.id);
  // First the copy that an interrupted repair may have left, or the next one would put it back.
  for (const auto& each : {std::string(mended_prefix) + name, name}) {
    const std::vector<std::string> names{each};
    const auto outcomes = TRY(repository.storage().remove(names));
    if (outcomes.at(0).locked_until) {
      TRY(write_note(repository, snapshot.id, NoteAction::forget, "", ""));
    } else if (outcomes[0].error) {
      return base::Error(*outcomes[0].error).with_context("forgetting a snapshot");
    }
  }
  (void)repository.environment().files.remove(repository.cache_path(name));
  return {};
}

}  // namespace holdfast::repository
