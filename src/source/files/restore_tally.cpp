// Counting, and the report at the end.
#include "restore_tally.hpp"

namespace holdfast::source {

namespace {

constexpr std::size_t failures_max = 10'000;
constexpr std::uint64_t tell_every_calls = 64;

}  // namespace

void RestoreTally::fail(std::string_view path, std::string message, Cause cause) {
  ++failure_count_;
  const std::lock_guard lock(mutex_);
  if (cause == Cause::repository) damaged_ = true;
  if (failures_.size() < failures_max) {
    failures_.push_back({.path = "/" + std::string(path), .message = std::move(message)});
  }
}

void RestoreTally::removed(std::string_view path) {
  const std::lock_guard lock(mutex_);
  ++removed_count_;
  if (removed_.size() < failures_max) removed_.push_back("/" + std::string(path));
}

void RestoreTally::note(std::string text) {
  const std::lock_guard lock(mutex_);
  if (notes_.size() < failures_max) notes_.push_back(std::move(text));
}

FilesRestoreProgress RestoreTally::totals() const {
  return {.files = files,
          .directories = directories,
          .others = others,
          .unchanged = unchanged,
          .bytes = bytes,
          .bytes_written = bytes_written,
          .failures = failure_count_};
}

void RestoreTally::tell() {
  if (!progress_ || ++calls_ % tell_every_calls != 0) return;
  const std::unique_lock lock(progress_mutex_, std::try_to_lock);
  if (lock.owns_lock()) progress_(totals());
}

FilesRestoreReport RestoreTally::report() {
  FilesRestoreReport report;
  report.totals = totals();
  const auto note = [&report](std::uint64_t count, const char* what) {
    if (count > 0) report.notes.push_back(std::to_string(count) + what);
  };
  note(owners_lost, " entries belong to whoever restored them: only root can give files away");
  note(extended_lost, " extended attributes could not be set here");
  note(flags_lost, " entries did not get their inode flags (chattr) here");
  note(devices_lost, " devices were not made: only root can make them");
  note(sockets_skipped, " sockets were not restored: they belong to the programs that make them");
  {
    const std::lock_guard lock(mutex_);
    report.failures = failures_;
    report.removed = removed_;
    report.totals.removed = removed_count_;
    report.notes.insert(report.notes.end(), notes_.begin(), notes_.end());
    report.damaged = damaged_;
  }
  if (progress_) {
    const std::lock_guard lock(progress_mutex_);
    progress_(report.totals);
  }
  return report;
}

}  // namespace holdfast::source
