// Choosing the way, and committing the copy.
#include "repository/copy.hpp"

#include <algorithm>

#include "ciphertext_copy.hpp"
#include "content_copy.hpp"
#include "repository/object_name.hpp"

namespace holdfast::repository {

namespace {

const std::string* tag_of(const Tags& tags, std::string_view key) {
  for (const auto& [name, value] : tags) {
    if (name == key) return &value;
  }
  return nullptr;
}

Tags with_origin(Tags tags, const std::string& origin) {
  std::erase_if(tags, [](const auto& tag) { return tag.first == copied_from_tag; });
  const std::pair<std::string, std::string> added{std::string(copied_from_tag), origin};
  tags.insert(std::upper_bound(tags.begin(), tags.end(), added), added);
  return tags;
}

base::Result<std::optional<SnapshotRecord>> copy_that_is_there(const Repository& to,
                                                               const std::string& origin) {
  auto list = TRY(list_snapshots(to));
  for (auto& one : list.snapshots) {
    const auto* its = tag_of(one.summary.tags, copied_from_tag);
    if (its != nullptr && *its == origin && !one.late) {
      return std::optional<SnapshotRecord>(std::move(one));
    }
  }
  return std::optional<SnapshotRecord>();
}

// What holds the original holds the copy too; holds that the copy has already are left out. A copy
// whose run ended before this gets them from the next.
base::Result<void> carry_holds(const Repository& to, const SnapshotRecord& original,
                               const ObjectHash& copy, const std::vector<Hold>& there) {
  for (const auto& hold : original.holds) {
    const bool has_it = std::any_of(there.begin(), there.end(),
                                    [&](const Hold& each) { return each.reason == hold.reason; });
    if (!has_it) TRY(write_note(to, copy, NoteAction::hold, "", hold.reason));
  }
  return {};
}

// The snapshot object, as SnapshotWriter::commit stores it: after all that it needs.
base::Result<ObjectHash> commit(Repository& to, Session& session, SnapshotSummary summary,
                                const SnapshotDetail& detail) {
  TRY(session.renew());
  summary.session = session.id();
  summary.renewal = session.renewal();
  summary.renewed_at = session.renewed_at();
  summary.parent.reset();
  const auto body = encode_snapshot(to.id(), to.own_domain(), to.config().box_public_key, summary,
                                    detail, to.environment().random);
  const auto object = sign_object(snapshot_magic, to.id(), *to.keys().writer, body);
  const auto stored =
      TRY_CONTEXT(put_object(to.storage(), snapshots_prefix, object), "committing the snapshot");
  if (stored.stored_at > summary.renewed_at + to.config().session_ttl) {
    const std::vector<std::string> late{object_name(snapshots_prefix, stored.hash)};
    (void)to.storage().remove(late);
    return base::Error(base::ErrorCode::conflict,
                       "the snapshot was stored after its session had run out")
        .with_hint("run it again: it goes on with what is stored already");
  }
  return stored.hash;
}

base::Result<CopiedSnapshot> copy_ciphertext(Repository& from, RepositoryReader& reader,
                                             const SnapshotRecord& snapshot, Repository& to,
                                             const CopyOptions& options, Tags tags,
                                             const SnapshotDetail& detail) {
  const auto session = TRY(Session::begin(to, "copy"));
  CiphertextCopy copy(from, reader, to, *session, options);
  CopiedSnapshot copied;
  copied.totals = TRY(copy.run(snapshot.summary.root));
  SnapshotSummary summary = snapshot.summary;
  summary.tags = std::move(tags);
  copied.id = TRY(commit(to, *session, std::move(summary), detail));
  return copied;
}

base::Result<CopiedSnapshot> copy_content(Repository& from, RepositoryReader& reader,
                                          const SnapshotRecord& snapshot, Repository& to,
                                          const CopyOptions& options, Tags tags,
                                          SnapshotDetail detail) {
  const auto& summary = snapshot.summary;
  auto writer = TRY(SnapshotWriter::begin(to, {.source = summary.source,
                                               .host = summary.host,
                                               .label = summary.label,
                                               .paths = summary.paths,
                                               .tags = std::move(tags),
                                               .command = detail.command,
                                               .program = summary.program,
                                               .started = summary.started,
                                               .finished = summary.finished,
                                               .rewrite_of = {}}));
  ContentCopy copy(from, reader, *writer, options);
  TRY(copy.run(summary.root));
  for (auto& warning : detail.warnings) {
    writer->warn(std::move(warning.path), std::move(warning.message));
  }
  const auto committed = TRY(writer->commit(std::move(detail.statistics)));
  CopiedSnapshot copied;
  copied.id = committed.id;
  copied.totals.bytes_copied = committed.totals.bytes_stored;
  copied.totals.chunks_copied = committed.totals.chunks_new;
  const auto read = copy.chunks_read();
  copied.totals.chunks_present = read - std::min(read, committed.totals.chunks_new);
  return copied;
}

}  // namespace

bool share_domain(const Repository& from, const Repository& to) {
  return from.keys().domain == to.keys().domain &&
         std::ranges::equal(from.keys().id_key.view(), to.keys().id_key.view());
}

std::string origin_of(const Repository& from, const SnapshotRecord& snapshot) {
  if (const auto* origin = tag_of(snapshot.summary.tags, copied_from_tag)) return *origin;
  return base::to_hex(snapshot.id) + "@" + base::to_hex(from.id());
}

base::Result<CopiedSnapshot> copy_snapshot(Repository& from, RepositoryReader& reader,
                                           const SnapshotRecord& snapshot, Repository& to,
                                           const CopyOptions& options) {
  if (!from.keys().reader) return needs_reading_key("copying from a repository");
  if (!to.keys().writer) return needs_writing_key("copying into a repository");
  if (from.id() == to.id()) {
    return base::Error(base::ErrorCode::invalid_argument,
                       "the two locations hold the same repository")
        .with_hint("give two different repositories as --from and --to");
  }
  const std::string origin = origin_of(from, snapshot);
  if (const auto there = TRY(copy_that_is_there(to, origin))) {
    TRY(carry_holds(to, snapshot, there->id, there->holds));
    return CopiedSnapshot{
        .id = there->id, .outcome = CopiedSnapshot::Outcome::was_there, .totals = {}};
  }
  const auto detail = TRY(read_detail(from, snapshot.id));
  Tags tags = with_origin(snapshot.summary.tags, origin);
  // Only this domain's trees have ids that both repositories know chunks by.
  const bool as_ciphertext = share_domain(from, to) && snapshot.domain == to.own_domain().id();
  auto copied = TRY(
      as_ciphertext ? copy_ciphertext(from, reader, snapshot, to, options, std::move(tags), detail)
                    : copy_content(from, reader, snapshot, to, options, std::move(tags), detail));
  TRY(carry_holds(to, snapshot, copied.id, {}));
  return copied;
}

}  // namespace holdfast::repository
