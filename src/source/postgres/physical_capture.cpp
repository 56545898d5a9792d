// Members, contents and the end of a base backup.
#include "physical_capture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "codec/crc32c.hpp"
#include "relation_names.hpp"
#include "relation_path.hpp"
#include "repository/path_key.hpp"

namespace holdfast::source {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;
using repository::Entry;
using repository::EntryKind;

namespace {

constexpr std::uint32_t directory_mode = 0700;
constexpr std::uint32_t file_mode = 0600;
constexpr std::int64_t nanoseconds = 1'000'000'000;
constexpr std::string_view wal_folder = "pg_wal/";
constexpr std::size_t segment_name_size = 24;
constexpr std::string_view links_folder = "pg_tblspc/";
constexpr std::string_view manifest_name = "backup_manifest";
constexpr std::string_view label_name = "backup_label";
constexpr std::size_t label_size_max = 64 * 1024;
// Between two calls of progress.
constexpr std::size_t notices_max = 1'000;
constexpr std::uint64_t progress_step = std::uint64_t{4} * 1024 * 1024;

Bytes bytes_of(std::string_view text) {
  const auto view = base::as_bytes(text);
  return {view.begin(), view.end()};
}

// The path of a file of the data directory in a warning of the server, such as
// 'checksum verification failed in file "./base/5/16384", block 3'. Empty if there is none.
std::string path_in_warning(std::string_view message) {
  constexpr std::string_view allowed =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_./";
  for (const std::string_view folder : {"base/", "global/", "pg_tblspc/"}) {
    const auto at = message.find(folder);
    if (at == std::string_view::npos) continue;
    const auto end = std::min(message.find_first_not_of(allowed, at), message.size());
    return std::string(message.substr(at, end - at));
  }
  return {};
}

// The one thing that the manifest doesn't list.
bool is_wal_segment(std::string_view path) {
  if (!path.starts_with(wal_folder)) return false;
  path.remove_prefix(wal_folder.size());
  return path.size() == segment_name_size &&
         path.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

// backup_label without the lines for which a server would refuse to start on it.
std::string label_of_full(std::string_view label) {
  std::string made;
  while (!label.empty()) {
    const auto end = std::min(label.find('\n'), label.size() - 1) + 1;
    if (!label.starts_with("INCREMENTAL FROM ")) made += label.substr(0, end);
    label.remove_prefix(end);
  }
  return made;
}

}  // namespace

bool is_of_earlier_backup(ErrorCode code) {
  return code == ErrorCode::damaged || code == ErrorCode::not_found ||
         code == ErrorCode::conflict || code == ErrorCode::unsupported;
}

Result<void> PhysicalCapture::fill(ByteView bytes) {
  while (!bytes.empty()) {
    const auto room = TRY(sink_.buffer());
    const auto size = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), size);
    TRY(sink_.filled(size));
    bytes = bytes.subspan(size);
  }
  return {};
}

void PhysicalCapture::report(std::string_view current, bool always) {
  if (!progress_ || (!always && result_.bytes - reported_ < progress_step)) return;
  reported_ = result_.bytes;
  progress_({.files = result_.files,
             .bytes = result_.bytes,
             .bytes_total = std::max(bytes_total_, result_.bytes),
             .current = current});
}

Result<void> PhysicalCapture::begin_member(const TarMember& member) {
  member_ = member;
  const auto oid = std::to_string(archive_);
  local_path_ = archive_ == 0 ? member.path : std::string(links_folder) + oid + "/" + member.path;
  relation_ = earlier_ == nullptr ? std::string() : incremental_of(local_path_);
  PosixAttributes attributes{.mode = member.mode,
                             .uid = member.uid,
                             .gid = member.gid,
                             .user = member.user,
                             .group = member.group,
                             .mtime = member.mtime_seconds * nanoseconds};
  entry_ = {};
  // The link to a tablespace lies in the data directory, what is in it does not.
  entry_.key = TRY(
      archive_ == 0 ? repository::key_of_path(fmt::format(
                          "{}/{}", postgres_data_path, relation_.empty() ? member.path : relation_))
                    : key_in_snapshot(relation_.empty() ? local_path_ : relation_));
  switch (member.kind) {
    case TarMember::Kind::directory: entry_.kind = EntryKind::directory; break;
    case TarMember::Kind::symlink:
      entry_.kind = EntryKind::symlink;
      attributes.symlink_target = archive_ == 0 && member.path.starts_with(links_folder)
                                      ? bytes_of("../.." + std::string(postgres_tablespaces_path) +
                                                 "/" + member.path.substr(links_folder.size()))
                                      : bytes_of(member.link);
      break;
    case TarMember::Kind::file:
      entry_.kind = EntryKind::file;
      TRY(begin_file(member));
      break;
  }
  entry_.attributes = encode_attributes(attributes);
  return {};
}

