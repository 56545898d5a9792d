// Taking a snapshot of files, and previewing one.
#include "engine/backup.hpp"

#include <unistd.h>

#include <algorithm>

#include "engine/version.hpp"
#include "repository/snapshot_writer.hpp"

namespace holdfast::engine {

namespace {

std::string this_host() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

std::vector<base::Bytes> raw_paths(const std::vector<std::string>& paths) {
  std::vector<base::Bytes> raw;
  for (const auto& path : paths) {
    const auto bytes = base::as_bytes(path);
    raw.emplace_back(bytes.begin(), bytes.end());
  }
  std::sort(raw.begin(), raw.end());
  raw.erase(std::unique(raw.begin(), raw.end()), raw.end());
  return raw;
}

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

std::vector<std::pair<std::string, std::uint64_t>> statistics_of(
    const source::FilesCaptureResult& capture, const repository::StoreTotals& totals) {
  return {{"files", capture.files},       {"directories", capture.directories},
          {"others", capture.others},     {"unchanged", capture.unchanged},
          {"changed", capture.changed},   {"added", capture.added},
          {"bytes", capture.bytes},       {"bytes_read", capture.bytes_read},
          {"bytes_new", totals.bytes_new}};
}

// All of a run but its end.
struct Captured {
  std::unique_ptr<repository::SnapshotWriter> writer;
  BackupReport report;
};

base::Result<Captured> capture(repository::Repository& repository, const BackupOptions& options,
                               repository::SnapshotRun run, const ProgressCall& progress,
                               std::stop_token stop) {
  for (const auto& [key, value] : options.tags) TRY(repository::check_tag(key));
  const auto& environment = repository.environment();
  repository::SnapshotOptions snapshot_options{
      .compression_level = options.compression_level,
      .source = options.source,
      .host = options.host.empty() ? this_host() : options.host,
      .label = options.label,
      .paths = raw_paths(options.capture.roots),
      .tags = options.tags,
      .command = options.command,
      .program = program_name_and_version(),
      .started = environment.clock.now(),
      .run = run,
  };
  Captured captured;
  captured.writer = TRY(repository::SnapshotWriter::begin(repository, std::move(snapshot_options)));
  auto& writer = *captured.writer;
  const auto* parent = writer.parent();
  std::optional<repository::TreeCursor> entries;
  source::FilesParent view;
  if (parent != nullptr) {
    entries.emplace(writer.parent_nodes(), parent->summary.root);
    view = {.entries = &*entries, .started = parent->summary.started};
    captured.report.parent = parent->id;
  }
  captured.report.capture =
      TRY(source::capture_files(options.capture, view, writer, environment.executor,
                                report_to(progress, parent), std::move(stop)));
  return captured;
}

void finish_report(BackupReport& report, const repository::SnapshotWriter& writer,
                   const repository::StoreTotals& totals, base::Duration took) {
  report.bytes_new = totals.bytes_new;
  report.bytes_stored = totals.bytes_stored;
  report.stages = totals.stages;
  report.warnings = writer.warnings();
  report.warning_count = writer.warning_count();
  report.duration_seconds = took.seconds();
}

}  // namespace

base::Result<BackupReport> back_up(repository::Repository& repository, const BackupOptions& options,
                                   const ProgressCall& progress, std::stop_token stop) {
  const auto& clock = repository.environment().clock;
  const auto began = clock.monotonic();
  auto [writer, report] =
      TRY(capture(repository, options, repository::SnapshotRun::real, progress, std::move(stop)));
  const auto committed = TRY(writer->commit(statistics_of(report.capture, writer->totals())));
  report.snapshot = committed.id;
  report.parent = committed.summary.parent;
  finish_report(report, *writer, committed.totals, clock.monotonic() - began);
  return std::move(report);
}

base::Result<BackupReport> preview_backup(repository::Repository& repository,
                                          const BackupOptions& options,
                                          const ProgressCall& progress, std::stop_token stop) {
  const auto& clock = repository.environment().clock;
  const auto began = clock.monotonic();
  auto [writer, report] = TRY(
      capture(repository, options, repository::SnapshotRun::preview, progress, std::move(stop)));
  const auto totals = TRY(writer->conclude());
  finish_report(report, *writer, totals, clock.monotonic() - began);
  return std::move(report);
}

}  // namespace holdfast::engine
