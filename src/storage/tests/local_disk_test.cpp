// LocalStorage on disks that are full or read-only (small tmpfs mounts: this test needs to be root)
// and in processes that are killed at any moment.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/random.hpp"
#include "base/units.hpp"
#include "codec/hash.hpp"
#include "io/executor.hpp"
#include "storage/local.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::storage {

namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

bool is_empty(const std::string& directory) { return fs::is_empty(directory); }

// A tmpfs of its own for one test.
class SmallDisk : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::mount("tmpfs", path().c_str(), "tmpfs", 0, "size=2m"), 0)
        << "mounting a tmpfs failed with errno " << errno << ": run this test as root";
    auto storage = LocalStorage::create(root());
    ASSERT_TRUE(storage.ok()) << storage.error().to_string();
    storage_ = std::move(storage).value();
  }
  void TearDown() override {
    storage_.reset();
    ::umount2(path().c_str(), MNT_DETACH);
  }
  [[nodiscard]] const std::string& path() const { return directory_.path(); }
  [[nodiscard]] std::string root() const { return path() + "/repository"; }
  void make_read_only() {
    ASSERT_EQ(::mount("tmpfs", path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0)
        << errno;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<LocalStorage> storage_;
};

TEST_F(SmallDisk, AFullDiskIsNoSpaceAndLeavesNothing) {
  ASSERT_TRUE(storage_->put("before", base::Bytes(100'000, 1)).ok());
  const auto stored = storage_->put("packs/large", base::Bytes(4 * base::MiB, 2));
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code(), ErrorCode::no_space) << stored.error().to_string();
  EXPECT_FALSE(stored.error().hint().empty());
  EXPECT_EQ(storage_->stat("packs/large").error().code(), ErrorCode::not_found);
  EXPECT_EQ(storage_->list_all("").value().size(), 1U);
  EXPECT_TRUE(is_empty(root() + "/tmp"));
  // The space of the failed upload is free again.
  EXPECT_TRUE(storage_->put("after", base::Bytes(base::MiB, 3)).ok());
  EXPECT_EQ(storage_->get("before", 100'000).value(), base::Bytes(100'000, 1));
}

TEST_F(SmallDisk, AnUploadThatMetAFullDiskStaysFailed) {
  const auto upload = storage_->begin_put();
  ASSERT_FALSE(upload.value()->append(base::Bytes(4 * base::MiB, 2)).ok());
  EXPECT_EQ(upload.value()->append(base::Bytes{1}).error().code(), ErrorCode::no_space);
  EXPECT_EQ(upload.value()->commit("a", {}).error().code(), ErrorCode::no_space);
  EXPECT_TRUE(storage_->list_all("").value().empty());
}

TEST_F(SmallDisk, BufferedBytesThatDoNotFitFailAtCommit) {
  ASSERT_TRUE(storage_->put("filler", base::Bytes(2 * base::MiB - 200'000, 1)).ok());
  const auto upload = storage_->begin_put();
  ASSERT_TRUE(upload.ok()) << upload.error().to_string();
  ASSERT_TRUE(upload.value()->append(base::Bytes(250'000, 2)).ok());
  EXPECT_EQ(upload.value()->commit("a", {}).error().code(), ErrorCode::no_space);
  EXPECT_EQ(storage_->list_all("").value().size(), 1U);
}

TEST_F(SmallDisk, FreeSpaceShrinks) {
  const std::uint64_t before = *storage_->free_bytes().value();
  EXPECT_LE(before, 2 * base::MiB);
  ASSERT_TRUE(storage_->put("a", base::Bytes(base::MiB, 1)).ok());
  EXPECT_LE(*storage_->free_bytes().value(), before - base::MiB);
}

TEST_F(SmallDisk, AReadOnlyDiskCanBeReadAndNotWritten) {
  ASSERT_TRUE(storage_->put("a", base::Bytes{1}).ok());
  make_read_only();
  const auto opened = LocalStorage::open(root());
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  for (LocalStorage* storage : {storage_.get(), opened.value().get()}) {
    EXPECT_EQ(storage->get("a", 10).value(), base::Bytes{1});
    EXPECT_EQ(storage->list_all("").value().size(), 1U);
    const auto stored = storage->put("b", base::Bytes{1});
    ASSERT_FALSE(stored.ok());
    EXPECT_EQ(stored.error().code(), ErrorCode::permission_denied);
    EXPECT_NE(stored.error().hint().find("read-only"), std::string::npos);
    const std::vector<std::string> names = {"a", "absent"};
    const auto removed = storage->remove(names);
    ASSERT_TRUE(removed.ok());
    ASSERT_TRUE(removed.value()[0].error.has_value());
    EXPECT_EQ(removed.value()[0].error->code(), ErrorCode::permission_denied);
  }
  EXPECT_EQ(LocalStorage::create(path() + "/new").error().code(), ErrorCode::permission_denied);
}

TEST_F(SmallDisk, AnUnmountedDiskIsAnOutage) {
  ASSERT_TRUE(storage_->put("a", base::Bytes{1}).ok());
  // Lazily, because the storage holds its root open; the mount point is empty from now on.
  ASSERT_EQ(::umount2(path().c_str(), MNT_DETACH), 0);
  EXPECT_EQ(storage_->stat("b").error().code(), ErrorCode::unavailable);
  EXPECT_EQ(storage_->list({}).error().code(), ErrorCode::unavailable);
  EXPECT_EQ(storage_->put("b", base::Bytes{1}).error().code(), ErrorCode::unavailable);
  EXPECT_EQ(LocalStorage::open(root()).error().code(), ErrorCode::not_found);
}

// What another user sees of the repository at `root`; 0 if all is as it should be.
int look_as_nobody(const std::string& root, bool may_enter) {
  constexpr ::uid_t nobody = 65534;
  if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) return 10;
  const auto denied = [](const auto& result) {
    return !result.ok() && result.error().code() == ErrorCode::permission_denied &&
           !result.error().hint().empty();
  };
  const auto storage = LocalStorage::open(root);
  if (!may_enter) return denied(storage) ? 0 : 11;
  if (!storage.ok()) return 12;
  if (!denied(storage.value()->get("a", 10))) return 13;
  if (!denied(storage.value()->put("b", base::Bytes{1}))) return 14;
  if (!denied(storage.value()->list_all("packs/"))) return 15;
  return 0;
}

// In a child process, because root may do everything.
TEST(OtherUser, IsDenied) {
  ASSERT_EQ(::geteuid(), 0U) << "run this test as root";
  const TemporaryDirectory directory;
  const std::string root = directory.path() + "/repository";
  const auto storage = LocalStorage::create(root);
  ASSERT_TRUE(storage.value()->put("a", base::Bytes{1}).ok());
  ASSERT_TRUE(storage.value()->put("packs/a", base::Bytes{1}).ok());
  ASSERT_EQ(::chmod(directory.path().c_str(), 0755), 0);
  for (const bool may_enter : {false, true}) {
    ASSERT_EQ(::chmod(root.c_str(), may_enter ? 0755 : 0700), 0);
    const ::pid_t child = ::fork();
    if (child == 0) ::_exit(look_as_nobody(root, may_enter));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
}

// Puts objects until it is killed. Never returns.
[[noreturn]] void put_for_ever(const std::string& root) {
  const auto storage = LocalStorage::open(root);
  if (!storage.ok()) ::_exit(1);
  base::SystemRandom random;
  while (true) {
    base::Bytes content(random.below(4) == 0 ? random.below(3 * base::MiB) : random.below(20'000));
    random.fill(content);
    const std::string hash = base::to_hex(codec::sha256(content));
    const auto upload = storage.value()->begin_put();
    if (!upload.ok()) ::_exit(2);
    base::ByteView rest = content;
    while (!rest.empty()) {
      const auto piece = rest.first(std::min<std::size_t>(rest.size(), 1 + random.below(600'000)));
      if (!upload.value()->append(piece).ok()) ::_exit(3);
      rest = rest.subspan(piece.size());
    }
    if (!upload.value()->commit("objects/" + hash.substr(0, 2) + "/" + hash, {}).ok()) ::_exit(4);
  }
}

TEST(KilledWriter, LeavesWholeObjectsOnly) {
  const TemporaryDirectory directory;
  const std::string root = directory.path() + "/repository";
  const auto storage = LocalStorage::create(root);
  ASSERT_TRUE(storage.ok());
  base::SystemRandom random;
  io::ThreadExecutor executor;
  bool leftovers = false;
  // At least 40 kills; more on a slow machine, until both outcomes of a kill were met.
  std::size_t count = 0;
  for (int round = 0; round < 40 || (round < 400 && !(leftovers && count > 40)); ++round) {
    const ::pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) put_for_ever(root);
    executor.sleep(base::milliseconds(static_cast<std::int64_t>(3 + random.below(60))), {});
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer gave up with " << WEXITSTATUS(status);
    leftovers = leftovers || !is_empty(root + "/tmp");
    count = storage.value()->list_all("").value().size();
  }
  const auto objects = storage.value()->list_all("");
  ASSERT_TRUE(objects.ok());
  EXPECT_GT(objects.value().size(), 40U);
  for (const ObjectInfo& one : objects.value()) {
    const auto content = storage.value()->get(one.name, one.size);
    ASSERT_TRUE(content.ok()) << content.error().to_string();
    EXPECT_EQ("objects/" + base::to_hex(codec::sha256(content.value())).substr(0, 2) + "/" +
                  base::to_hex(codec::sha256(content.value())),
              one.name);
  }
  EXPECT_TRUE(leftovers) << "no writer was caught in the middle; the test proves little";
  ASSERT_TRUE(storage.value()->remove_stale_uploads(base::Duration{}).ok());
  EXPECT_TRUE(is_empty(root + "/tmp"));
}

}  // namespace

}  // namespace holdfast::storage
