// Restore: what comes back, where, over what, and what hostile or damaged snapshots can't do.
#include "source/files/restore.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "source/files/posix_attributes.hpp"
#include "support/scratch.hpp"
#include "support/snapshots.hpp"

namespace holdfast::source {
namespace {

using repository::Entry;
using repository::EntryKind;
using repository::Extent;
using test::capture;
using test::differences;
using test::exists;
using test::key_of;
using test::read_file;
using test::restore;
using test::Scratch;
using test::snapshot_of;
using test::try_restore;
using test::write_file;
using Overwrite = FilesRestoreOptions::Overwrite;

constexpr std::int64_t old_time = 1'500'000'000'123'456'789;

void make_sparse(const std::string& path, std::uint64_t size, std::uint64_t data_at) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_EQ(::ftruncate(fd, static_cast<off_t>(size)), 0);
  ASSERT_EQ(::pwrite(fd, "data", 4, static_cast<off_t>(data_at)), 4);
  ::close(fd);
}

// A bit of everything that a file system can hold.
void fill(const Scratch& scratch) {
  test::make_directory(scratch / "a/b/c");
  test::make_directory(scratch / "empty");
  write_file(scratch / "a/small", "small content");
  write_file(scratch / "a/none", "");
  write_file(scratch / "a/b/large", test::noise(300'000, 1));
  write_file(scratch / "a/b/c/many pieces", test::noise(6'000'000, 2));
  write_file(scratch / "odd \xff\xfe\nname", "odd");
  write_file(scratch / "-rf", "dash");
  make_sparse(scratch / "sparse", 5 << 20, 3 << 20);
  make_sparse(scratch / "a/sparse small", 20'000, 12'288);
  ASSERT_EQ(::link((scratch / "a/small").c_str(), (scratch / "a/b/link").c_str()), 0);
  ASSERT_EQ(::link((scratch / "a/small").c_str(), (scratch / "0 first").c_str()), 0);
  ASSERT_EQ(::symlink("a/small", (scratch / "symlink").c_str()), 0);
  ASSERT_EQ(::symlink("/nowhere/at all", (scratch / "dangling").c_str()), 0);
  ASSERT_EQ(::mkfifo((scratch / "pipe").c_str(), 0640), 0);
  ::chmod((scratch / "a/b/large").c_str(), 0777);
  ::chmod((scratch / "a/small").c_str(), 0400);
  ::chmod((scratch / "empty").c_str(), 01777);
  ASSERT_EQ(::setxattr((scratch / "a/none").c_str(), "user.comment", "hello", 5, 0), 0);
  if (test::is_root()) {
    ASSERT_EQ(::mknod((scratch / "null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
    ASSERT_EQ(::chown((scratch / "a/b/large").c_str(), 1234, 4321), 0);
    ::chmod((scratch / "a/b/large").c_str(), 06755);
    ASSERT_EQ(::lchown((scratch / "symlink").c_str(), 1, 2), 0);
    ASSERT_EQ(::lsetxattr((scratch / "symlink").c_str(), "trusted.t", "x", 1, 0), 0);
    ASSERT_EQ(::chown((scratch / "a/b").c_str(), 7, 8), 0);
    ::chmod((scratch / "a/b").c_str(), 02750);
    const unsigned char capability[] = {1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    ASSERT_EQ(::setxattr((scratch / "-rf").c_str(), "security.capability", capability,
                         sizeof capability, 0),
              0);
    test::shell("setfacl -m u:1:rw,g:2:r '" + (scratch / "a/b/c/many pieces") + "'");
    test::shell("setfacl -d -m u:1:rwx '" + (scratch / "a/b/c") + "'");
  }
  for (const auto* path :
       {"a/b/c", "a/b", "a", "empty", "a/small", "symlink", "pipe", "sparse", "."}) {
    test::set_mtime(scratch / path, old_time);
  }
  ::chmod((scratch / "a/b/c").c_str(), 0555);
}

FilesRestoreOptions into(const std::string& target, const std::string& path = {}) {
  FilesRestoreOptions options;
  options.target = target;
  options.path = path;
  return options;
}

testing::AssertionResult same(const std::string& original, const std::string& copy) {
  const auto found = differences(original, copy);
  if (found.empty()) return testing::AssertionSuccess();
  auto failure = testing::AssertionFailure();
  for (const auto& each : found) failure << base::printable(each) << "\n";
  return failure;
}

Entry entry_of(const std::string& path, EntryKind kind, PosixAttributes attributes = {}) {
  Entry entry;
  entry.key = key_of(path);
  entry.kind = kind;
  if (attributes.mode == 0) attributes.mode = kind == EntryKind::directory ? 0755 : 0644;
  attributes.uid = ::geteuid();
  attributes.gid = ::getegid();
  entry.attributes = encode_attributes(attributes);
  return entry;
}

Entry file_of(const std::string& path, const std::string& content, test::MemoryChunks& chunks) {
  auto entry = entry_of(path, EntryKind::file);
  const auto bytes = base::as_bytes(content);
  const auto id = chunks.put({bytes.begin(), bytes.end()});
  entry.size = content.size();
  entry.content = std::vector<Extent>{{.length = content.size(), .chunk = id.value()}};
  return entry;
}

Entry symlink_of(const std::string& path, const std::string& target) {
  PosixAttributes attributes;
  attributes.mode = 0777;
  const auto bytes = base::as_bytes(target);
  attributes.symlink_target.assign(bytes.begin(), bytes.end());
  return entry_of(path, EntryKind::symlink, attributes);
}

Entry hard_link_of(const std::string& path, const std::string& first) {
  PosixAttributes attributes;
  attributes.hard_link_key = key_of(first);
  return entry_of(path, EntryKind::hard_link, attributes);
}

std::string failure_at(const FilesRestoreReport& report, const std::string& path) {
  for (const auto& failure : report.failures) {
    if (failure.path == path) return failure.message;
  }
  return "";
}

TEST(Restore, BringsBackWhatWasCaptured) {
  const Scratch scratch;
  const Scratch target;
  fill(scratch);
  const auto snapshot = capture(scratch.path());
  const auto report = restore(snapshot, scratch.path(), target / "new/deep");
  EXPECT_TRUE(same(scratch.path(), target / "new/deep"));
  EXPECT_EQ(report.totals.failures, 0U);
  EXPECT_EQ(report.totals.files, snapshot.result.files);
  EXPECT_EQ(report.totals.others, snapshot.result.others);
  EXPECT_EQ(report.totals.bytes, snapshot.result.bytes);
  EXPECT_LT(report.totals.bytes_written, snapshot.result.bytes);  // holes aren't written
  if (test::shell("which rsync")) {
    std::string output;
    EXPECT_TRUE(test::shell("rsync -aHAXn --checksum --delete -i '" + scratch.path() + "/' '" +
                                target.path() + "/new/deep/'",
                            &output));
    EXPECT_EQ(output, "");
  }
}

TEST(Restore, TheWholeSnapshotIsRecreatedBelowTheTarget) {
  const Scratch scratch;
  const Scratch target;
  fill(scratch);
  restore(capture(scratch.path()), into(target / "out"));
  EXPECT_TRUE(same(scratch.path(), target / "out" + scratch.path()));
  struct stat above;
  struct stat made;
  ASSERT_EQ(::stat("/tmp", &above), 0);
  ASSERT_EQ(::stat((target / "out/tmp").c_str(), &made), 0);
  EXPECT_EQ(above.st_mode, made.st_mode);
}

TEST(Restore, AFileComesIntoTheTargetUnderItsName) {
  const Scratch scratch;
  const Scratch target;
  write_file(scratch / "file", "content");
  write_file(scratch / "file2", "other");
  restore(capture(scratch.path()), scratch / "file", target / "out");
  EXPECT_EQ(read_file(target / "out/file"), "content");
  EXPECT_FALSE(exists(target / "out/file2"));
}

TEST(Restore, NothingAtThePathIsAnError) {
  const Scratch scratch;
  const Scratch target;
  write_file(scratch / "file", "content");
  const auto snapshot = capture(scratch.path());
  for (const auto* path : {"/nowhere", "/zzz", "/tmp0"}) {
    const auto result = try_restore(snapshot, into(target.path(), path));
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code(), base::ErrorCode::not_found);
  }
  const auto refused = try_restore(snapshot, into(scratch / "file"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), base::ErrorCode::invalid_argument);
}

TEST(Restore, IncludesChooseAndBringTheDirectoriesAbove) {
  const Scratch scratch;
  const Scratch target;
  for (const auto* path : {"a/deep/er", "b", "c/keep", "d/empty"})
    test::make_directory(scratch / path);
  for (const auto* path :
       {"a/deep/er/x.txt", "a/y.txt", "a/z.bin", "b/x.bin", "c/keep/1", "c/2", "c/keep/no.txt"}) {
    write_file(scratch / path, path);
  }
  ::chmod((scratch / "a").c_str(), 0700);
  test::set_mtime(scratch / "a", old_time);
  auto options = into(target / "out", scratch.path());
  options.includes = {"*.txt", "/c/keep/", "empty/", "!no.txt"};
  const auto report = restore(capture(scratch.path()), options);
  std::string found;
  test::shell("cd " + (target / "out") + " && find . | sort | tr '\\n' ' '", &found);
  EXPECT_EQ(found,
            ". ./a ./a/deep ./a/deep/er ./a/deep/er/x.txt ./a/y.txt ./c ./c/keep ./c/keep/1 ./d "
            "./d/empty ");
  struct stat status;
  ASSERT_EQ(::stat((target / "out/a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700U);
  EXPECT_EQ(status.st_mtim.tv_nsec, old_time % 1'000'000'000);
  EXPECT_EQ(report.totals.files, 3U);
}

TEST(Restore, ChangedLeavesWhatIsRightAndMendsTheRest) {
  const Scratch scratch;
  const Scratch target;
  fill(scratch);
  const auto snapshot = capture(scratch.path());
  restore(snapshot, scratch.path(), target.path());
  const auto second = restore(snapshot, scratch.path(), target.path());
  EXPECT_EQ(second.totals.bytes_written, 0U);
  EXPECT_EQ(second.totals.unchanged, second.totals.files + second.totals.others);
  EXPECT_TRUE(same(scratch.path(), target.path()));

  // One block in the middle, a wrong mode, a wrong kind, a file too many bytes, a lost one, a
  // dropped attribute.
  const int fd = ::open((target / "a/b/c/many pieces").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(::pwrite(fd, "!", 1, 3'000'000), 1);
  ::close(fd);
  ::chmod((target / "odd \xff\xfe\nname").c_str(), 0600);
  ::unlink((target / "-rf").c_str());
  ASSERT_EQ(::symlink("/etc", (target / "-rf").c_str()), 0);
  write_file(target / "a/b/large", test::noise(400'000, 9));
  ::removexattr((target / "a/none").c_str(), "user.comment");
  ::unlink((target / "symlink").c_str());
  ASSERT_EQ(::symlink("elsewhere", (target / "symlink").c_str()), 0);
  const auto third = restore(snapshot, scratch.path(), target.path());
  EXPECT_TRUE(same(scratch.path(), target.path()));
  EXPECT_GE(third.totals.bytes_written, 300'000U);
  EXPECT_LE(third.totals.bytes_written, 300'000U + 128 * 1024 + 10);
}

TEST(Restore, AlwaysFindsChangesThatKeepSizeAndTime) {
  const Scratch scratch;
  const Scratch target;
  write_file(scratch / "file", test::noise(1'000'000, 1));
  make_sparse(scratch / "sparse", 5 << 20, 3 << 20);
  test::set_mtime(scratch / "file", old_time);
  test::set_mtime(scratch / "sparse", old_time);
  const auto snapshot = capture(scratch.path());
  restore(snapshot, scratch.path(), target.path());
  for (const auto* name : {"file", "sparse"}) {
    const int fd = ::open((target / name).c_str(), O_WRONLY | O_CLOEXEC);
    ASSERT_EQ(::pwrite(fd, "changed", 7, 500'000), 7);
    ::close(fd);
    test::set_mtime(target / name, old_time);
  }
  EXPECT_EQ(restore(snapshot, scratch.path(), target.path()).totals.bytes_written, 0U);
  auto options = into(target.path(), scratch.path());
  options.overwrite = Overwrite::always;
  const auto report = restore(snapshot, options);
  EXPECT_TRUE(same(scratch.path(), target.path()));
  EXPECT_GT(report.totals.bytes_written, 0U);
  EXPECT_LE(report.totals.bytes_written, 128U * 1024);
}

TEST(Restore, NeverLeavesEverythingThatIsThere) {
  const Scratch scratch;
  const Scratch target;
  test::make_directory(scratch / "a");
  write_file(scratch / "a/file", "ours");
  write_file(scratch / "a/new", "new");
  ASSERT_EQ(::link((scratch / "a/new").c_str(), (scratch / "a/newer").c_str()), 0);
  ASSERT_EQ(::symlink("ours", (scratch / "link").c_str()), 0);
  test::make_directory(target / "a");
  ::chmod((target / "a").c_str(), 0711);
  write_file(target / "a/file", "theirs");
  write_file(target / "link", "theirs");
  write_file(target / "a/newer", "theirs");
  auto options = into(target.path(), scratch.path());
  options.overwrite = Overwrite::never;
  const auto report = restore(capture(scratch.path()), options);
  EXPECT_EQ(read_file(target / "a/file"), "theirs");
  EXPECT_EQ(read_file(target / "link"), "theirs");
  EXPECT_EQ(read_file(target / "a/newer"), "theirs");
  EXPECT_EQ(read_file(target / "a/new"), "new");
  EXPECT_EQ(report.totals.unchanged, 3U);
  struct stat status;
  ASSERT_EQ(::stat((target / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0711U);
}

TEST(Restore, AFileWithOtherNamesIsReplacedNotChanged) {
  const Scratch scratch;
  const Scratch target;
  write_file(scratch / "file", "new content");
  write_file(target / "outside", "old");
  test::make_directory(target / "in");
  ASSERT_EQ(::link((target / "outside").c_str(), (target / "in/file").c_str()), 0);
  restore(capture(scratch.path()), scratch.path(), target / "in");
  EXPECT_EQ(read_file(target / "in/file"), "new content");
  EXPECT_EQ(read_file(target / "outside"), "old");
}

TEST(Restore, WhatIsInTheWayIsReplacedOrNamed) {
  const Scratch scratch;
  const Scratch target;
  const Scratch outside;
  test::make_directory(scratch / "directory");
  write_file(scratch / "directory/file", "x");
  write_file(scratch / "file", "x");
  write_file(scratch / "last", "x");
  ASSERT_EQ(::symlink(outside.path().c_str(), (target / "directory").c_str()), 0);
  test::make_directory(target / "file/full");
  const auto snapshot = capture(scratch.path());
  auto options = into(target.path(), scratch.path());
  options.overwrite = Overwrite::never;
  auto report = try_restore(snapshot, options).value();
  EXPECT_FALSE(exists(outside / "file"));
  EXPECT_NE(failure_at(report, scratch / "directory/file"), "");
  EXPECT_EQ(read_file(target / "last"), "x");

  report = try_restore(snapshot, into(target.path(), scratch.path())).value();
  EXPECT_FALSE(exists(outside / "file"));
  EXPECT_EQ(read_file(target / "directory/file"), "x");
  EXPECT_NE(failure_at(report, scratch / "file").find("directory"), std::string::npos);
  EXPECT_EQ(report.totals.failures, 1U);
  EXPECT_FALSE(report.damaged);
}

TEST(Restore, NoTreeLeadsOutOfTheTarget) {
  const Scratch target;
  const Scratch outside;
  write_file(outside / "victim", "untouched");
  auto chunks = std::make_shared<test::MemoryChunks>();
  auto slash = file_of("slash", "evil", *chunks);
  slash.key = base::Bytes{'x', 0, '.', '.', '/', 'e'};
  auto dots = file_of("dots", "evil", *chunks);
  dots.key = key_of("../evil");
  auto nothing = file_of("nothing", "evil", *chunks);
  nothing.key = base::Bytes{'y', 0, 0, 'z'};
  const auto snapshot = snapshot_of(
      {entry_of("", EntryKind::directory), symlink_of("a", outside.path()),
       file_of("a/evil", "evil", *chunks), entry_of("a/directory", EntryKind::directory),
       file_of("a/directory/evil", "evil", *chunks), symlink_of("b", outside / "victim"),
       hard_link_of("c", "b"), hard_link_of("d", "tmp/../etc/passwd"), hard_link_of("e", "e"),
       hard_link_of("f", "g"), hard_link_of("h", "absent"), file_of("i", "good", *chunks), slash,
       dots, nothing, entry_of("j", EntryKind::object), symlink_of("k", std::string("a\0b", 3)),
       entry_of("l", EntryKind::character_device)},
      chunks);
  const auto report = try_restore(snapshot, into(target.path()));
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(read_file(outside / "victim"), "untouched");
  EXPECT_FALSE(exists(outside / "evil") || exists(outside / "directory") ||
               exists(target / "../evil"));
  for (const auto* path :
       {"/a/evil", "/a/directory", "/a/directory/evil", "/d", "/e", "/f", "/h", "/j", "/k", "/l"}) {
    EXPECT_NE(failure_at(report.value(), path), "") << path;
  }
  EXPECT_EQ(read_file(target / "i"), "good");
  EXPECT_TRUE(report.value().damaged);
  EXPECT_EQ(report.value().totals.failures, 13U);
}

TEST(Restore, ALinkPutIntoTheTargetMeanwhileIsNotFollowed) {
  const Scratch target;
  const Scratch outside;
  // A link at the place of a large file that is about to be made.
  auto chunks = std::make_shared<test::MemoryChunks>();
  auto large = file_of("d/large", std::string(100, 'x'), *chunks);
  std::get<std::vector<Extent>>(large.content) = {
      {.length = 50, .chunk = std::get<std::vector<Extent>>(large.content)[0].chunk},
      {.kind = Extent::Kind::hole, .length = 50}};
  const auto snapshot = snapshot_of({entry_of("d", EntryKind::directory), large}, chunks);
  test::make_directory(target.path());
  ASSERT_EQ(::symlink(outside.path().c_str(), (target / "d").c_str()), 0);
  EXPECT_TRUE(try_restore(snapshot, into(target.path())).ok());
  EXPECT_FALSE(exists(outside / "large"));
  EXPECT_EQ(read_file(target / "d/large").size(), 100U);
}

TEST(Restore, DamagedChunksAreNamedAndTheRestIsRestored) {
  const Scratch scratch;
  const Scratch target;
  write_file(scratch / "large", test::noise(300'000, 1));
  write_file(scratch / "small", "small");
  write_file(scratch / "whole", test::noise(300'000, 2));
  const auto snapshot = capture(scratch.path());
  const auto chunk_of = [&](const std::string& name, std::size_t index) {
    return std::get<std::vector<Extent>>(snapshot.find(scratch / name)->content)[index].chunk;
  };
  snapshot.chunks->damage(chunk_of("large", 2));
  snapshot.chunks->damage(chunk_of("small", 0));
  const auto report = try_restore(snapshot, into(target.path(), scratch.path()));
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report.value().damaged);
  EXPECT_EQ(report.value().totals.failures, 2U);
  EXPECT_NE(failure_at(report.value(), scratch / "large").find("damaged"), std::string::npos);
  EXPECT_NE(failure_at(report.value(), scratch / "small"), "");
  EXPECT_FALSE(exists(target / "large") || exists(target / "small"));
  EXPECT_EQ(read_file(target / "whole"), read_file(scratch / "whole"));
}

TEST(Restore, EntriesThatContradictThemselvesAreNamed) {
  const Scratch target;
  auto chunks = std::make_shared<test::MemoryChunks>();
  auto beyond = file_of("beyond", "12345", *chunks);
  std::get<std::vector<Extent>>(beyond.content)[0].offset = 3;
  auto nameless = entry_of("attributes", EntryKind::file);
  nameless.attributes = {0xff};
  auto lost_directory = entry_of("z", EntryKind::directory);
  lost_directory.attributes = {0xff};
  const auto snapshot =
      snapshot_of({beyond, nameless, file_of("good", "good", *chunks), lost_directory,
                   file_of("z/inside", "inside", *chunks), file_of("no/entry/above", "x", *chunks)},
                  chunks);
  const auto report = try_restore(snapshot, into(target.path()));
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report.value().totals.failures, 3U);
  EXPECT_FALSE(exists(target / "beyond") || exists(target / "attributes"));
  EXPECT_EQ(read_file(target / "good"), "good");
  EXPECT_EQ(read_file(target / "z/inside"), "inside");
  EXPECT_EQ(read_file(target / "no/entry/above"), "x");
}

TEST(Restore, HardLinksWhoseFileLiesOutsideGetItsContent) {
  const Scratch scratch;
  const Scratch target;
  test::make_directory(scratch / "a");
  test::make_directory(scratch / "b");
  write_file(scratch / "a/file", "content");
  ASSERT_EQ(::link((scratch / "a/file").c_str(), (scratch / "b/1").c_str()), 0);
  ASSERT_EQ(::link((scratch / "a/file").c_str(), (scratch / "b/2").c_str()), 0);
  const auto snapshot = capture(scratch.path());
  restore(snapshot, scratch / "b", target / "b");
  struct stat one;
  struct stat two;
  ASSERT_EQ(::stat((target / "b/1").c_str(), &one), 0);
  ASSERT_EQ(::stat((target / "b/2").c_str(), &two), 0);
  EXPECT_EQ(one.st_ino, two.st_ino);
  EXPECT_EQ(read_file(target / "b/1"), "content");
  restore(snapshot, scratch / "b/2", target / "one");
  EXPECT_EQ(read_file(target / "one/2"), "content");
  auto options = into(target / "included", scratch.path());
  options.includes = {"2"};
  restore(snapshot, options);
  EXPECT_EQ(read_file(target / "included/b/2"), "content");
}

TEST(Restore, ADryRunTouchesNothing) {
  const Scratch scratch;
  const Scratch target;
  fill(scratch);
  const auto snapshot = capture(scratch.path());
  auto options = into(target / "out", scratch.path());
  options.run = FilesRestoreOptions::Run::dry;
  auto report = restore(snapshot, options);
  EXPECT_FALSE(exists(target / "out"));
  EXPECT_EQ(report.totals.files, snapshot.result.files);
  EXPECT_EQ(report.totals.unchanged, 0U);
  restore(snapshot, scratch.path(), target / "out");
  ::unlink((target / "out/a/b/large").c_str());
  report = restore(snapshot, options);
  EXPECT_EQ(report.totals.files - report.totals.unchanged + report.totals.others, 1U);
  EXPECT_EQ(report.totals.bytes, 300'000U);
  EXPECT_FALSE(exists(target / "out/a/b/large"));
}

TEST(Restore, FlagsThatForbidChangesComeLast) {
  if (!test::is_root()) GTEST_SKIP() << "needs root";
  const Scratch scratch;
  const Scratch target;
  test::make_directory(scratch / "shut");
  write_file(scratch / "immutable", test::noise(200'000, 1));
  write_file(scratch / "append", "log");
  write_file(scratch / "shut/file", "x");
  ASSERT_EQ(::link((scratch / "immutable").c_str(), (scratch / "zlink").c_str()), 0);
  ASSERT_TRUE(
      test::shell("cd " + scratch.path() +
                  " && chattr +i immutable shut && chattr +a append && chattr +d shut/file"));
  const auto snapshot = capture(scratch.path());
  restore(snapshot, scratch.path(), target.path());
  EXPECT_TRUE(same(scratch.path(), target.path()));
  restore(snapshot, scratch.path(), target.path());
  auto options = into(target.path(), scratch.path());
  options.overwrite = Overwrite::always;
  restore(snapshot, options);
  EXPECT_TRUE(same(scratch.path(), target.path()));
}

TEST(Restore, ListsThatTheTargetHandsDownDoNotStay) {
  const Scratch scratch;
  const Scratch target;
  fill(scratch);
  if (!test::shell("setfacl -d -m u:1:rwx,g:3:rwx '" + target.path() + "'"))
    GTEST_SKIP() << "no access lists here";
  test::make_directory(target / "out");
  restore(capture(scratch.path()), scratch.path(), target / "out");
  EXPECT_TRUE(same(scratch.path(), target / "out"));
}

TEST(Restore, WithoutRootWhatOnlyRootMayIsNotedOnce) {
  if (!test::is_root()) GTEST_SKIP() << "needs root to become someone else";
  const Scratch scratch;
  const Scratch target;
  fill(scratch);
  ASSERT_EQ(::chown(target.path().c_str(), 65534, 65534), 0);
  const auto snapshot = capture(scratch.path());
  const auto child = ::fork();
  if (child == 0) {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) ::_exit(9);
    auto report = try_restore(snapshot, into(target / "out", scratch.path()));
    if (!report.ok()) ::_exit(2);
    if (report.value().totals.failures != 0) ::_exit(3);
    if (report.value().notes.size() != 3) ::_exit(4);
    report = try_restore(snapshot, into(target / "out", scratch.path()));
    ::_exit(report.ok() && report.value().totals.failures == 0 ? 0 : 5);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(read_file(target / "out/a/b/c/many pieces"), read_file(scratch / "a/b/c/many pieces"));
}

TEST(Restore, AFullDiskEndsItAndLeavesNoHalfFiles) {
  const Scratch scratch;
  const Scratch target;
  write_file(scratch / "a small", "x");
  write_file(scratch / "large", test::noise(3'000'000, 1));
  if (::mount("none", target.path().c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "can't mount";
  const auto report = try_restore(capture(scratch.path()), into(target.path(), scratch.path()));
  EXPECT_FALSE(report.ok());
  if (!report.ok()) {
    EXPECT_EQ(report.error().code(), base::ErrorCode::no_space);
    EXPECT_NE(report.error().hint(), "");
  }
  EXPECT_FALSE(exists(target / "large"));
  ::umount(target.path().c_str());
}

TEST(Restore, AReadOnlyTargetIsSaid) {
  const Scratch scratch;
  const Scratch target;
  write_file(scratch / "file", "x");
  if (::mount("none", target.path().c_str(), "tmpfs", MS_RDONLY, nullptr) != 0)
    GTEST_SKIP() << "can't mount";
  const auto snapshot = capture(scratch.path());
  const auto report = try_restore(snapshot, into(target.path(), scratch.path()));
  ASSERT_TRUE(report.ok());
  EXPECT_NE(failure_at(report.value(), scratch / "file"), "");
  EXPECT_FALSE(report.value().damaged);
  const auto made = try_restore(snapshot, into(target / "out"));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code(), base::ErrorCode::permission_denied);
  ::umount(target.path().c_str());
}

TEST(Restore, EndsWhenAskedToAndLeavesNoHalfFiles) {
  const Scratch scratch;
  const Scratch target;
  write_file(scratch / "large", test::noise(3'000'000, 1));
  const auto snapshot = capture(scratch.path());
  io::ThreadExecutor executor;
  std::stop_source source;
  source.request_stop();
  const auto report = restore_files(into(target.path(), scratch.path()), *snapshot.chunks,
                                    snapshot.root, executor, {}, source.get_token());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), base::ErrorCode::cancelled);
  EXPECT_FALSE(exists(target / "large"));
}

TEST(Restore, DeepTreesComeBack) {
  const Scratch scratch(Scratch::On::memory);
  const Scratch target(Scratch::On::memory);
  constexpr int depth = 1'000;
  const std::string name(20, 'd');
  std::vector<Entry> entries{entry_of("", EntryKind::directory)};
  auto chunks = std::make_shared<test::MemoryChunks>();
  std::string path;
  for (int i = 0; i < depth; ++i) {
    path += (path.empty() ? "" : "/") + name;
    entries.push_back(entry_of(path, EntryKind::directory));
    entries.push_back(file_of(path + "/file", std::to_string(i), *chunks));
  }
  const auto report = restore(snapshot_of(entries, chunks), into(target.path()));
  EXPECT_EQ(report.totals.files, static_cast<std::uint64_t>(depth));
  std::string found;
  EXPECT_TRUE(test::shell("find " + target.path() + " -name file | wc -l", &found));
  EXPECT_EQ(found, std::to_string(depth) + "\n");
}

TEST(Restore, ADirectoryOfAHundredThousandFiles) {
  const Scratch scratch(Scratch::On::memory);
  const Scratch target(Scratch::On::memory);
  constexpr int count = 100'000;
  test::make_directory(scratch / "many");
  for (int i = 0; i < count; ++i)
    write_file(scratch / "many/" + std::to_string(i), i % 10 == 0 ? std::to_string(i) : "");
  const auto snapshot = capture(scratch.path());
  EXPECT_EQ(snapshot.result.files, static_cast<std::uint64_t>(count));
  const auto report = restore(snapshot, scratch.path(), target.path());
  EXPECT_EQ(report.totals.files, static_cast<std::uint64_t>(count));
  EXPECT_TRUE(same(scratch.path(), target.path()));
}

TEST(Restore, LargeFilesOverManyWindowsAndDescriptors) {
  const Scratch target;
  auto chunks = std::make_shared<test::MemoryChunks>();
  std::vector<Entry> entries{entry_of("", EntryKind::directory)};
  // 200 files that take turns on shared chunks, and one with more pieces than a window has room
  // for.
  std::vector<repository::ChunkId> ids;
  std::string plain;
  for (int i = 0; i < 200; ++i) {
    const auto bytes = base::as_bytes("0123456789");
    base::Bytes chunk(bytes.begin(), bytes.end());
    chunk.push_back(static_cast<base::Byte>(i));
    ids.push_back(chunks->put(chunk).value());
  }
  const auto with_pieces = [&](const std::string& name, std::size_t pieces) {
    auto entry = entry_of(name, EntryKind::file);
    repository::ExtentTreeBuilder extents(*chunks);
    for (std::size_t i = 0; i < pieces; ++i) {
      EXPECT_TRUE(extents.add({.length = 5, .chunk = ids[(i * 7) % ids.size()], .offset = 6}).ok());
      entry.size += 5;
    }
    entry.content = extents.finish().value();
    return entry;
  };
  for (int i = 0; i < 200; ++i) entries.push_back(with_pieces("f" + std::to_string(1000 + i), 100));
  entries.push_back(with_pieces("huge", 100'000));
  const auto snapshot = snapshot_of(entries, chunks);
  const auto report = restore(snapshot, into(target.path()));
  EXPECT_EQ(report.totals.files, 201U);
  EXPECT_GT(snapshot.chunks->fetches(), 3U);
  const auto content = read_file(target / "huge");
  ASSERT_EQ(content.size(), 500'000U);
  for (std::size_t i = 0; i < 100'000; ++i) {
    ASSERT_EQ(content.substr(i * 5, 5), "6789" + std::string(1, static_cast<char>((i * 7) % 200)));
  }
  EXPECT_EQ(read_file(target / "f1199"), content.substr(0, 500));
}

TEST(Restore, RealTreesCompareEqual) {
  if (!test::shell("which rsync") || !exists("/usr/share/zoneinfo"))
    GTEST_SKIP() << "needs rsync and some files";
  const Scratch target;
  for (const auto* root : {"/usr/share/zoneinfo", "/usr/share/doc", "/etc"}) {
    if (!exists(root)) continue;
    const auto snapshot = capture(std::string(root));
    restore(snapshot, root, target / "out");
    std::string output;
    EXPECT_TRUE(test::shell(
        std::string("rsync -aHAXn --checksum --delete -i ") + root + "/ " + (target / "out/"),
        &output));
    EXPECT_EQ(output, "") << root;
    test::shell("rm -rf " + (target / "out"));
  }
}

}  // namespace
}  // namespace holdfast::source