Result<void> PhysicalCapture::begin_file(const TarMember& member) {
  crc_ = 0;
  report(local_path_, false);
  if (local_path_ == label_name) {
    label_ = member;
    label_text_.clear();
    if (earlier_ != nullptr) return {};  // stored once it has come
  }
  if (!relation_.empty()) {
    TRY(sink_.begin_overlay());
    in_content_ = true;
    return blame_earlier(begin_changes(member.size));
  }
  // Only whole pages can be laid over each other later.
  TRY(is_relation_path(local_path_) && member.size % postgres_page_size == 0
          ? sink_.begin_pages(member.size)
          : sink_.begin_content(member.size));
  in_content_ = true;
  return {};
}

Result<void> PhysicalCapture::blame_earlier(Result<void> done) {
  if (!done.ok() && is_of_earlier_backup(done.error().code())) {
    earlier_trouble_ = done.error().message();
  }
  return done;
}

Result<void> PhysicalCapture::begin_changes(std::uint64_t size) {
  earlier_file_ = TRY(earlier_->relation(relation_));
  if (!earlier_file_) {
    return Error(
        ErrorCode::not_found,
        "the server sent changes to a file that the previous snapshot doesn't have: " + relation_);
  }
  overlay_.emplace(sink_, earlier_->nodes(), earlier_file_->entry);
  changes_.emplace(*overlay_, size);
  return {};
}

Result<void> PhysicalCapture::end_changes() {
  TRY(changes_->finish());
  TRY(overlay_->finish());
  const auto token = overlay_->is_unchanged() ? earlier_file_->token : RelationToken();
  entry_.token = encode_token(token);
  result_.bytes += overlay_->size();
  ++overlaid_;
  return replaced_.add(relation_, {.size = overlay_->size(), .crc = token.crc});
}

Result<void> PhysicalCapture::end_label() {
  const auto text = label_of_full(label_text_);
  TRY(replaced_.add(label_name, {.size = text.size(), .crc = codec::crc32c(base::as_bytes(text))}));
  TRY(sink_.begin_content(text.size()));
  in_content_ = true;
  result_.bytes += text.size();
  return fill(base::as_bytes(text));
}

Result<void> PhysicalCapture::content(ByteView bytes) {
  crc_ = codec::crc32c(bytes, crc_);
  if (!relation_.empty()) return blame_earlier(changes_->feed(bytes));
  if (earlier_ != nullptr && local_path_ == label_name) {
    if (label_text_.size() + bytes.size() > label_size_max) {
      return Error(ErrorCode::damaged, "the base backup's label is too long");
    }
    label_text_ += base::as_text(bytes);
    return {};
  }
  result_.bytes += bytes.size();
  return fill(bytes);
}

Result<void> PhysicalCapture::end_member() {
  if (member_.kind == TarMember::Kind::directory) {
    ++result_.directories;
    return sink_.add(std::move(entry_));
  }
  if (member_.kind == TarMember::Kind::symlink) {
    ++result_.links;
    return sink_.add(std::move(entry_));
  }
  ++result_.files;
  if (!relation_.empty()) {
    TRY(blame_earlier(end_changes()));
  } else if (earlier_ != nullptr && local_path_ == label_name) {
    TRY(end_label());
  } else if (is_relation_path(local_path_)) {
    entry_.token = encode_token(RelationToken{.crc = crc_});
  }
  in_content_ = false;
  TRY(sink_.end_content(std::move(entry_)));
  if (!is_wal_segment(local_path_)) {
    arrived_.add(local_path_, member_.size, crc_);
  } else if (member_.size == segment_size_) {
    segments_.insert(local_path_.substr(wal_folder.size()));
  }
  return {};
}

PosixAttributes PhysicalCapture::own_attributes(std::uint32_t mode) const {
  return {.mode = mode,
          .uid = label_.uid,
          .gid = label_.gid,
          .user = label_.user,
          .group = label_.group,
          .mtime = label_.mtime_seconds * nanoseconds};
}

