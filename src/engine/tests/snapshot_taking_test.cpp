// The frame of every capture: committed whole, or not at all.
#include "snapshot_taking.hpp"

#include "engine_fixture.hpp"
#include "repository/path_key.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::engine {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using source::FilesCaptureResult;

class SnapshotTakingTest : public EngineTest {
 protected:
  SnapshotTakingTest() { create(); }
};

TEST_F(SnapshotTakingTest, CommitsWhatWasWritten) {
  const auto at = open();
  const auto capture = [](repository::SnapshotWriter& writer) -> Result<FilesCaptureResult> {
    repository::Entry entry;
    entry.key = repository::key_of_path("/a").value();
    TRY(writer.add(std::move(entry)));
    writer.warn("/a", "strange");
    return FilesCaptureResult{.files = 1};
  };
  const auto report = must(take_snapshot(
      at->repository(),
      {.source = "own", .label = "it", .paths = snapshot_paths({"/b", "/a", "/b"})}, capture));
  EXPECT_EQ(report.capture.files, 1U);
  EXPECT_EQ(report.warning_count, 1U);
  const auto list = must(repository::list_snapshots(at->repository()));
  ASSERT_EQ(list.snapshots.size(), 1U);
  const auto& summary = list.snapshots[0].summary;
  EXPECT_EQ(summary.source, "own");
  EXPECT_FALSE(summary.host.empty());
  EXPECT_FALSE(summary.program.empty());
  EXPECT_EQ(summary.paths.size(), 2U);
}

TEST_F(SnapshotTakingTest, CommitsNothingOfAFailure) {
  const auto at = open();
  const auto got = take_snapshot(at->repository(), {.source = "own"},
                                 [](repository::SnapshotWriter&) -> Result<FilesCaptureResult> {
                                   return Error(ErrorCode::io, "no");
                                 });
  EXPECT_EQ(got.error().message(), "no");
  EXPECT_TRUE(must(repository::list_snapshots(at->repository())).snapshots.empty());
}

}  // namespace
}  // namespace holdfast::engine
