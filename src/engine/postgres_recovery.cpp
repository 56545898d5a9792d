// WAL goes by the reader that says where to stop, and into files.
#include "postgres_recovery.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "engine/component_snapshots.hpp"
#include "io/file.hpp"
#include "repository/log.hpp"
#include "wire/postgres_messages.hpp"
#include "wire/wal_reader.hpp"
#include "wire/wal_records.hpp"

namespace holdfast::engine {

using base::Error;
using base::ErrorCode;
using base::Result;
using repository::LogRange;
using Kind = RecoveryTarget::Kind;

namespace {

constexpr mode_t file_mode = 0600;

// Whether the target can lie in what this base and its log cover, by what is known before reading.
bool may_reach(const PostgresRecovery& recovery, const repository::SnapshotRecord& snapshot) {
  const auto& target = recovery.target;
  const auto& end = recovery.window.end;
  switch (target.kind) {
    case Kind::time:
      return snapshot.summary.finished <= target.time && end && end->at >= target.time;
    case Kind::position:
      return target.position >= recovery.base.end && end && end->position >= target.position;
    case Kind::latest:
    case Kind::transaction:
    case Kind::name: return true;
    case Kind::snapshot: break;
  }
  return false;
}

std::string reach_of(const std::optional<LogPosition>& end) {
  if (!end) return "no log follows the newest base";
  return fmt::format("the log reaches to {}, {}", wire::format_lsn(end->position),
                     base::format_utc(end->at));
}

}  // namespace

Result<PostgresRecovery> find_recovery(const repository::Repository& repository,
                                       const repository::SnapshotList& list,
                                       const strategy::Component& component,
                                       const RecoveryTarget& target) {
  std::optional<LogPosition> newest;
  bool has_base = false;
  const auto snapshots = snapshots_of(list, component);
  for (auto at = snapshots.rbegin(); at != snapshots.rend(); ++at) {
    const auto& snapshot = **at;
    if (target.kind == Kind::time && snapshot.summary.started > target.time) continue;
    const auto base = TRY(log_base(repository, snapshot));
    if (!base) continue;
    PostgresRecovery made{.snapshot = base::to_hex(snapshot.id),
                          .captured = snapshot.summary.started,
                          .base = *base,
                          .window = {},
                          .target = target};
    auto pieces = TRY(repository::list_log(repository, log_stream(component, base->source)));
    made.window = TRY(log_window(repository, std::move(pieces), *base));
    if (may_reach(made, snapshot)) return made;
    if (!has_base) newest = made.window.end;
    has_base = true;
  }
  if (!has_base) {
    return Error(ErrorCode::not_found, fmt::format("there is no base backup of {} from before {}",
                                                   component.name, target.describe()));
  }
  return Error(ErrorCode::not_found, fmt::format("{} can't be recovered to {}: {}", component.name,
                                                 target.describe(), reach_of(newest)))
      .with_hint("--at latest goes as far as the log does; holdfast status shows what there is");
}

namespace {

// A file of pg_wal, owned as the data directory is.
class SegmentFile {
 public:
  static Result<SegmentFile> open(const std::string& path, std::uint64_t size,
                                  const struct stat& like) {
    SegmentFile made;
    made.path_ = path;
    made.file_ = TRY(io::open_file(path, O_RDWR | O_CREAT | O_CLOEXEC, file_mode));
    struct stat status{};
    if (::fstat(made.file_.get(), &status) != 0) return made.failed();
    if (static_cast<std::uint64_t>(status.st_size) != size &&
        ::ftruncate(made.file_.get(), static_cast<off_t>(size)) != 0) {
      return made.failed();
    }
    // Without root it is ours anyhow.
    static_cast<void>(::fchown(made.file_.get(), like.st_uid, like.st_gid) == 0);
    return made;
  }

  Result<void> write(std::uint64_t offset, base::ByteView bytes) {
    while (!bytes.empty()) {
      const auto written =
          ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed();
      offset += static_cast<std::uint64_t>(written);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }
  Result<void> sync() {
    if (::fsync(file_.get()) != 0) return failed();
    return {};
  }

 private:
  [[nodiscard]] Error failed() const { return Error::from_errno(errno, "writing " + path_); }
  std::string path_;
  io::Fd file_;
};

class Preparation {
 public:
  Preparation(repository::Repository& repository, const PostgresRecovery& recovery,
              std::string data, const ProgressCall& progress, const std::stop_token& stop)
      : repository_(repository),
        recovery_(recovery),
        map_(recovery.window.map),
        data_(std::move(data)),
        progress_(progress),
        stop_(stop) {}

  Result<RecoveryStop> run();

 private:
  enum class Stop { none, before, after };

