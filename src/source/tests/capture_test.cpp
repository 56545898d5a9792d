// What a capture records, leaves out, recognises and warns about.
#include "source/files/capture.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "source/files/posix_attributes.hpp"
#include "support/scratch.hpp"
#include "support/snapshots.hpp"

namespace holdfast::source {
namespace {

using repository::Entry;
using repository::EntryKind;
using test::capture;
using test::options_for;
using test::Scratch;
using test::Snapshot;
using test::write_file;

PosixAttributes attributes_of(const Entry& entry) {
  auto decoded = decode_attributes(entry.attributes);
  EXPECT_TRUE(decoded.ok());
  return decoded.ok() ? decoded.value() : PosixAttributes{};
}

testing::AssertionResult warned(const Snapshot& snapshot, const std::string& path,
                                const std::string& message) {
  auto failure = testing::AssertionFailure();
  for (const auto& each : snapshot.warnings) {
    if (each.path == path && each.message.find(message) != std::string::npos)
      return testing::AssertionSuccess();
    failure << each.path << ": " << each.message << "\n";
  }
  return failure << "nothing else";
}

// Captures with a sink of which one call is preceded by `act`, as if another program did something
// at that moment.
class ActingSink final : public repository::EntrySink {
 public:
  ActingSink(test::MemorySink& sink, std::function<void()> on_add, std::function<void()> on_filled)
      : sink_(sink), on_add_(std::move(on_add)), on_filled_(std::move(on_filled)) {}
  base::Result<void> add(Entry entry) override {
    if (on_add_) on_add_();
    return sink_.add(std::move(entry));
  }
  base::Result<Reuse> reuse(Entry entry) override { return sink_.reuse(std::move(entry)); }
  base::Result<void> begin_content(std::uint64_t size) override {
    return sink_.begin_content(size);
  }
  base::Result<void> begin_overlay() override { return sink_.begin_overlay(); }
  base::Result<Reuse> reuse_extent(const repository::Extent& extent) override {
    return sink_.reuse_extent(extent);
  }
  base::Result<base::MutableByteView> buffer() override { return sink_.buffer(); }
  base::Result<void> filled(std::size_t size) override {
    if (on_filled_) on_filled_();
    return sink_.filled(size);
  }
  base::Result<void> hole(std::uint64_t size) override { return sink_.hole(size); }
  base::Result<void> end_content(Entry entry) override {
    return sink_.end_content(std::move(entry));
  }
  void abandon_content() override { sink_.abandon_content(); }
  void warn(std::string path, std::string message) override {
    sink_.warn(std::move(path), std::move(message));
  }

