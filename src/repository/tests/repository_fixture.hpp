// A repository in memory with small chunks and packs, a clock that tests move, and snapshots of
// made-up files: what tests of the writing, reading and pruning parts share.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "io/executor.hpp"
#include "io/file_system.hpp"
#include "repository/repository.hpp"
#include "repository/snapshot_writer.hpp"
#include "storage/memory.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::repository {

// Stands still until it is moved. Thread-safe.
class TestClock final : public base::Clock {
 public:
  [[nodiscard]] base::Time now() const override { return {start + passed_.load()}; }
  [[nodiscard]] base::Duration monotonic() const override { return {passed_.load()}; }
  void advance(base::Duration duration) { passed_ += duration.nanoseconds; }

 private:
  static constexpr std::int64_t start = 1'800'000'000 * base::nanoseconds_per_second;
  std::atomic<std::int64_t> passed_{0};
};

// Path (absolute) to content. A missing content is a hole of that many bytes.
using TestFiles = std::map<std::string, base::Bytes>;

// A bucket with object lock.
[[nodiscard]] storage::Capabilities locked_bucket();
constexpr base::Duration lock_of_bucket = base::days(30);

// One storage, and machines that use it, each with a cache of its own.
class TestRepository {
 public:
  explicit TestRepository(storage::Capabilities capabilities = {
                              .versions = false, .retention = false, .consistent = true});

  [[nodiscard]] static Config small_config();
  [[nodiscard]] Environment environment(const std::string& machine = "a");
  // Opened anew; ends the test's process if that fails.
  [[nodiscard]] std::unique_ptr<Repository> open(const std::string& machine = "a");
  [[nodiscard]] static base::ByteView passphrase() { return base::as_bytes("test passphrase"); }

  TestClock clock;
  base::SystemRandom random;
  io::ThreadExecutor executor;
  io::LocalFileSystem files;

 private:
  std::unique_ptr<storage::MemoryStorage> made_;  // until it is owned below

 public:
  storage::MemoryStorage& storage;

 private:
  // What the repository sees: where there are versions, through what lies over them.
  std::unique_ptr<storage::Storage> seen_;
  TemporaryDirectory cache_;
};

// Random bytes that don't compress, the same for the same seed.
[[nodiscard]] base::Bytes noise(std::uint64_t seed, std::size_t size);

// Makes a snapshot of `content`. With a parent, files whose token is the same are taken over; the
// token is a hash of the content.
base::Result<CommittedSnapshot> write_snapshot(Repository& repository, const TestFiles& content,
                                               const std::string& label = "test");
// Stores a second snapshot of the same tree, `earlier` than it by its own account, as a writer that
// slept would: once `session_ttl` has passed since that one was made, this one is late.
ObjectHash put_late_snapshot(Repository& repository, SnapshotSummary summary,
                             base::Duration earlier = base::seconds(1));
// Reads it back whole.
base::Result<TestFiles> read_snapshot(Repository& repository, const TreeRoot& root);

// Fails the test unless the result is a value, which it gives.
template <typename T>
T must(base::Result<T> result) {
  CHECK(result.ok(), result.ok() ? "" : result.error().to_string());
  return std::move(result).value();
}
inline void must(base::Result<void> result) {
  CHECK(result.ok(), result.ok() ? "" : result.error().to_string());
}

}  // namespace holdfast::repository
