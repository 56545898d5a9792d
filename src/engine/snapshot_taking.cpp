// The frame around every capture.
#include "snapshot_taking.hpp"

#include <unistd.h>

#include <algorithm>

#include "engine/version.hpp"

namespace holdfast::engine {

namespace {

std::string this_host() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

std::vector<std::pair<std::string, std::uint64_t>> statistics_of(
    const source::FilesCaptureResult& capture, const repository::StoreTotals& totals) {
  return {{"files", capture.files},       {"directories", capture.directories},
          {"others", capture.others},     {"unchanged", capture.unchanged},
          {"changed", capture.changed},   {"added", capture.added},
          {"bytes", capture.bytes},       {"bytes_read", capture.bytes_read},
          {"bytes_new", totals.bytes_new}};
}

}  // namespace

std::vector<base::Bytes> snapshot_paths(const std::vector<std::string>& paths) {
  std::vector<base::Bytes> raw;
  for (const auto& path : paths) {
    const auto bytes = base::as_bytes(path);
    raw.emplace_back(bytes.begin(), bytes.end());
  }
  std::sort(raw.begin(), raw.end());
  raw.erase(std::unique(raw.begin(), raw.end()), raw.end());
  return raw;
}

base::Result<BackupReport> take_snapshot(repository::Repository& repository,
                                         repository::SnapshotOptions options,
                                         const SnapshotCapture& capture) {
  const auto& environment = repository.environment();
  const auto began = environment.clock.monotonic();
  if (options.host.empty()) options.host = this_host();
  if (options.program.empty()) options.program = program_name_and_version();
  if (options.started == base::Time{}) options.started = environment.clock.now();
  const bool is_preview = options.run == repository::SnapshotRun::preview;
  auto writer = TRY(repository::SnapshotWriter::begin(repository, std::move(options)));
  BackupReport report;
  if (writer->parent() != nullptr) report.parent = writer->parent()->id;
  report.capture = TRY(capture(*writer));
  repository::StoreTotals totals;
  if (is_preview) {
    totals = TRY(writer->conclude());
  } else {
    auto committed = TRY(writer->commit(statistics_of(report.capture, writer->totals())));
    report.snapshot = committed.id;
    report.parent = committed.summary.parent;
    totals = std::move(committed.totals);
  }
  report.bytes_new = totals.bytes_new;
  report.bytes_stored = totals.bytes_stored;
  report.stages = totals.stages;
  report.warnings = writer->warnings();
  report.warning_count = writer->warning_count();
  report.duration_seconds = (environment.clock.monotonic() - began).seconds();
  return report;
}

}  // namespace holdfast::engine
