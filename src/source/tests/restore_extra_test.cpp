// Removing what the snapshot doesn't have: what goes, what stays, and what can't be reached.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "source/files/restore.hpp"
#include "support/scratch.hpp"
#include "support/snapshots.hpp"

namespace holdfast::source {
namespace {

using test::capture;
using test::exists;
using test::make_directory;
using test::Scratch;
using test::write_file;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RestoreExtraTest : public testing::Test {
 protected:
  RestoreExtraTest() {
    make_directory(original / "tree/dir");
    make_directory(original / "tree/empty");
    write_file(original / "tree/a", "a");
    write_file(original / "tree/dir/b", "b");
    snapshot = capture(original / "tree");
    options.target = target.path();
    options.extra = FilesRestoreOptions::Extra::remove;
    options.covered = {original / "tree"};
  }
  FilesRestoreReport restore() const { return test::restore(snapshot, options); }
  // A path of the target, as the snapshot has it.
  [[nodiscard]] std::string at(const std::string& path) const {
    return target.path() + original.path() + "/" + path;
  }
  void put(const std::string& path, const std::string& content = "extra") const {
    make_directory(at(path).substr(0, at(path).rfind('/')));
    write_file(at(path), content);
  }
  // Without the temporary directory's name, sorted.
  [[nodiscard]] std::vector<std::string> removed(const FilesRestoreReport& report) const {
    std::vector<std::string> paths;
    for (const auto& path : report.removed)
      paths.push_back(path.substr(original.path().size() + 1));
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  Scratch original;
  Scratch target;
  test::Snapshot snapshot;
  FilesRestoreOptions options;
};

TEST_F(RestoreExtraTest, WhatTheSnapshotLacksGoes) {
  put("tree/extra");
  put("tree/dir/deep/er/x");
  put("tree/empty/y");
  put("beside");
  const auto report = restore();
  EXPECT_THAT(removed(report), ElementsAre("tree/dir/deep", "tree/dir/deep/er",
                                           "tree/dir/deep/er/x", "tree/empty/y", "tree/extra"));
  EXPECT_EQ(report.totals.removed, 5U);
  EXPECT_THAT(report.notes, IsEmpty());
  EXPECT_FALSE(exists(at("tree/dir/deep")));
  EXPECT_TRUE(exists(at("beside")));  // above what was captured
  EXPECT_TRUE(exists(at("tree/dir/b")));
  EXPECT_THAT(test::differences(original / "tree", at("tree")), IsEmpty());  // times included
}

TEST_F(RestoreExtraTest, KeptUnlessAskedFor) {
  put("tree/extra");
  options.extra = FilesRestoreOptions::Extra::keep;
  EXPECT_THAT(restore().removed, IsEmpty());
  EXPECT_TRUE(exists(at("tree/extra")));
}

TEST_F(RestoreExtraTest, ADryRunListsAndTouchesNothing) {
  put("tree/dir/deep/x");
  options.run = FilesRestoreOptions::Run::dry;
  EXPECT_THAT(removed(restore()), ElementsAre("tree/dir/deep", "tree/dir/deep/x"));
  EXPECT_TRUE(exists(at("tree/dir/deep/x")));
  // Also into what isn't there at all.
  options.target = target / "nothing";
  EXPECT_THAT(restore().removed, IsEmpty());
}

TEST_F(RestoreExtraTest, NothingIsRemovedThroughASymlink) {
  const Scratch elsewhere;
  write_file(elsewhere / "precious", "x");
  make_directory(at("tree"));
  ASSERT_EQ(::symlink(elsewhere.path().c_str(), at("tree/link").c_str()), 0);
  EXPECT_THAT(removed(restore()), ElementsAre("tree/link"));
  EXPECT_TRUE(exists(elsewhere / "precious"));
  // A symlink where the snapshot has a directory.
  test::shell("rm -rf '" + at("tree/empty") + "'");
  ASSERT_EQ(::symlink(elsewhere.path().c_str(), at("tree/empty").c_str()), 0);
  (void)test::try_restore(snapshot, options);
  EXPECT_TRUE(exists(elsewhere / "precious"));
}

TEST_F(RestoreExtraTest, WhatWasLeftOutOfTheCaptureStays) {
  put("tree/a.keep");
  put("tree/new/b.keep");
  put("tree/new/c");
  put("tree/unread/d");
  put("tree/top");
  options.left_out = {"*.keep", "/top"};  // anchored: from the captured path
  options.spared = {original / "tree/unread"};
  EXPECT_THAT(removed(restore()), ElementsAre("tree/new/c"));
  for (const auto* path : {"tree/a.keep", "tree/new/b.keep", "tree/unread/d", "tree/top"}) {
    EXPECT_TRUE(exists(at(path))) << path;
  }
}

TEST_F(RestoreExtraTest, ADirectoryThatCouldNotBeReadKeepsWhatItHas) {
  put("tree/empty/y");
  options.spared = {original / "tree/empty"};
  EXPECT_THAT(restore().removed, IsEmpty());
  EXPECT_TRUE(exists(at("tree/empty/y")));
}

TEST_F(RestoreExtraTest, OnlyWhatIsIncluded) {
  put("tree/x.txt");
  put("tree/x.bin");
  put("tree/dir/sub/y.bin");
  options.includes = {"*.txt", "dir/"};
  EXPECT_THAT(removed(restore()), ElementsAre("tree/dir/sub", "tree/dir/sub/y.bin", "tree/x.txt"));
}

TEST_F(RestoreExtraTest, OnlyBelowWhatIsCovered) {
  put("tree/extra");
  put("tree/dir/extra");
  options.covered = {original / "tree/dir"};
  EXPECT_THAT(removed(restore()), ElementsAre("tree/dir/extra"));
  options.covered = {};
  put("tree/dir/extra");
  EXPECT_THAT(restore().removed, IsEmpty());
}

TEST_F(RestoreExtraTest, AfterAFailureNothingGoes) {
  put("tree/extra");
  auto broken = snapshot;
  auto entries = snapshot.entries;
  for (auto& entry : entries) {
    if (entry.kind == repository::EntryKind::file) entry.attributes = {0xff};
  }
  broken = test::snapshot_of(entries, snapshot.chunks);
  const auto report = test::try_restore(broken, options).value();
  EXPECT_GT(report.totals.failures, 0U);
  EXPECT_THAT(report.removed, IsEmpty());
  EXPECT_THAT(report.notes, testing::Contains(HasSubstr("nothing that the snapshot doesn't have")));
  EXPECT_TRUE(exists(at("tree/extra")));
}

TEST_F(RestoreExtraTest, OtherFileSystemsStay) {
  if (!test::is_root()) GTEST_SKIP() << "needs root to mount";
  make_directory(at("tree/mounted"));
  if (::mount("none", at("tree/mounted").c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "mount is not allowed here";
  }
  write_file(at("tree/mounted/x"), "x");
  const auto report = restore();
  EXPECT_TRUE(exists(at("tree/mounted/x")));
  EXPECT_THAT(report.notes, testing::Contains(HasSubstr("another file system")));
  EXPECT_EQ(::umount(at("tree/mounted").c_str()), 0);
}

TEST_F(RestoreExtraTest, APartOfASnapshotIsRefused) {
  options.path = original / "tree";
  const auto done = test::try_restore(snapshot, options);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code(), base::ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace holdfast::source