Result<void> PhysicalCapture::add_directory(std::string_view path) {
  Entry entry;
  entry.key = TRY(repository::key_of_path(path));
  entry.kind = EntryKind::directory;
  entry.attributes = encode_attributes(own_attributes(directory_mode));
  ++result_.directories;
  return sink_.add(std::move(entry));
}

Result<void> PhysicalCapture::add_text(std::string_view path, const std::string& text) {
  Entry entry;
  entry.key = TRY(repository::key_of_path(path));
  entry.attributes = encode_attributes(own_attributes(file_mode));
  TRY(sink_.begin_content(text.size()));
  in_content_ = true;
  TRY(fill(base::as_bytes(text)));
  in_content_ = false;
  ++result_.files;
  result_.bytes += text.size();
  return sink_.end_content(std::move(entry));
}

// The directories above the archives, and where the tablespaces were.
Result<void> PhysicalCapture::add_surroundings() {
  TRY(add_directory(postgres_data_path));
  if (archives_.size() <= 1) return {};
  TRY(add_directory(postgres_tablespaces_path));
  auto map = nlohmann::json::array();
  for (const auto& each : start_.tablespaces) {
    if (each.oid == 0) continue;
    TRY(add_directory(fmt::format("{}/{}", postgres_tablespaces_path, each.oid)));
    map.push_back({{"oid", each.oid}, {"location", base::printable(each.location)}});
  }
  return add_text("/tablespaces.json", map.dump(1) + "\n");
}

Result<void> PhysicalCapture::check_wal() const {
  const auto missing = missing_segments(manifest_.wal_ranges(), segments_, segment_size_);
  if (missing.empty()) return {};
  return Error(ErrorCode::damaged,
               fmt::format("{} WAL segments of the backup did not come, first {}: it could not be "
                           "restored by itself",
                           missing.size(), missing.front()))
      .with_hint("raise wal_keep_size, or max_replication_slots so that a slot can hold WAL back");
}

Result<PostgresCaptureResult> PhysicalCapture::finish(const wire::BaseBackupEnd& end) {
  if (!in_manifest_ || !archives_.contains(0)) {
    return Error(ErrorCode::damaged, "the base backup lacks the data directory or the manifest");
  }
  for (const auto& each : start_.tablespaces) {
    if (archives_.contains(each.oid)) continue;
    return Error(ErrorCode::damaged,
                 "the base backup lacks a tablespace: " + base::printable(each.location));
  }
  TRY(manifest_.finish());
  if (rewrite_) TRY(rewrite_->finish());
  Entry entry;
  entry.key = TRY(key_in_snapshot(manifest_name));
  entry.attributes = encode_attributes(own_attributes(file_mode));
  entry.token = encode_token(ManifestToken{.system = system_, .ranges = manifest_.wal_ranges()});
  in_content_ = false;
  TRY(sink_.end_content(std::move(entry)));
  ++result_.files;
  TRY(check_wal());
  TRY(add_surroundings());
  if (end.pages == wire::BaseBackupEnd::Pages::damaged && notices_.empty()) {
    notices_.emplace_back("pages of the database have wrong checksums");
  }
  report({}, true);
  result_.facts = {{"start_lsn", start_.position},
                   {"end_lsn", end.position},
                   {"timeline", end.timeline},
                   {"tablespaces", archives_.size() - 1},
                   {"system", system_},
                   {"incremental", earlier_ == nullptr ? 0U : 1U},
                   {"files_overlaid", overlaid_},
                   {"bytes_received", result_.bytes_received}};
  return std::move(result_);
}

void PhysicalCapture::note(const wire::PostgresNotice& notice) {
  if (notice.severity == "WARNING" && notices_.size() < notices_max) {
    notices_.push_back(notice.message);
  }
}

void PhysicalCapture::warn(const wire::PostgresAddress& address, const std::stop_token& stop) {
  std::map<std::string, std::string> names;
  for (const auto& notice : notices_) {
    const auto path = path_in_warning(notice);
    if (path.empty()) {
      sink_.warn(std::string(postgres_data_path), notice);
      continue;
    }
    auto known = names.find(path);
    if (known == names.end()) {
      known = names.emplace(path, relation_name(address, path, stop)).first;
    }
    const auto& name = known->second;
    sink_.warn(fmt::format("{}/{}", postgres_data_path, path),
               name.empty() ? notice : fmt::format("{} (relation {})", notice, name));
  }
}

}  // namespace holdfast::source
