// Wiring of capture and restore with memory.
#include "support/snapshots.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace holdfast::source::test {

base::Bytes key_of(std::string path) {
  std::ranges::replace(path, '/', '\0');
  const auto bytes = base::as_bytes(path);
  return {bytes.begin(), bytes.end()};
}

const repository::Entry* Snapshot::find(std::string path) const {
  if (path.starts_with('/')) path.erase(0, 1);
  const auto key = key_of(std::move(path));
  const auto found = std::ranges::find(entries, key, &repository::Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

FilesCaptureOptions options_for(const std::string& root) {
  FilesCaptureOptions options;
  options.roots = {root};
  return options;
}

Snapshot capture(const FilesCaptureOptions& options, const Snapshot* parent) {
  Snapshot snapshot;
  snapshot.chunks = parent != nullptr ? parent->chunks : std::make_shared<MemoryChunks>();
  snapshot.started = base::SystemClock().now() + base::hours(1);
  MemorySink sink(*snapshot.chunks);
  io::ThreadExecutor executor;
  std::optional<repository::TreeCursor> before;
  if (parent != nullptr) before.emplace(*parent->chunks, parent->root);
  const FilesParent view{.entries = before ? &*before : nullptr,
                         .started = parent != nullptr ? parent->started : base::Time{}};
  auto result = capture_files(options, view, sink, executor, {}, {});
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().to_string());
  if (result.ok()) snapshot.result = result.value();
  auto root = sink.finish();
  EXPECT_TRUE(root.ok()) << (root.ok() ? "" : root.error().to_string());
  if (root.ok()) snapshot.root = root.value();
  snapshot.warnings = sink.warnings();
  snapshot.entries = sink.entries();
  snapshot.reused = sink.reused();
  return snapshot;
}

Snapshot capture(const std::string& root, const Snapshot* parent) {
  return capture(options_for(root), parent);
}

base::Result<FilesRestoreReport> try_restore(const Snapshot& snapshot,
                                             const FilesRestoreOptions& options) {
  io::ThreadExecutor executor;
  return restore_files(options, *snapshot.chunks, snapshot.root, executor, {}, {});
}

FilesRestoreReport restore(const Snapshot& snapshot, const FilesRestoreOptions& options) {
  auto report = try_restore(snapshot, options);
  EXPECT_TRUE(report.ok()) << (report.ok() ? "" : report.error().to_string());
  if (!report.ok()) return {};
  for (const auto& failure : report.value().failures) {
    ADD_FAILURE() << base::printable(failure.path) << ": " << failure.message;
  }
  EXPECT_FALSE(report.value().damaged);
  return std::move(report).value();
}

FilesRestoreReport restore(const Snapshot& snapshot, const std::string& path,
                           const std::string& target) {
  FilesRestoreOptions options;
  options.path = path;
  options.target = target;
  return restore(snapshot, options);
}

Snapshot snapshot_of(std::vector<repository::Entry> entries, std::shared_ptr<MemoryChunks> chunks) {
  Snapshot snapshot;
  snapshot.chunks = chunks != nullptr ? std::move(chunks) : std::make_shared<MemoryChunks>();
  std::ranges::sort(entries, {}, &repository::Entry::key);
  repository::TreeBuilder tree(*snapshot.chunks);
  for (const auto& entry : entries) EXPECT_TRUE(tree.add(entry).ok());
  auto root = tree.finish();
  EXPECT_TRUE(root.ok());
  if (root.ok()) snapshot.root = root.value();
  snapshot.entries = std::move(entries);
  return snapshot;
}

}  // namespace holdfast::source::test