 private:
  test::MemorySink& sink_;
  std::function<void()> on_add_;
  std::function<void()> on_filled_;
};

Snapshot capture_while(const std::string& root, const std::function<void()>& on_add,
                       const std::function<void()>& on_filled) {
  Snapshot snapshot;
  snapshot.chunks = std::make_shared<test::MemoryChunks>();
  test::MemorySink sink(*snapshot.chunks);
  ActingSink acting(sink, on_add, on_filled);
  io::ThreadExecutor executor;
  auto result = capture_files(options_for(root), {}, acting, executor, {}, {});
  EXPECT_TRUE(result.ok());
  if (result.ok()) snapshot.result = result.value();
  EXPECT_TRUE(sink.finish().ok());
  snapshot.warnings = sink.warnings();
  snapshot.entries = sink.entries();
  return snapshot;
}

TEST(Capture, RecordsEveryKind) {
  const Scratch scratch;
  write_file(scratch / "file", "content");
  ::chmod((scratch / "file").c_str(), 04751);
  test::set_mtime(scratch / "file", 1'234'567'890'123'456'789);
  ASSERT_EQ(::symlink("some/where", (scratch / "link").c_str()), 0);
  ASSERT_EQ(::mkfifo((scratch / "pipe").c_str(), 0600), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  (scratch / "socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(socket);
  write_file(scratch / "empty", "");
  const auto snapshot = capture(scratch.path());

  EXPECT_EQ(snapshot.result.files, 2U);
  EXPECT_EQ(snapshot.result.others, 3U);
  EXPECT_EQ(snapshot.result.directories, 3U);  // "/", "/tmp" and the root
  EXPECT_EQ(snapshot.result.added, 8U);
  EXPECT_EQ(snapshot.result.bytes, 7U);
  EXPECT_EQ(snapshot.result.warnings, 0U);
  const auto* file = snapshot.find(scratch / "file");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->kind, EntryKind::file);
  EXPECT_EQ(file->size, 7U);
  EXPECT_EQ(attributes_of(*file).mode, 04751U);
  EXPECT_EQ(attributes_of(*file).mtime, 1'234'567'890'123'456'789);
  EXPECT_EQ(attributes_of(*file).uid, ::geteuid());
  if (test::is_root()) {
    EXPECT_EQ(attributes_of(*file).user, "root");
  }
  const auto* link = snapshot.find(scratch / "link");
  ASSERT_NE(link, nullptr);
  EXPECT_EQ(link->kind, EntryKind::symlink);
  EXPECT_EQ(base::as_text(attributes_of(*link).symlink_target), "some/where");
  ASSERT_NE(snapshot.find(scratch / "pipe"), nullptr);
  EXPECT_EQ(snapshot.find(scratch / "pipe")->kind, EntryKind::fifo);
  ASSERT_NE(snapshot.find(scratch / "socket"), nullptr);
  EXPECT_EQ(snapshot.find(scratch / "socket")->kind, EntryKind::socket);
  EXPECT_NE(attributes_of(*snapshot.find(scratch / "socket")).note, "");
  ASSERT_NE(snapshot.find(scratch / "empty"), nullptr);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(snapshot.find(scratch / "empty")->content));
}

TEST(Capture, RecordsDevicesAndExtendedAttributes) {
  if (!test::is_root()) GTEST_SKIP() << "needs root";
  const Scratch scratch;
  ASSERT_EQ(::mknod((scratch / "null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
  write_file(scratch / "file", "x");
  ASSERT_EQ(::setxattr((scratch / "file").c_str(), "user.b", "2", 1, 0), 0);
  ASSERT_EQ(::setxattr((scratch / "file").c_str(), "user.a", "", 0, 0), 0);
  ASSERT_EQ(::symlink("x", (scratch / "link").c_str()), 0);
  ASSERT_EQ(::lsetxattr((scratch / "link").c_str(), "trusted.t", "3", 1, 0), 0);
  ASSERT_TRUE(test::shell("chattr +d " + (scratch / "file")));
  const auto snapshot = capture(scratch.path());
  const auto device = attributes_of(*snapshot.find(scratch / "null")).device;
  EXPECT_EQ(device, (DeviceNumber{.major = 1, .minor = 3}));
  const auto file = attributes_of(*snapshot.find(scratch / "file"));
  ASSERT_EQ(file.extended.size(), 2U);
  EXPECT_EQ(file.extended[0].name, "user.a");
  EXPECT_EQ(file.extended[1].value, base::Bytes{'2'});
  EXPECT_EQ(file.inode_flags, 0x40U);
  EXPECT_EQ(attributes_of(*snapshot.find(scratch / "link")).extended[0].name, "trusted.t");
}

TEST(Capture, GivesKeysInOrderWhateverTheNames) {
  const Scratch scratch;
  for (const auto* name : {"a", "a-b", "b\nc", "\xff\xfe", " ", "a\x01", "Z", "~", "\xc3\xa9"}) {
    test::make_directory(scratch / name);
    write_file((scratch / name) + "/inside", name);
    write_file((scratch / name) + ".file", name);
  }
  const auto snapshot = capture(scratch.path());
  EXPECT_EQ(snapshot.result.files, 18U);
  EXPECT_TRUE(std::ranges::is_sorted(snapshot.entries, {}, &Entry::key));
  EXPECT_TRUE(snapshot.has(scratch / "\xff\xfe/inside"));
  EXPECT_TRUE(snapshot.has(scratch / "b\nc/inside"));
}

TEST(Capture, FoldsRootsAndRecordsWhatLiesAboveThem) {
  const Scratch scratch;
  test::make_directory(scratch / "a/b");
  test::make_directory(scratch / "c");
  ::chmod((scratch / "a").c_str(), 0700);
  write_file(scratch / "a/b/file", "1");
  write_file(scratch / "a/beside", "2");
  write_file(scratch / "c/file", "3");
  FilesCaptureOptions options;
  options.roots = {scratch / "c/file", scratch / "a/b/", (scratch / "a//b/./file"),
                   scratch / "a/b"};
  const auto snapshot = capture(options);
  EXPECT_TRUE(snapshot.has("") && snapshot.has("tmp") && snapshot.has(scratch.path()));
  EXPECT_TRUE(snapshot.has(scratch / "a/b/file"));
  EXPECT_TRUE(snapshot.has(scratch / "c/file"));
  EXPECT_FALSE(snapshot.has(scratch / "a/beside"));
  EXPECT_EQ(attributes_of(*snapshot.find(scratch / "a")).mode, 0700U);
  EXPECT_EQ(snapshot.result.directories, 6U);
  EXPECT_EQ(snapshot.result.warnings, 0U);
}

TEST(Capture, RootsAboveEachOtherWithNamesThatShareABeginning) {
  const Scratch scratch;
  test::make_directory(scratch / "a");
  test::make_directory(scratch / "a-b/c");
  FilesCaptureOptions options;
  options.roots = {scratch / "a-b/c", scratch / "a"};
  const auto snapshot = capture(options);
  EXPECT_TRUE(snapshot.has(scratch / "a") && snapshot.has(scratch / "a-b") &&
              snapshot.has(scratch / "a-b/c"));
}

TEST(Capture, ARootThatIsALinkToADirectoryIsRecordedAndWarnedAbout) {
  const Scratch scratch;
  test::make_directory(scratch / "real");
  write_file(scratch / "real/file", "x");
  ASSERT_EQ(::symlink("real", (scratch / "link").c_str()), 0);
  const auto snapshot = capture(scratch / "link");
  EXPECT_EQ(snapshot.find(scratch / "link")->kind, EntryKind::symlink);
  EXPECT_TRUE(warned(snapshot, scratch / "link", "symbolic link"));
  // On the way to a root a link is followed.
  const auto below = capture(scratch / "link/file");
  EXPECT_EQ(below.find(scratch / "link")->kind, EntryKind::directory);
  EXPECT_TRUE(below.has(scratch / "link/file"));
}

TEST(Capture, RefusesRootsThatMakeNoSense) {
  const Scratch scratch;
  test::MemoryChunks chunks;
  test::MemorySink sink(chunks);
  io::ThreadExecutor executor;
  const auto error_of = [&](std::vector<std::string> roots) {
    FilesCaptureOptions options;
    options.roots = std::move(roots);
    const auto result = capture_files(options, {}, sink, executor, {}, {});
    EXPECT_FALSE(result.ok());
    return result.ok() ? base::ErrorCode::internal : result.error().code();
  };
  EXPECT_EQ(error_of({scratch.path(), scratch / "absent"}), base::ErrorCode::not_found);
  EXPECT_EQ(error_of({"relative"}), base::ErrorCode::invalid_argument);
  EXPECT_EQ(error_of({}), base::ErrorCode::invalid_argument);
  EXPECT_TRUE(sink.finish().ok());
  EXPECT_TRUE(sink.entries().empty());
  auto options = options_for(scratch.path());
  options.exclude_files = {scratch / "absent"};
  const auto result = capture_files(options, {}, sink, executor, {}, {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), base::ErrorCode::not_found);
}

TEST(Capture, LeavesOutWhatPatternsName) {
  const Scratch scratch;
  for (const auto* path : {"cache", "src/cache", "keep", "src/out"})
    test::make_directory(scratch / path);
  for (const auto* path :
       {"cache/x", "src/cache/x", "a.o", "src/b.o", "src/keep.o", "keep/a.txt", "src/out/x"}) {
    write_file(scratch / path, "x");
  }
  write_file(scratch / "patterns", "# objects\n*.o\n!keep.o\n");
  auto options = options_for(scratch.path());
  options.exclude_files = {scratch / "patterns"};
  options.excludes = {"/cache", (scratch / "src/out/")};
  const auto snapshot = capture(options);
  EXPECT_FALSE(snapshot.has(scratch / "cache") || snapshot.has(scratch / "cache/x"));
  EXPECT_TRUE(snapshot.has(scratch / "src/cache/x"));
  EXPECT_FALSE(snapshot.has(scratch / "a.o") || snapshot.has(scratch / "src/b.o"));
  EXPECT_TRUE(snapshot.has(scratch / "src/keep.o"));
  EXPECT_FALSE(snapshot.has(scratch / "src/out"));
}

TEST(Capture, HeedsIgnoreFilesInDirectoriesWhenAsked) {
  const Scratch scratch;
  test::make_directory(scratch / "a/b");
  write_file(scratch / ".gitignore", "*.log\n/top\n");
  write_file(scratch / "a/.gitignore", "!keep.log\n/top\n");
  for (const auto* path :
       {"x.log", "top", "a/keep.log", "a/x.log", "a/top", "a/b/top", "a/b/keep.log"}) {
    write_file(scratch / path, "x");
  }
  EXPECT_TRUE(capture(scratch.path()).has(scratch / "x.log"));
  auto options = options_for(scratch.path());
  options.ignore_file_names = {".gitignore"};
  const auto snapshot = capture(options);
  EXPECT_FALSE(snapshot.has(scratch / "x.log") || snapshot.has(scratch / "a/x.log") ||
               snapshot.has(scratch / "top"));
  EXPECT_FALSE(snapshot.has(scratch / "a/top"));
  EXPECT_TRUE(snapshot.has(scratch / "a/keep.log") && snapshot.has(scratch / "a/b/keep.log"));
  EXPECT_TRUE(snapshot.has(scratch / "a/b/top") && snapshot.has(scratch / "a/.gitignore"));
}

TEST(Capture, LeavesOutMarkedAndCacheDirectories) {
  const Scratch scratch;
  for (const auto* path : {"cache/deep", "fake", "marked"}) test::make_directory(scratch / path);
  write_file(scratch / "cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# more");
  write_file(scratch / "cache/deep/x", "x");
  write_file(scratch / "fake/CACHEDIR.TAG", "Signature: none");
  write_file(scratch / "fake/x", "x");
  write_file(scratch / "marked/.nobackup", "");
  write_file(scratch / "marked/x", "x");
  EXPECT_TRUE(capture(scratch.path()).has(scratch / "cache/deep/x"));
  auto options = options_for(scratch.path());
  options.cache_directories = FilesCaptureOptions::CacheDirectories::skip_contents;
  options.marker_file_names = {".nobackup"};
  const auto snapshot = capture(options);
  EXPECT_TRUE(snapshot.has(scratch / "cache/CACHEDIR.TAG") &&
              snapshot.has(scratch / "marked/.nobackup"));
  EXPECT_FALSE(snapshot.has(scratch / "cache/deep") || snapshot.has(scratch / "marked/x"));
  EXPECT_TRUE(snapshot.has(scratch / "fake/x"));
}

TEST(Capture, StaysOnOneFileSystemWhenAsked) {
  const Scratch scratch;
  test::make_directory(scratch / "mount");
  if (::mount("none", (scratch / "mount").c_str(), "tmpfs", 0, nullptr) != 0)
    GTEST_SKIP() << "can't mount";
  write_file(scratch / "mount/inside", "x");
  auto options = options_for(scratch.path());
  EXPECT_TRUE(capture(options).has(scratch / "mount/inside"));
  options.file_systems = FilesCaptureOptions::FileSystems::same_as_root;
  const auto snapshot = capture(options);
  EXPECT_TRUE(snapshot.has(scratch / "mount"));
  EXPECT_FALSE(snapshot.has(scratch / "mount/inside"));
  ::umount((scratch / "mount").c_str());
}

TEST(Capture, DoesNotEnterFileSystemsThatTheKernelMakesUp) {
  const Scratch scratch;
  test::make_directory(scratch / "proc");
  if (::mount("none", (scratch / "proc").c_str(), "proc", 0, nullptr) != 0)
    GTEST_SKIP() << "can't mount";
  const auto snapshot = capture(scratch.path());
  EXPECT_TRUE(snapshot.has(scratch / "proc"));
  EXPECT_FALSE(snapshot.has(scratch / "proc/version"));
  // Unless it is what was asked for.
  EXPECT_TRUE(capture(scratch / "proc/sys/kernel").has(scratch / "proc/sys/kernel/hostname"));
  ::umount((scratch / "proc").c_str());
}

TEST(Capture, RecognisesWhatHasNotChanged) {
  const Scratch scratch;
  test::make_directory(scratch / "a");
  write_file(scratch / "a/same", "same");
  write_file(scratch / "a/grows", "1");
  write_file(scratch / "a/goes", "1");
  write_file(scratch / "a/mode", "1");
  test::make_directory(scratch / "goes/deeper");
  write_file(scratch / "goes/deeper/x", "x");
  ASSERT_EQ(::symlink("x", (scratch / "link").c_str()), 0);
  const auto first = capture(scratch.path());
  const auto second = capture(scratch.path(), &first);
  EXPECT_EQ(second.result.unchanged, second.entries.size());
  EXPECT_EQ(second.result.bytes_read, 0U);
  EXPECT_EQ(second.result.bytes, first.result.bytes);
  EXPECT_EQ(second.root, first.root);
  EXPECT_EQ(second.reused, second.entries.size());

  write_file(scratch / "a/grows", "12");
  ::chmod((scratch / "a/mode").c_str(), 0600);
  ::unlink((scratch / "a/goes").c_str());
  test::shell("rm -r " + (scratch / "goes"));
  write_file(scratch / "a/new", "new");
  const auto third = capture(scratch.path(), &second);
  EXPECT_EQ(third.result.added, 1U);
  EXPECT_EQ(third.result.changed, 4U);  // two files, two directories
  EXPECT_FALSE(third.has(scratch / "a/goes") || third.has(scratch / "goes"));
  EXPECT_EQ(third.find(scratch / "a/grows")->size, 2U);
  EXPECT_EQ(attributes_of(*third.find(scratch / "a/mode")).mode, 0600U);
  EXPECT_EQ(*third.find(scratch / "a/same"), *first.find(scratch / "a/same"));
  // What an incremental capture writes is what a full one writes, but for the chunks in which
  // contents lie.
  auto full = capture(scratch.path()).entries;
  auto entries = third.entries;
  for (auto& entry : full) entry.content = std::monostate();
  for (auto& entry : entries) entry.content = std::monostate();
  EXPECT_TRUE(entries == full);
}

TEST(Capture, DoesNotTrustTimesThatAreTooYoung) {
  const Scratch scratch;
  write_file(scratch / "file", "content");
  auto first = capture(scratch.path());
  struct stat status;
  ASSERT_EQ(::stat((scratch / "file").c_str(), &status), 0);
  const auto changed =
      status.st_ctim.tv_sec * base::nanoseconds_per_second + status.st_ctim.tv_nsec;
  first.started = base::Time{changed + base::seconds(2).nanoseconds - 1};
  EXPECT_EQ(capture(scratch.path(), &first).result.bytes_read, 7U);
  first.started = base::Time{changed + base::seconds(2).nanoseconds};
  EXPECT_EQ(capture(scratch.path(), &first).result.bytes_read, 0U);
}

TEST(Capture, ReadsAllWhenStatIsNotTrusted) {
  const Scratch scratch;
  write_file(scratch / "file", "content");
  const auto first = capture(scratch.path());
  auto options = options_for(scratch.path());
  options.trust_stat = FilesCaptureOptions::TrustStat::none;
  const auto second = capture(options, &first);
  EXPECT_EQ(second.result.bytes_read, 7U);
  EXPECT_EQ(second.result.changed, 0U);
  EXPECT_EQ(second.root, first.root);
}

TEST(Capture, ReadsAgainWhatTheSinkCanNotReuse) {
  const Scratch scratch;
  write_file(scratch / "file", "content");
  const auto first = capture(scratch / "file");
  test::MemorySink sink(*first.chunks);
  io::ThreadExecutor executor;
  repository::TreeCursor before(*first.chunks, first.root);
  // Four directories come before it; of these none has content, so only the fifth call may be
  // refused.
  ActingSink acting(sink, [] {}, {});
  sink.refuse_reuse();
  const auto result =
      capture_files(options_for(scratch / "file"), {.entries = &before, .started = first.started},
                    acting, executor, {}, {});
  ASSERT_TRUE(result.ok());
  ASSERT_TRUE(sink.finish().ok());
  EXPECT_EQ(sink.entries(), first.entries);
  EXPECT_EQ(result.value().unchanged + result.value().changed, first.entries.size());
}

TEST(Capture, KeepsHoles) {
  const Scratch scratch;
  const int fd = ::open((scratch / "sparse").c_str(), O_RDWR | O_CREAT, 0644);
  ASSERT_EQ(::ftruncate(fd, 10 << 20), 0);
  ASSERT_EQ(::pwrite(fd, "data", 4, 4 << 20), 4);
  ::close(fd);
  write_file(scratch / "all hole", "");
  ASSERT_EQ(::truncate((scratch / "all hole").c_str(), 1 << 20), 0);
  const auto snapshot = capture(scratch.path());
  EXPECT_EQ(snapshot.find(scratch / "sparse")->size, 10U << 20);
  EXPECT_LT(snapshot.result.bytes_read, 100'000U);
  const auto& extents =
      std::get<std::vector<repository::Extent>>(snapshot.find(scratch / "sparse")->content);
  EXPECT_EQ(extents.front().kind, repository::Extent::Kind::hole);
  EXPECT_EQ(extents.back().kind, repository::Extent::Kind::hole);
  EXPECT_EQ(std::get<std::vector<repository::Extent>>(snapshot.find(scratch / "all hole")->content)
                .size(),
            1U);
}

TEST(Capture, RecordsFurtherNamesOfAFileAsHardLinks) {
  const Scratch scratch;
  test::make_directory(scratch / "a");
  write_file(scratch / "m", "content");
  ASSERT_EQ(::link((scratch / "m").c_str(), (scratch / "z").c_str()), 0);
  ASSERT_EQ(::link((scratch / "m").c_str(), (scratch / "a/first").c_str()), 0);
  const auto snapshot = capture(scratch.path());
  EXPECT_EQ(snapshot.find(scratch / "a/first")->kind, EntryKind::file);
  for (const auto* name : {"m", "z"}) {
    const auto* entry = snapshot.find(scratch / name);
    EXPECT_EQ(entry->kind, EntryKind::hard_link);
    EXPECT_EQ(attributes_of(*entry).hard_link_key, snapshot.find(scratch / "a/first")->key);
  }
  EXPECT_EQ(snapshot.result.bytes_read, 7U);
  EXPECT_EQ(snapshot.result.files, 3U);
  const auto again = capture(scratch.path(), &snapshot);
  EXPECT_EQ(again.root, snapshot.root);
  EXPECT_EQ(again.result.unchanged, again.entries.size());
  // Without its first name the file is read under the next one.
  ::unlink((scratch / "a/first").c_str());
  const auto later = capture(scratch.path(), &again);
  EXPECT_EQ(later.find(scratch / "m")->kind, EntryKind::file);
  EXPECT_EQ(later.find(scratch / "z")->kind, EntryKind::hard_link);
}

TEST(Capture, WarnsOfWhatVanishesAndGoesOn) {
  const Scratch scratch;
  for (const auto* name : {"a", "b", "c"}) write_file(scratch / name, name);
  test::make_directory(scratch / "d");
  bool acted = false;
  const auto snapshot = capture_while(scratch.path(), {}, [&] {
    if (!acted) ::unlink((scratch / "b").c_str());
    acted = true;
  });
  EXPECT_TRUE(warned(snapshot, scratch / "b", "vanished"));
  EXPECT_FALSE(snapshot.has(scratch / "b"));
  EXPECT_TRUE(snapshot.has(scratch / "c") && snapshot.has(scratch / "d"));
  EXPECT_EQ(snapshot.result.warnings, 1U);
}

TEST(Capture, ReadsAFileThatChangedOnceAgainAndWarnsOfOneThatKeepsChanging) {
  const Scratch scratch;
  write_file(scratch / "once", std::string(1000, '1'));
  int changes = 0;
  auto snapshot = capture_while(scratch.path(), {}, [&] {
    if (++changes == 1) write_file(scratch / "once", std::string(1500, '2'));
  });
  EXPECT_EQ(snapshot.result.warnings, 0U);
  EXPECT_EQ(snapshot.find(scratch / "once")->size, 1500U);
  EXPECT_FALSE(snapshot.find(scratch / "once")->token.empty());

  snapshot = capture_while(scratch.path(), {}, [&] {
    write_file(scratch / "once", std::string(1000 + ++changes, '3'));
  });
  EXPECT_TRUE(warned(snapshot, scratch / "once", "changed while it was read"));
  EXPECT_TRUE(snapshot.find(scratch / "once")->token.empty());
  EXPECT_FALSE(std::holds_alternative<std::monostate>(snapshot.find(scratch / "once")->content));
}

TEST(Capture, AFileThatIsCutWhileItIsReadIsKeptAsFarAsItGoes) {
  const Scratch scratch;
  write_file(scratch / "log", test::noise(200'000, 1));
  const auto snapshot = capture_while(scratch.path(), {}, [&] {
    struct stat status;
    ASSERT_EQ(::stat((scratch / "log").c_str(), &status), 0);
    ASSERT_EQ(::truncate((scratch / "log").c_str(), status.st_size - 20'000), 0);
  });
  EXPECT_TRUE(warned(snapshot, scratch / "log", "changed"));
  EXPECT_LT(snapshot.find(scratch / "log")->size, 200'000U);
}

TEST(Capture, AFileReplacedByALinkIsNotFollowed) {
  const Scratch scratch;
  write_file(scratch / "a", "a");
  write_file(scratch / "b", "b");
  write_file(scratch / "c", "c");
  const auto snapshot = capture_while(scratch.path(), {}, [&] {
    ::unlink((scratch / "b").c_str());
    ASSERT_EQ(::symlink("/etc/passwd", (scratch / "b").c_str()), 0);
  });
  EXPECT_TRUE(warned(snapshot, scratch / "b", "can't be read"));
  EXPECT_FALSE(snapshot.has(scratch / "b"));
}

TEST(Capture, AFileReplacedByAPipeDoesNotBlock) {
  const Scratch scratch;
  write_file(scratch / "a", "a");
  write_file(scratch / "b", "b");
  const auto snapshot = capture_while(scratch.path(), {}, [&] {
    ::unlink((scratch / "b").c_str());
    ASSERT_EQ(::mkfifo((scratch / "b").c_str(), 0600), 0);
  });
  EXPECT_TRUE(warned(snapshot, scratch / "b", "replaced"));
  EXPECT_FALSE(snapshot.has(scratch / "b"));
}

TEST(Capture, WarnsOfWhatMayNotBeRead) {
  if (!test::is_root()) GTEST_SKIP() << "needs root to become someone else";
  const Scratch scratch;
  ::chmod(scratch.path().c_str(), 0755);
  write_file(scratch / "open", "x");
  write_file(scratch / "shut", "x");
  test::make_directory(scratch / "closed/inside");
  ::chmod((scratch / "shut").c_str(), 0600);
  ::chmod((scratch / "closed").c_str(), 0700);
  const auto child = ::fork();
  if (child == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(9);
    const auto snapshot = capture(scratch.path());
    const bool right =
        warned(snapshot, scratch / "shut", "can't be read") && !snapshot.has(scratch / "shut") &&
        warned(snapshot, scratch / "closed", "what it holds is missing") &&
        snapshot.has(scratch / "closed") && !snapshot.has(scratch / "closed/inside") &&
        snapshot.has(scratch / "open") && snapshot.result.warnings == 2;
    ::_exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Capture, WalksTreesDeeperThanDescriptorsAndPathsGo) {
  const Scratch scratch(Scratch::On::memory);
  const std::string name(20, 'd');
  constexpr int depth = 1'000;  // 20 KB of path
  int at = ::open(scratch.path().c_str(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < depth; ++i) {
    ASSERT_EQ(::mkdirat(at, name.c_str(), 0755), 0);
    // Beside the deep one, so that directories are returned to.
    ASSERT_EQ(::mkdirat(at, "e", 0755), 0);
    const int next = ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY);
    ::close(at);
    at = next;
  }
  const int fd = ::openat(at, "file", O_WRONLY | O_CREAT, 0644);
  ASSERT_EQ(::write(fd, "deep", 4), 4);
  ::close(fd);
  ::close(at);
  const auto snapshot = capture(scratch.path());
  EXPECT_EQ(snapshot.result.warnings, 0U);
  // The root, those above it, "/" itself.
  const auto above = std::ranges::count(scratch.path(), '/') + 1;
  EXPECT_EQ(snapshot.result.directories, static_cast<std::uint64_t>(above + 2 * depth));
  EXPECT_EQ(snapshot.result.bytes_read, 4U);
  const auto again = capture(scratch.path(), &snapshot);
  // Others may have touched the folders above meanwhile; nobody touches the scratch.
  EXPECT_GE(again.result.unchanged, again.entries.size() - static_cast<std::size_t>(above - 1));
}

TEST(Capture, EndsWhenAskedTo) {
  const Scratch scratch;
  write_file(scratch / "file", "x");
  test::MemoryChunks chunks;
  test::MemorySink sink(chunks);
  io::ThreadExecutor executor;
  std::stop_source source;
  source.request_stop();
  const auto result =
      capture_files(options_for(scratch.path()), {}, sink, executor, {}, source.get_token());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), base::ErrorCode::cancelled);
}

TEST(Capture, TellsOfItsProgress) {
  const Scratch scratch;
  for (int i = 0; i < 300; ++i) write_file(scratch / std::to_string(i), "12345");
  test::MemoryChunks chunks;
  test::MemorySink sink(chunks);
  io::ThreadExecutor executor;
  std::vector<std::uint64_t> files;
  const auto progress = [&](const FilesCaptureResult& so_far, std::string_view) {
    files.push_back(so_far.files);
  };
  ASSERT_TRUE(capture_files(options_for(scratch.path()), {}, sink, executor, progress, {}).ok());
  EXPECT_GE(files.size(), 3U);
  EXPECT_EQ(files.back(), 300U);
  EXPECT_TRUE(std::ranges::is_sorted(files));
}

}  // namespace
}  // namespace holdfast::source
