// The snapshots of a repository: listing, choosing one by what a user types, notes (tags, holds)
// applied, forgetting.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "repository/repository.hpp"
#include "repository/snapshot.hpp"

namespace holdfast::repository {

struct Hold {
  std::string reason;
  base::Time since;
};

struct SnapshotRecord {
  ObjectHash id{};
  base::Time stored_at;
  ShortId domain{};
  ShortId signer{};          // writer id
  std::string signer_label;  // as the roster calls it
  SnapshotSummary summary;   // tags as notes left them
  std::vector<Hold> holds;
  [[nodiscard]] bool is_held() const { return !holds.empty(); }
  // A note that is damaged, and may be a hold of this snapshot: its name.
  std::optional<std::string> unread_note;
  // Stored after its session had run out: its writer reported a failure (docs/internals/prune.md).
  bool late = false;
  // The admin noted that its writer committed what it had not stored: nothing waits for it.
  bool never_whole = false;
};

struct SnapshotList {
  std::vector<SnapshotRecord> snapshots;  // oldest first, by start time
  std::vector<IgnoredObject> ignored;     // forged, foreign, or of a domain whose key isn't at hand
  std::vector<IgnoredObject>
      damaged;  // named as snapshots, signed or not, and unreadable: these stop a prune
  // Locked ones that were forgotten: their objects go when the locks end. (objects' names)
  std::vector<std::string> forgotten;
  std::vector<std::string> notes;  // names of the notes that count
  // Those that say they are of a host whose snapshots somebody else has signed so far: forged,
  // unless the host got a new key.
  std::vector<IgnoredObject> of_other_hosts;
  std::vector<IgnoredObject> damaged_notes;  // each may be a hold of any snapshot
};

// Reads all of them (objects come from the local cache where it has them).
base::Result<SnapshotList> list_snapshots(const Repository& repository);

// "latest" (late ones don't count), an id or a unique prefix of one (at least four digits).
// not_found; invalid_argument if ambiguous.
base::Result<SnapshotRecord> choose_snapshot(const SnapshotList& list, std::string_view name);

// The full detail (warnings, statistics); needs the reading key.
base::Result<SnapshotDetail> read_detail(const Repository& repository, const ObjectHash& snapshot);

// The newest snapshot of the same series: same source, host, label and paths, not late, and
// signed by `signer` if one is given.
[[nodiscard]] const SnapshotRecord* newest_of_series(const SnapshotList& list,
                                                     std::string_view source, std::string_view host,
                                                     std::string_view label,
                                                     const std::vector<base::Bytes>& paths,
                                                     const std::optional<ShortId>& signer = {});
// The local node cache of that series.
[[nodiscard]] std::string series_cache_path(const Repository& repository, std::string_view source,
                                            std::string_view host, std::string_view label,
                                            const std::vector<base::Bytes>& paths);

// Says of a copy what it is a copy of: "<snapshot>@<repository>". Whoever makes a copy puts it into
// the snapshot itself; notes don't change it.
inline constexpr std::string_view copied_from_tag = "copied-from";
// invalid_argument for a key that isn't the user's to set.
base::Result<void> check_tag(std::string_view key);

enum class NoteAction : std::uint8_t {
  tag = 1,
  untag = 2,
  hold = 3,
  release = 4,
  forget = 5,       // while a lock keeps its object
  never_whole = 6,  // SnapshotRecord::never_whole
};
// Stores a note. Release, forget and never_whole need the admin key, the others the writer's.
base::Result<void> write_note(const Repository& repository, const ObjectHash& snapshot,
                              NoteAction action, std::string_view key, std::string_view value);

// Why forget_snapshot would refuse.
base::Result<void> may_forget(const Repository& repository, const SnapshotRecord& snapshot);
// Deletes a snapshot's object; needs the admin key. conflict if it is held, damaged if a note can't
// be read that may be a hold. What only it needed goes with the next prune. Of an object that is
// locked it is noted that it was forgotten.
base::Result<void> forget_snapshot(const Repository& repository, const SnapshotRecord& snapshot);

}  // namespace holdfast::repository
