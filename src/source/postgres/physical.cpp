// A base backup as it arrives: tar members become entries, contents go into the sink, everything is
// held against the manifest at the end.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "backup_manifest.hpp"
#include "base/clock.hpp"
#include "codec/crc32c.hpp"
#include "relation_names.hpp"
#include "repository/path_key.hpp"
#include "segment_size.hpp"
#include "source/files/posix_attributes.hpp"
#include "source/postgres/capture.hpp"
#include "tar_stream.hpp"

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

class PhysicalCapture final : public wire::BaseBackupReceiver, public TarReceiver {
 public:
  PhysicalCapture(repository::EntrySink& sink, const PostgresProgressCall& progress,
                  std::uint64_t segment_size)
      : sink_(sink), progress_(progress), manifest_(arrived_), segment_size_(segment_size) {}

  Result<void> begin(const wire::BaseBackupStart& start) override {
    start_ = start;
    for (const auto& each : start.tablespaces) bytes_total_ += each.bytes;
    return {};
  }

  Result<void> begin_archive(std::uint32_t oid) override {
    if (tar_) TRY(tar_->finish());
    archive_ = oid;
    archives_.insert(oid);
    tar_ = std::make_unique<TarStream>(*this);
    return {};
  }

  Result<void> begin_manifest() override {
    if (tar_) TRY(tar_->finish());
    tar_.reset();
    in_manifest_ = true;
    TRY(sink_.begin_content(0));
    in_content_ = true;
    return {};
  }

  Result<void> data(ByteView bytes) override {
    if (in_manifest_) {
      TRY(manifest_.feed(bytes));
      result_.bytes += bytes.size();
      return fill(bytes);
    }
    if (tar_ == nullptr) {
      return Error(ErrorCode::damaged, "the base backup has data before its first archive");
    }
    return tar_->feed(bytes);
  }

  Result<void> begin_member(const TarMember& member) override;
  Result<void> content(ByteView bytes) override;
  Result<void> end_member() override;

  Result<PostgresCaptureResult> finish(const wire::BaseBackupEnd& end);
  void note(const wire::PostgresNotice& notice);
  // What the server said meanwhile, as warnings of the snapshot.
  void warn(const wire::PostgresAddress& address, const std::stop_token& stop);
  void abandon() {
    if (std::exchange(in_content_, false)) sink_.abandon_content();
  }

 private:
  Result<void> fill(ByteView bytes);
  Result<void> add_directory(std::string_view path);
  Result<void> add_text(std::string_view path, const std::string& text);
  Result<void> add_surroundings();
  Result<void> check_wal() const;
  [[nodiscard]] PosixAttributes own_attributes(std::uint32_t mode) const;
  void report(std::string_view current, bool always);

  repository::EntrySink& sink_;
  const PostgresProgressCall& progress_;
  ArrivedFiles arrived_;
  ManifestCheck manifest_;
  std::uint64_t segment_size_;
  wire::BaseBackupStart start_;
  PostgresCaptureResult result_;
  std::uint64_t bytes_total_ = 0;
  std::uint64_t reported_ = 0;

  std::unique_ptr<TarStream> tar_;
  std::uint32_t archive_ = 0;
  std::set<std::uint32_t> archives_;
  TarMember member_;
  std::string local_path_;  // of the member, relative to the data directory
  Entry entry_;
  std::uint32_t crc_ = 0;
  bool in_content_ = false;
  bool in_manifest_ = false;
  std::vector<std::string> notices_;
  std::set<std::string> segments_;  // of WAL that came whole
  TarMember label_;                 // backup_label: its owner and time are those of what we add
};

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
  const auto path = archive_ == 0
                        ? fmt::format("{}/{}", postgres_data_path, member.path)
                        : fmt::format("{}/{}/{}", postgres_tablespaces_path, oid, member.path);
  PosixAttributes attributes{.mode = member.mode,
                             .uid = member.uid,
                             .gid = member.gid,
                             .user = member.user,
                             .group = member.group,
                             .mtime = member.mtime_seconds * nanoseconds};
  entry_ = {};
  entry_.key = TRY(repository::key_of_path(path));
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
      crc_ = 0;
      if (archive_ == 0 && member.path == "backup_label") label_ = member;
      report(path, false);
      TRY(sink_.begin_content(member.size));
      in_content_ = true;
      break;
  }
  entry_.attributes = encode_attributes(attributes);
  return {};
}

Result<void> PhysicalCapture::content(ByteView bytes) {
  crc_ = codec::crc32c(bytes, crc_);
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
  Entry entry;
  entry.key = TRY(repository::key_of_path(fmt::format("{}/{}", postgres_data_path, manifest_name)));
  entry.attributes = encode_attributes(own_attributes(file_mode));
  in_content_ = false;
  TRY(sink_.end_content(std::move(entry)));
  ++result_.files;
  TRY(manifest_.finish());
  TRY(check_wal());
  TRY(add_surroundings());
  if (end.pages == wire::BaseBackupEnd::Pages::damaged && notices_.empty()) {
    notices_.emplace_back("pages of the database have wrong checksums");
  }
  report({}, true);
  result_.facts = {{"start_lsn", start_.position},
                   {"end_lsn", end.position},
                   {"timeline", end.timeline},
                   {"tablespaces", archives_.size() - 1}};
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

}  // namespace

Result<PostgresCaptureResult> capture_postgres_physical(const wire::PostgresAddress& address,
                                                        const PostgresPhysicalOptions& options,
                                                        repository::EntrySink& sink,
                                                        const PostgresProgressCall& progress,
                                                        std::stop_token stop) {
  const auto connection = TRY(wire::PostgresConnection::open(
      address, {.session = wire::PostgresOptions::Session::replication}, stop));
  if (connection->server_major() < 13) {
    return Error(ErrorCode::unsupported,
                 fmt::format("the server is PostgreSQL {}", connection->server_major()))
        .with_hint("physical backups need PostgreSQL 13 or newer; logical ones do with less");
  }
  const auto identity = TRY(wire::identify_system(*connection));
  const auto segment_size =
      TRY(parse_segment_size(TRY(wire::show_setting(*connection, "wal_segment_size"))));
  PhysicalCapture capture(sink, progress, segment_size);
  connection->on_notice([&capture](const wire::PostgresNotice& notice) { capture.note(notice); });
  const auto slot = wire::create_temporary_slot(*connection, options.slot);
  if (!slot.ok()) {
    if (slot.error().code() == ErrorCode::cancelled) return slot.error();
    sink.warn(std::string(postgres_data_path),
              "no slot holds WAL back during the backup: " + slot.error().message());
  }
  const auto end = wire::receive_base_backup(
      *connection, {.label = options.label, .checkpoint = options.checkpoint}, capture);
  if (!end.ok()) {
    capture.abandon();
    return end.error();
  }
  auto result = capture.finish(end.value());
  if (!result.ok()) {
    capture.abandon();
    return result;
  }
  capture.warn(address, stop);
  auto& facts = result.value().facts;
  facts.emplace_back("server_version", static_cast<std::uint64_t>(connection->server_version()));
  std::uint64_t system = 0;
  const auto* system_end = identity.system.data() + identity.system.size();
  if (std::from_chars(identity.system.data(), system_end, system).ptr == system_end) {
    facts.emplace_back("system", system);
  }
  return result;
}

}  // namespace holdfast::source
