// Restoring: what was backed up comes back, and what can't is named.
#include "engine/restore.hpp"

#include <filesystem>

#include "engine_fixture.hpp"

namespace holdfast::engine {
namespace {

using base::ErrorCode;
namespace fs = std::filesystem;

class RestoreTest : public EngineTest {
 protected:
  RestoreTest() {
    make_tree();
    create();
  }
};

TEST_F(RestoreTest, RoundTrip) {
  (void)back_up(*open());
  const auto at = open(passphrase, "b");
  EXPECT_TRUE(differences(files(), restored(*at)).empty());
}

TEST_F(RestoreTest, WholeSnapshotsComeBelowTheTarget) {
  const auto at = open();
  const auto report = back_up(*at);
  const source::FilesRestoreOptions options{.target = root() + "/whole"};
  const auto restored_report = must(engine::restore(
      at->repository(), base::to_hex(*report.snapshot).substr(0, 8), options, {}, {}));
  EXPECT_EQ(restored_report.snapshot, *report.snapshot);
  EXPECT_TRUE(differences(files(), options.target + files()).empty());
}

TEST_F(RestoreTest, EachSnapshotHasItsOwnContent) {
  const auto at = open();
  const auto first = back_up(*at);
  write("below/small2", "later");
  fs::remove(files() + "/large");
  fs::remove(files() + "/link");
  (void)back_up(*at);
  const auto now = restored(*at, "latest", "now");
  const auto then = restored(*at, base::to_hex(*first.snapshot), "then");
  EXPECT_TRUE(differences(files(), now).empty());
  EXPECT_TRUE(fs::exists(then + "/large"));
  EXPECT_FALSE(fs::exists(then + "/below/small2"));
}

TEST_F(RestoreTest, NoSuchSnapshotAndNoSuchPath) {
  const auto at = open();
  source::FilesRestoreOptions options{.target = root() + "/out"};
  EXPECT_EQ(engine::restore(at->repository(), "latest", options, {}, {}).error().code(),
            ErrorCode::not_found);
  (void)back_up(*at);
  EXPECT_EQ(engine::restore(at->repository(), "0000", options, {}, {}).error().code(),
            ErrorCode::not_found);
  options.path = files() + "/absent";
  EXPECT_EQ(engine::restore(at->repository(), "latest", options, {}, {}).error().code(),
            ErrorCode::not_found);
}

TEST_F(RestoreTest, WhatCannotBeRestoredIsNamedAndTheRestComes) {
  (void)back_up(*open());
  // Damage one object of a data pack: some file loses a part.
  const auto packs = objects("data");
  ASSERT_GT(packs.size(), 2U);
  flip_byte(packs[0], 200);
  const auto at = open(passphrase, "b");
  const source::FilesRestoreOptions options{.target = root() + "/out", .path = files()};
  const auto report = must(engine::restore(at->repository(), "latest", options, {}, {}));
  EXPECT_TRUE(report.files.damaged);
  ASSERT_GT(report.files.totals.failures, 0U);
  ASSERT_FALSE(report.files.failures.empty());
  for (const auto& failure : report.files.failures) {
    EXPECT_TRUE(failure.path.starts_with(files())) << failure.path;
    EXPECT_FALSE(failure.message.empty());
  }
  // Whatever is there under a name of the original is either named or right.
  std::vector<std::string> named;
  for (const auto& failure : report.files.failures) {
    named.push_back(failure.path.substr(files().size() + 1));
  }
  for (const auto& path : differences(files(), options.target)) {
    if (!fs::is_regular_file(options.target + "/" + path)) continue;
    if (path == "same" || path == "below/middle") continue;  // one file: either may be named
    EXPECT_NE(std::find(named.begin(), named.end(), path), named.end()) << path;
  }
  EXPECT_TRUE(fs::exists(options.target + "/below/empty"));
}

TEST_F(RestoreTest, ADryRunWritesNothing) {
  const auto at = open();
  (void)back_up(*at);
  const source::FilesRestoreOptions options{
      .target = root() + "/out", .path = files(), .run = source::FilesRestoreOptions::Run::dry};
  const auto report = must(engine::restore(at->repository(), "latest", options, {}, {}));
  EXPECT_EQ(report.files.totals.files, 6U);
  EXPECT_FALSE(fs::exists(options.target));
}

TEST_F(RestoreTest, ProgressOnlyGrows) {
  const auto at = open();
  (void)back_up(*at);
  const source::FilesRestoreOptions options{.target = root() + "/out"};
  Progress last;
  const auto progress = [&](const Progress& now) {
    EXPECT_GE(now.items, last.items);
    EXPECT_GE(now.bytes, last.bytes);
    EXPECT_LE(now.bytes, now.bytes_total);
    last = now;
  };
  (void)must(engine::restore(at->repository(), "latest", options, progress, {}));
}

TEST_F(RestoreTest, AStopIsHeeded) {
  const auto at = open();
  (void)back_up(*at);
  std::stop_source stop;
  stop.request_stop();
  const source::FilesRestoreOptions options{.target = root() + "/out"};
  EXPECT_EQ(
      engine::restore(at->repository(), "latest", options, {}, stop.get_token()).error().code(),
      ErrorCode::cancelled);
}

}  // namespace
}  // namespace holdfast::engine
