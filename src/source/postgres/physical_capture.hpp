// PhysicalCapture: a base backup as it arrives: tar members become entries, contents go into the
// sink, blocks that changed are laid over the previous snapshot's, and everything is held against
// the manifest at the end.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backup_manifest.hpp"
#include "earlier_backup.hpp"
#include "manifest_rewrite.hpp"
#include "relation_overlay.hpp"
#include "source/files/posix_attributes.hpp"
#include "source/postgres/capture.hpp"
#include "tar_stream.hpp"

namespace holdfast::source {

// Whether the same could come again though the server and the storage are well.
[[nodiscard]] bool is_of_earlier_backup(base::ErrorCode code);

// Used by one task; borrows the sink.
class PhysicalCapture final : public wire::BaseBackupReceiver, public TarReceiver {
 public:
  PhysicalCapture(repository::EntrySink& sink, const PostgresProgressCall& progress,
                  std::uint64_t segment_size, std::uint64_t system)
      : sink_(sink),
        progress_(progress),
        manifest_(arrived_),
        segment_size_(segment_size),
        system_(system) {}

  // Before begin(): what comes are changes to this one; null: everything comes. Borrowed.
  void lay_over(const EarlierBackup* earlier) { earlier_ = earlier; }
  [[nodiscard]] bool has_begun() const { return has_begun_; }
  // After an error: what is wrong with the earlier backup, if that was it.
  [[nodiscard]] const std::string& earlier_trouble() const { return earlier_trouble_; }

  base::Result<void> begin(const wire::BaseBackupStart& start) override {
    start_ = start;
    has_begun_ = true;
    for (const auto& each : start.tablespaces) bytes_total_ += each.bytes;
    return {};
  }

  base::Result<void> begin_archive(std::uint32_t oid) override {
    if (tar_) TRY(tar_->finish());
    archive_ = oid;
    archives_.insert(oid);
    tar_ = std::make_unique<TarStream>(*this);
    return {};
  }

  base::Result<void> begin_manifest() override {
    if (tar_) TRY(tar_->finish());
    tar_.reset();
    in_manifest_ = true;
    TRY(sink_.begin_content(0));
    in_content_ = true;
    if (earlier_ == nullptr) return {};
    rewrite_.emplace(replaced_, [this](std::string_view text) {
      result_.bytes += text.size();
      return fill(base::as_bytes(text));
    });
    return {};
  }

  base::Result<void> data(base::ByteView bytes) override {
    result_.bytes_received += bytes.size();
    if (in_manifest_) {
      TRY(manifest_.feed(bytes));
      if (rewrite_) return rewrite_->feed(bytes);
      result_.bytes += bytes.size();
      return fill(bytes);
    }
    if (tar_ == nullptr) {
      return base::Error(base::ErrorCode::damaged,
                         "the base backup has data before its first archive");
    }
    return tar_->feed(bytes);
  }

  base::Result<void> begin_member(const TarMember& member) override;
  base::Result<void> content(base::ByteView bytes) override;
  base::Result<void> end_member() override;

  base::Result<PostgresCaptureResult> finish(const wire::BaseBackupEnd& end);
  void note(const wire::PostgresNotice& notice);
  // What the server said meanwhile, as warnings of the snapshot.
  void warn(const wire::PostgresAddress& address, const std::stop_token& stop);
  void abandon() {
    if (std::exchange(in_content_, false)) sink_.abandon_content();
  }

 private:
  base::Result<void> fill(base::ByteView bytes);
  base::Result<void> begin_file(const TarMember& member);
  base::Result<void> begin_changes(std::uint64_t size);
  base::Result<void> end_changes();
  base::Result<void> end_label();
  // Remembers an error that the earlier backup is the reason of.
  base::Result<void> blame_earlier(base::Result<void> done);
  base::Result<void> add_directory(std::string_view path);
  base::Result<void> add_text(std::string_view path, const std::string& text);
  base::Result<void> add_surroundings();
  base::Result<void> check_wal() const;
  [[nodiscard]] PosixAttributes own_attributes(std::uint32_t mode) const;
  void report(std::string_view current, bool always);

  repository::EntrySink& sink_;
  const PostgresProgressCall& progress_;
  ArrivedFiles arrived_;
  ManifestCheck manifest_;
  std::uint64_t segment_size_;
  std::uint64_t system_;
  bool has_begun_ = false;
  wire::BaseBackupStart start_;
  PostgresCaptureResult result_;
  std::uint64_t bytes_total_ = 0;
  std::uint64_t reported_ = 0;

  std::unique_ptr<TarStream> tar_;
  std::uint32_t archive_ = 0;
  std::set<std::uint32_t> archives_;
  TarMember member_;
  std::string local_path_;  // of the member, relative to the data directory
  repository::Entry entry_;
  std::uint32_t crc_ = 0;
  std::string label_text_;  // of backup_label, if it is to be changed
  // Of an incremental backup.
  const EarlierBackup* earlier_ = nullptr;
  std::string earlier_trouble_;
  std::string relation_;  // whose changed blocks the member has; empty: it has none
  std::optional<EarlierBackup::File> earlier_file_;
  std::optional<RelationOverlay> overlay_;
  std::optional<IncrementalFile> changes_;
  ReplacedFiles replaced_;
  std::optional<ManifestRewrite> rewrite_;
  std::uint64_t overlaid_ = 0;

  bool in_content_ = false;
  bool in_manifest_ = false;
  std::vector<std::string> notices_;
  std::set<std::string> segments_;  // of WAL that came whole
  TarMember label_;                 // backup_label: its owner and time are those of what we add
};

}  // namespace holdfast::source
