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

base::Result<BackupReport> take(repository::Repository& repository, const BackupOptions& options,
                                repository::SnapshotRun run, const ProgressCall& progress,
                                std::stop_token stop) {
  for (const auto& [key, value] : options.tags) TRY(repository::check_tag(key));
  repository::SnapshotOptions snapshot_options{
      .compression_level = options.compression_level,
      .source = options.source,
      .host = options.host,
      .label = options.label,
      .paths = snapshot_paths(options.capture.roots),
      .tags = options.tags,
      .command = options.command,
      .run = run,
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

}  // namespace

base::Result<BackupReport> back_up(repository::Repository& repository, const BackupOptions& options,
                                   const ProgressCall& progress, std::stop_token stop) {
  return take(repository, options, repository::SnapshotRun::real, progress, std::move(stop));
}

base::Result<BackupReport> preview_backup(repository::Repository& repository,
                                          const BackupOptions& options,
                                          const ProgressCall& progress, std::stop_token stop) {
  return take(repository, options, repository::SnapshotRun::preview, progress, std::move(stop));
}

}  // namespace holdfast::engine