  Result<void> learn_surroundings();
  Result<void> lay(const LogRange& range);
  Result<void> lay_piece(const LogRange& range, const repository::LogPiece& piece,
                         base::ByteView bytes);
  Result<void> write(const LogRange& range, std::uint64_t position, base::ByteView bytes);
  Result<void> scan(base::ByteView bytes);
  void look_at(const wire::WalRecord& record);
  void stop_at(const wire::WalRecord& record, Stop how);
  Result<void> check_stop();
  Result<void> write_histories();
  Result<void> write_settings();
  Result<void> write_file(const std::string& path, std::string_view text, int flags);
  Result<void> finish_segment();

  repository::Repository& repository_;
  const PostgresRecovery& recovery_;
  repository::LogMap map_;  // without pieces that turned out to be none
  const std::string data_;
  const ProgressCall& progress_;
  const std::stop_token stop_;

  struct stat like_{};
  std::uint64_t segment_size_ = 0;
  std::optional<wire::WalReader> reader_;
  std::optional<SegmentFile> segment_;
  std::string segment_name_;
  RecoveryStop reached_;
  Stop how_ = Stop::none;
  std::uint64_t stop_start_ = 0;  // of the record before or after which it stops
};

// The length of the segments that the base brought.
Result<void> Preparation::learn_surroundings() {
  if (::stat(data_.c_str(), &like_) != 0) return Error::from_errno(errno, "looking at " + data_);
  const auto& base = recovery_.base;
  for (std::uint64_t size = std::uint64_t{1} << 20; size <= std::uint64_t{1} << 30; size <<= 1) {
    struct stat status{};
    const auto name = wire::wal_segment_name(base.lineage, base.end - 1, size);
    const auto path = data_ + "/pg_wal/" + name;
    if (::stat(path.c_str(), &status) != 0) continue;
    if (static_cast<std::uint64_t>(status.st_size) != size) continue;
    segment_size_ = size;
    return {};
  }
  return Error(ErrorCode::damaged, "the base backup lacks the WAL segment of its end");
}

Result<void> Preparation::finish_segment() {
  if (segment_) TRY(segment_->sync());
  segment_.reset();
  return {};
}

Result<void> Preparation::write(const LogRange& range, std::uint64_t position,
                                base::ByteView bytes) {
  while (!bytes.empty()) {
    const auto offset = position % segment_size_;
    const auto count = std::min<std::uint64_t>(segment_size_ - offset, bytes.size());
    auto name = wire::wal_segment_name(range.lineage, position, segment_size_);
    if (!segment_ || name != segment_name_) {
      TRY(finish_segment());
      segment_.emplace(TRY(SegmentFile::open(data_ + "/pg_wal/" + name, segment_size_, like_)));
      segment_name_ = std::move(name);
    }
    TRY(segment_->write(offset, bytes.first(count)));
    position += count;
    bytes = bytes.subspan(count);
    reached_.bytes += count;
  }
  return {};
}

void Preparation::stop_at(const wire::WalRecord& record, Stop how) {
  how_ = how;
  stop_start_ = record.start;
  reached_.position = how == Stop::before ? record.start : record.end;
}

// Where a server stops too.
void Preparation::look_at(const wire::WalRecord& record) {
  if (how_ != Stop::none) return;
  const auto& target = recovery_.target;
  const auto ended = wire::transaction_end(record);
  if (target.kind == Kind::time && ended && ended->at > target.time) {
    return stop_at(record, Stop::before);
  }
  reached_.position = record.end;
  if (ended && ended->kind != wire::TransactionEnd::Kind::aborted &&
      ended->kind != wire::TransactionEnd::Kind::prepared_aborted) {
    reached_.last_commit = std::max(reached_.last_commit, ended->at);
  }
  if (target.kind == Kind::position && record.start >= target.position) {
    return stop_at(record, Stop::after);
  }
  if (target.kind == Kind::transaction && ended && ended->xid == target.transaction) {
    return stop_at(record, Stop::after);
  }
  const auto point = wire::restore_point(record);
  if (target.kind == Kind::name && point && point->name == target.name) {
    stop_at(record, Stop::after);
  }
}

Result<void> Preparation::scan(base::ByteView bytes) {
  return reader_->feed(bytes, [this](const wire::WalRecord& record) { look_at(record); });
}

// What one piece holds of a lineage's part. The reader sees each byte of the path once.
Result<void> Preparation::lay_piece(const LogRange& range, const repository::LogPiece& piece,
                                    base::ByteView bytes) {
  TRY(write(range, piece.start, bytes));
  const auto begin = std::max(reader_->received(), piece.start);
  const auto end = std::min(piece.end, range.end);
  if (begin < end) TRY(scan(bytes.subspan(begin - piece.start, end - begin)));
  if (!progress_) return {};
  progress_({.items = 0,
             .items_total = 0,
             .bytes = reached_.bytes,
             .bytes_total = 0,
             .current = "WAL " + wire::format_lsn(piece.end)});
  return {};
}

// One lineage's part. Its segments are whole as far as the log has them. Where a piece turns out to
// be none, others may hold the same.
Result<void> Preparation::lay(const LogRange& range) {
  reached_.timeline = range.lineage;
  auto from = range.start - range.start % segment_size_;
  if (map_.reach(range.lineage, from) < range.start) from = range.start;
  std::optional<Error> failure;
  while (from < range.end && how_ == Stop::none) {
    const auto pieces = map_.covering({range.lineage, from, range.end});
    if (!pieces.ok()) return failure ? std::move(*failure) : pieces.error();
    for (const auto& piece : pieces.value()) {
      if (stop_.stop_requested()) return Error(ErrorCode::cancelled, "interrupted");
      auto read = repository::read_log_piece(repository_, piece);
      if (!read.ok()) {
        if (!repository::is_no_piece(read.error())) return std::move(read).error();
        if (!failure) failure = std::move(read).error();
        map_.exclude(piece.name);
        break;
      }
      TRY(lay_piece(range, piece, read.value().content));
      from = piece.end;
      if (how_ != Stop::none) break;
    }
  }
  return finish_segment();
}

Result<void> Preparation::check_stop() {
  const auto& target = recovery_.target;
  const bool has_end =
      target.kind == Kind::latest || target.kind == Kind::time || target.kind == Kind::position;
  if (how_ == Stop::none && !has_end) {
    return Error(ErrorCode::not_found,
                 fmt::format("the log after the newest base doesn't hold {}; {}", target.describe(),
                             reach_of(recovery_.window.end)));
  }
  const auto& end = recovery_.window.end;
  if (how_ == Stop::none && target.kind == Kind::time &&
      (!end || end->at < target.time + commit_patience)) {
    return Error(ErrorCode::not_found,
                 fmt::format("the log doesn't hold a transaction from after {}, and doesn't show "
                             "yet that there was none: {}",
                             target.describe(), reach_of(end)))
        .with_hint("wait a minute, or go as far as the log does with --at latest");
  }
  if (how_ != Stop::none && reached_.position < recovery_.base.end) {
    return Error(ErrorCode::not_found,
                 fmt::format("{} lies before the end of the base backup", target.describe()));
  }
  return {};
}

Result<void> Preparation::write_file(const std::string& path, std::string_view text, int flags) {
  const auto file = TRY(io::open_file(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, file_mode));
  TRY(io::write_all(file.get(), base::as_bytes(text)));
  static_cast<void>(::fchown(file.get(), like_.st_uid, like_.st_gid) == 0);
  if (::fsync(file.get()) != 0) return Error::from_errno(errno, "writing " + path);
  return {};
}

Result<void> Preparation::write_histories() {
  for (const auto& piece : map_.lineages()) {
    if (piece.lineage > reached_.timeline) continue;
    const auto read = repository::read_log_piece(repository_, piece);
    if (!read.ok() && repository::is_no_piece(read.error())) continue;  // forged: it leads nowhere
    TRY(read);
    const auto path = fmt::format("{}/pg_wal/{:08X}.history", data_, piece.lineage);
    TRY(write_file(path, base::as_text(read.value().content), O_TRUNC));
  }
  return io::sync_directory(data_ + "/pg_wal");
}

// All WAL lies in pg_wal: nothing is fetched. What an earlier recovery set is set back.
Result<void> Preparation::write_settings() {
  std::string text =
      "\n# Recovery, prepared by holdfast\n"
      "restore_command = 'false'\n"
      "recovery_target = ''\nrecovery_target_time = ''\nrecovery_target_xid = ''\n"
      "recovery_target_name = ''\n"
      "recovery_target_action = 'promote'\n";
  text += fmt::format("recovery_target_timeline = '{}'\n", reached_.timeline);
  text += fmt::format("recovery_target_lsn = '{}'\n",
                      how_ == Stop::none ? "" : wire::format_lsn(stop_start_));
  text += fmt::format("recovery_target_inclusive = {}\n", how_ == Stop::before ? "off" : "on");
  TRY(write_file(data_ + "/postgresql.auto.conf", text, O_APPEND));
  TRY(write_file(data_ + "/recovery.signal", "", O_TRUNC));
  return io::sync_directory(data_);
}

Result<RecoveryStop> Preparation::run() {
  TRY(learn_surroundings());
  reached_.timeline = recovery_.base.lineage;
  reached_.position = recovery_.base.end;
  reader_.emplace(segment_size_, recovery_.base.end);
  for (const auto& range : recovery_.window.ranges) {
    TRY(lay(range));
    if (how_ != Stop::none) break;
  }
  TRY(check_stop());
  TRY(write_histories());
  TRY(write_settings());
  return reached_;
}

}  // namespace

Result<RecoveryStop> prepare_recovery(repository::Repository& repository,
                                      const PostgresRecovery& recovery, const std::string& data,
                                      const ProgressCall& progress, const std::stop_token& stop) {
  return Preparation(repository, recovery, data, progress, stop)
      .run()
      .with_context("the log of the recovery");
}

}  // namespace holdfast::engine
