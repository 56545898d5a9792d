// Looking up the names, then one snapshot after the other.
#include "engine/copy.hpp"

#include "repository/repository_reader.hpp"

namespace holdfast::engine {

namespace {

void add(repository::CopyTotals& sum, const repository::CopyTotals& part) {
  sum.bytes_copied += part.bytes_copied;
  sum.chunks_copied += part.chunks_copied;
  sum.chunks_present += part.chunks_present;
}

}  // namespace

base::Result<CopyReport> copy_snapshots(repository::Repository& from, repository::Repository& to,
                                        const std::vector<std::string>& names,
                                        const ProgressCall& progress, std::stop_token stop) {
  const auto& clock = to.environment().clock;
  const auto began = clock.monotonic();
  const auto list = TRY_CONTEXT(repository::list_snapshots(from), "listing the originals");
  std::vector<repository::SnapshotRecord> chosen;
  for (const auto& name : names) {
    chosen.push_back(TRY(repository::choose_snapshot(list, name)));
  }
  const auto reader = TRY(repository::RepositoryReader::open(from, repository::Following::prunes));
  CopyReport report;
  report.as_ciphertext = repository::share_domain(from, to);
  for (const auto& snapshot : chosen) {
    const repository::CopyOptions options{
        .progress =
            [&](const repository::CopyTotals& totals) {
              progress({.items = report.totals.chunks_copied + totals.chunks_copied,
                        .bytes = report.totals.bytes_copied + totals.bytes_copied,
                        .current = {}});
            },
        .stop = stop};
    const auto copied = TRY_CONTEXT(repository::copy_snapshot(from, *reader, snapshot, to, options),
                                    "copying snapshot " + base::to_hex(snapshot.id).substr(0, 8));
    add(report.totals, copied.totals);
    report.snapshots.push_back(
        {.original = snapshot.id,
         .copy = copied.id,
         .was_there = copied.outcome == repository::CopiedSnapshot::Outcome::was_there});
  }
  report.duration_seconds = (clock.monotonic() - began).seconds();
  return report;
}

}  // namespace holdfast::engine
