// Restoring a snapshot's files.
#include "engine/restore.hpp"

#include "repository/repository_reader.hpp"

namespace holdfast::engine {

base::Result<RestoreReport> restore(repository::Repository& repository, std::string_view name,
                                    const source::FilesRestoreOptions& options,
                                    const ProgressCall& progress, std::stop_token stop) {
  const auto& environment = repository.environment();
  const auto began = environment.clock.monotonic();
  const auto list = TRY(repository::list_snapshots(repository));
  const auto snapshot = TRY(repository::choose_snapshot(list, name));
  auto reader = TRY(repository::RepositoryReader::open(repository, repository::Following::prunes));
  const auto& root = snapshot.summary.root;
  const auto report_progress = [&](const source::FilesRestoreProgress& so_far) {
    if (!progress) return;
    progress({.items = so_far.files + so_far.directories + so_far.others,
              .items_total = options.path.empty() ? root.entries : 0,
              .bytes = so_far.bytes,
              .bytes_total = options.path.empty() ? root.bytes : 0,
              .current = {}});
  };
  RestoreReport report;
  report.snapshot = snapshot.id;
  report.files = TRY(
      source::restore_files(options, *reader, root, environment.executor, report_progress, stop));
  if (snapshot.late) {
    report.files.notes.push_back(
        "the snapshot is late: it was stored after its session had run out, and its backup "
        "reported a failure; it may lack something");
  }
  report.duration_seconds = (environment.clock.monotonic() - began).seconds();
  return report;
}

}  // namespace holdfast::engine
