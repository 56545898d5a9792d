// Taking a snapshot of files, and previewing one.
#include "engine/backup.hpp"

#include <algorithm>

#include "snapshot_taking.hpp"

namespace holdfast::engine {

namespace {

source::FilesCaptureProgress report_to(const ProgressCall& progress,
                                       const repository::SnapshotRecord* parent) {
  const auto items_total = parent == nullptr ? 0 : parent->summary.root.entries;
  const auto bytes_total = parent == nullptr ? 0 : parent->summary.root.bytes;
  return [&progress, items_total, bytes_total](const source::FilesCaptureResult& so_far,
                                               std::string_view path) {
    if (!progress) return;
    progress({.items = so_far.files + so_far.directories + so_far.others,
              .items_total = items_total,
              .bytes = so_far.bytes,
              .bytes_total = bytes_total,
              .current = std::string(path)});
  };
}

// Takes contents and throws them away.
class CountingSink final : public repository::EntrySink {
 public:
  base::Result<void> add(repository::Entry) override { return {}; }
  base::Result<Reuse> reuse(repository::Entry) override { return Reuse::taken; }
  base::Result<void> begin_content(std::uint64_t expected_size) override {
    scratch_.resize(std::max<std::size_t>(scratch_.size(),
                                          std::min<std::uint64_t>(expected_size + 1, base::MiB)));
    return {};
  }
  base::Result<base::MutableByteView> buffer() override { return base::MutableByteView(scratch_); }
  base::Result<void> filled(std::size_t) override { return {}; }
  base::Result<void> hole(std::uint64_t) override { return {}; }
  base::Result<void> end_content(repository::Entry) override { return {}; }
  void abandon_content() override {}
  void warn(std::string path, std::string message) override {
    ++warning_count;
    if (warnings.size() < repository::warnings_max)
      warnings.push_back({std::move(path), std::move(message)});
  }
  std::vector<repository::SnapshotWarning> warnings;
  std::uint64_t warning_count = 0;

 private:
  base::Bytes scratch_ = base::Bytes(base::MiB);
};

}  // namespace

base::Result<BackupReport> back_up(repository::Repository& repository, const BackupOptions& options,
                                   const ProgressCall& progress, std::stop_token stop) {
  for (const auto& [key, value] : options.tags) TRY(repository::check_tag(key));
  repository::SnapshotOptions snapshot_options{
      .compression_level = options.compression_level,
      .source = options.source,
      .host = options.host,
      .label = options.label,
      .paths = snapshot_paths(options.capture.roots),
      .tags = options.tags,
      .command = options.command,
  };
  const auto capture = [&](repository::SnapshotWriter& writer) {
    const auto* parent = writer.parent();
    std::optional<repository::TreeCursor> entries;
    source::FilesParent view;
    if (parent != nullptr) {
      entries.emplace(writer.parent_nodes(), parent->summary.root);
      view = {.entries = &*entries, .started = parent->summary.started};
    }
    return source::capture_files(options.capture, view, writer, repository.environment().executor,
                                 report_to(progress, parent), stop);
  };
  return take_snapshot(repository, std::move(snapshot_options), capture);
}

base::Result<BackupReport> preview_backup(repository::Repository& repository,
                                          const BackupOptions& options,
                                          const ProgressCall& progress, std::stop_token stop) {
  const auto& environment = repository.environment();
  const auto began = environment.clock.monotonic();
  CountingSink sink;
  BackupReport report;
  report.capture = TRY(source::capture_files(options.capture, {}, sink, environment.executor,
                                             report_to(progress, nullptr), stop));
  report.warnings = std::move(sink.warnings);
  report.warning_count = sink.warning_count;
  report.duration_seconds = (environment.clock.monotonic() - began).seconds();
  return report;
}

}  // namespace holdfast::engine
