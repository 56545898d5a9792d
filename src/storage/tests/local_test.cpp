// LocalStorage beyond the conformance suite: how it is opened, what it leaves on the disk, what it
// makes of strangers in its directory, of a missing mount, and of leftovers.
#include "storage/local.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "support/temporary_directory.hpp"

namespace holdfast::storage {

namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

class LocalTest : public testing::Test {
 protected:
  std::unique_ptr<LocalStorage> create() {
    auto storage = LocalStorage::create(root());
    EXPECT_TRUE(storage.ok()) << storage.error().to_string();
    return std::move(storage).value();
  }
  [[nodiscard]] std::string root() const { return directory_.path() + "/srv/repository"; }
  [[nodiscard]] std::string at(const std::string& name) const { return root() + "/" + name; }

  static unsigned mode_of(const std::string& path) {
    struct stat about{};
    EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
    return about.st_mode & 07777;
  }
  static void write_file(const std::string& path) { std::ofstream(path) << "foreign"; }
  // Sets the mtime to `age` before now.
  static void make_old(const std::string& path, base::Duration age) {
    const base::Time then = base::SystemClock().now() - age;
    const timespec old{then.nanoseconds / base::nanoseconds_per_second, 0};
    const timespec times[2] = {old, old};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  std::vector<std::string> temporary_files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(at("tmp"))) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }
  static std::vector<std::string> names_in(Storage& storage) {
    std::vector<std::string> names;
    const auto all = storage.list_all("");
    EXPECT_TRUE(all.ok());
    for (const auto& one : all.value()) names.push_back(one.name);
    return names;
  }

  TemporaryDirectory directory_;
};

TEST_F(LocalTest, CreateMakesTheTreeAndKeepsOthersOut) {
  const ::mode_t old_mask = ::umask(0);
  const auto storage = create();
  ASSERT_TRUE(storage->put("packs/ab/one", base::Bytes{1}).ok());
  ::umask(old_mask);
  for (const char* name : {"", "tmp", "packs", "packs/ab"}) EXPECT_EQ(mode_of(at(name)), 0700U);
  EXPECT_EQ(mode_of(directory_.path() + "/srv"), 0700U);
  EXPECT_EQ(mode_of(at("packs/ab/one")), 0600U);
  EXPECT_TRUE(temporary_files().empty());
  EXPECT_EQ(storage->describe(), root());
}

TEST_F(LocalTest, CreateTakesAnEmptyDirectoryAndAnInterruptedCreate) {
  fs::create_directories(root() + "/lost+found");
  (void)create();
  (void)create();
}

TEST_F(LocalTest, CreateRefusesWhatHoldsSomething) {
  const auto refused = [&] {
    const auto storage = LocalStorage::create(root());
    ASSERT_FALSE(storage.ok());
    EXPECT_EQ(storage.error().code(), ErrorCode::already_exists);
    EXPECT_FALSE(storage.error().hint().empty());
  };
  fs::create_directories(root());
  write_file(at("letter.txt"));
  refused();
  fs::remove(at("letter.txt"));
  ASSERT_TRUE(create()->put("config", base::Bytes{1}).ok());
  refused();
}

TEST_F(LocalTest, CreateAndOpenRefuseAFile) {
  fs::create_directories(directory_.path() + "/srv");
  write_file(root());
  EXPECT_FALSE(LocalStorage::create(root()).ok());
  EXPECT_FALSE(LocalStorage::create(root() + "/below").ok());
  EXPECT_FALSE(LocalStorage::open(root()).ok());
  EXPECT_EQ(LocalStorage::open("").error().code(), ErrorCode::invalid_argument);
}

TEST_F(LocalTest, AMissingOrEmptyDirectoryIsNoRepository) {
  const auto missing = LocalStorage::open(root());
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::not_found);
  EXPECT_NE(missing.error().hint().find("mounted"), std::string::npos);
  fs::create_directories(root() + "/lost+found");
  const auto empty = LocalStorage::open(root());
  ASSERT_FALSE(empty.ok());
  EXPECT_EQ(empty.error().code(), ErrorCode::not_found);
  EXPECT_NE(empty.error().hint().find("mounted"), std::string::npos);
}

TEST_F(LocalTest, OpensARelativePathForGood) {
  (void)create();
  const std::string before = fs::current_path().string();
  fs::current_path(directory_.path());
  const auto storage = LocalStorage::open("srv/repository/");
  fs::current_path(before);
  ASSERT_TRUE(storage.ok()) << storage.error().to_string();
  EXPECT_EQ(storage.value()->describe(), root());
  EXPECT_TRUE(storage.value()->put("a", base::Bytes{1}).ok());
}

TEST_F(LocalTest, OpensACopyWithoutEmptyDirectories) {
  ASSERT_TRUE(create()->put("config", base::Bytes{1}).ok());
  fs::remove(at("tmp"));
  const auto storage = LocalStorage::open(root());
  ASSERT_TRUE(storage.ok());
  EXPECT_TRUE(storage.value()->put("b", base::Bytes{1}).ok());
}

TEST_F(LocalTest, KeepsItsOwnNamesToItself) {
  const auto storage = create();
  const auto upload = storage->begin_put();
  ASSERT_TRUE(upload.value()->append(base::Bytes(1'000'000)).ok());
  ASSERT_EQ(temporary_files().size(), 1U);
  const std::string temporary = "tmp/" + temporary_files()[0];
  EXPECT_EQ(storage->put("tmp/a", base::Bytes{1}).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(storage->put("tmp", base::Bytes{1}).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(storage->stat(temporary).error().code(), ErrorCode::not_found);
  EXPECT_EQ(storage->get(temporary, 100).error().code(), ErrorCode::not_found);
  const std::vector<std::string> names = {temporary};
  EXPECT_TRUE(storage->remove(names).value()[0].error.has_value());
  EXPECT_TRUE(names_in(*storage).empty());
  EXPECT_TRUE(storage->list_all("tmp/").value().empty());
  EXPECT_TRUE(storage->put("tmpx/a", base::Bytes{1}).ok());
}

TEST_F(LocalTest, ListsNoStrangers) {
  const auto storage = create();
  ASSERT_TRUE(storage->put("d/a", base::Bytes{1}).ok());
  write_file(at("README"));
  write_file(at("d/.nfs0000A"));
  fs::create_directories(at("lost+found/x"));
  write_file(at("lost+found/x/y"));
  ASSERT_EQ(::mkfifo(at("d/pipe").c_str(), 0600), 0);
  fs::create_directories(at("d/empty/deeper"));
  fs::create_symlink("nowhere", at("d/dangling"));
  EXPECT_EQ(names_in(*storage), std::vector<std::string>{"d/a"});
  // Nor are they objects when asked for by name, and a FIFO does not make a reader wait.
  EXPECT_EQ(storage->get("d/pipe", 10).error().code(), ErrorCode::not_found);
  EXPECT_EQ(storage->stat("d/empty").error().code(), ErrorCode::not_found);
}

TEST_F(LocalTest, ListsDirectoriesThatLieElsewhere) {
  const auto storage = create();
  ASSERT_TRUE(storage->put("packs/00/a", base::Bytes{1}).ok());
  fs::rename(at("packs"), directory_.path() + "/other-disk");
  fs::create_symlink(directory_.path() + "/other-disk", at("packs"));
  EXPECT_EQ(names_in(*storage), std::vector<std::string>{"packs/00/a"});
  EXPECT_TRUE(storage->put("packs/01/b", base::Bytes{1}).ok());
}

TEST_F(LocalTest, ReadsNoDirectoryOutsideThePrefix) {
  const auto storage = create();
  ASSERT_TRUE(storage->put("packs/00/a", base::Bytes{1}).ok());
  ASSERT_TRUE(storage->put("packs/01/b", base::Bytes{1}).ok());
  // Whoever reads this one will loop; a listing that touches it fails with ELOOP.
  fs::create_symlink("loop", at("loop"));
  fs::create_symlink("02", at("packs/02"));
  const auto page = storage->list_all("packs/01/");
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page.value().size(), 1U);
  // A directory that starts after the listing's end is skipped by start_after as well.
  ListOptions options;
  options.start_after = "packs/00/z";
  options.prefix = "packs/";
  const auto rest = storage->list(options);
  ASSERT_TRUE(rest.ok());
  ASSERT_EQ(rest.value().objects.size(), 1U);
  EXPECT_EQ(rest.value().objects[0].name, "packs/01/b");
}

TEST_F(LocalTest, PagesOfADirectoryWithManyFiles) {
  const auto storage = create();
  std::vector<std::string> expected;
  for (int i = 0; i < 3000; ++i) {
    expected.push_back("flat/" + std::to_string(10000 + (i * 7919) % 3000));
    fs::create_directories(at("flat"));
    write_file(at(expected.back()));
  }
  std::sort(expected.begin(), expected.end());
  for (const std::size_t page_size : {1U, 10U, 700U, 5000U}) {
    ListOptions options;
    options.prefix = "flat/";
    options.page_size = page_size;
    if (page_size == 1) options.start_after = expected[2900];
    std::vector<std::string> names;
    do {
      const auto page = storage->list(options);
      ASSERT_TRUE(page.ok());
      for (const auto& one : page.value().objects) names.push_back(one.name);
      options.continuation = page.value().next;
    } while (!options.continuation.empty());
    const auto first = page_size == 1 ? expected.begin() + 2901 : expected.begin();
    EXPECT_EQ(names, std::vector<std::string>(first, expected.end())) << page_size;
  }
}

TEST_F(LocalTest, AnObjectIsNoDirectory) {
  const auto storage = create();
  ASSERT_TRUE(storage->put("a", base::Bytes{1}).ok());
  ASSERT_TRUE(storage->put("x/y", base::Bytes{1}).ok());
  EXPECT_EQ(storage->put("a/b", base::Bytes{1}).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(storage->put("x", base::Bytes{1}).error().code(), ErrorCode::already_exists);
}

TEST_F(LocalTest, StorageTimeIsTheFileSystemsAtCommit) {
  const auto storage = create();
  const auto upload = storage->begin_put();
  ASSERT_TRUE(upload.value()->append(base::Bytes(1'000'000)).ok());
  make_old(at("tmp/" + temporary_files()[0]), base::hours(20));
  const base::Time before = base::SystemClock().now();
  const auto stored = upload.value()->commit("a", {});
  ASSERT_TRUE(stored.ok());
  EXPECT_GE(stored.value().stored_at, before - base::seconds(1));
  EXPECT_LE(stored.value().stored_at, base::SystemClock().now() + base::seconds(1));
  struct stat about{};
  ASSERT_EQ(::stat(at("a").c_str(), &about), 0);
  EXPECT_EQ(stored.value().stored_at.nanoseconds,
            about.st_mtim.tv_sec * base::nanoseconds_per_second + about.st_mtim.tv_nsec);
}

TEST_F(LocalTest, AnotherDirectoryAtItsPathIsAnOutage) {
  const auto storage = create();
  ASSERT_TRUE(storage->put("a", base::Bytes{1}).ok());
  const auto upload = storage->begin_put();
  ASSERT_TRUE(upload.value()->append(base::Bytes{2}).ok());
  fs::rename(root(), root() + ".away");
  fs::create_directories(root());  // the mount point, without its disk
  EXPECT_EQ(storage->stat("b").error().code(), ErrorCode::unavailable);
  EXPECT_EQ(storage->list({}).error().code(), ErrorCode::unavailable);
  EXPECT_EQ(storage->begin_put().error().code(), ErrorCode::unavailable);
  const auto stored = upload.value()->commit("b", {});
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code(), ErrorCode::unavailable);
  EXPECT_EQ(stored.error().retry(), base::Retry::may_help);
  EXPECT_NE(stored.error().hint().find("mount"), std::string::npos);
  fs::remove(root());
  fs::rename(root() + ".away", root());
  EXPECT_TRUE(upload.value()->commit("b", {}).ok());
  EXPECT_EQ(names_in(*storage), (std::vector<std::string>{"a", "b"}));
}

TEST_F(LocalTest, ARemovedRootIsAnOutage) {
  const auto storage = create();
  fs::remove_all(root());
  EXPECT_EQ(storage->stat("b").error().code(), ErrorCode::unavailable);
  EXPECT_EQ(storage->list({}).error().code(), ErrorCode::unavailable);
  EXPECT_EQ(storage->begin_put().error().code(), ErrorCode::unavailable);
}

TEST_F(LocalTest, DirectoriesRemovedBySomebodyElseAreMadeAgain) {
  const auto storage = create();
  ASSERT_TRUE(storage->put("packs/ab/one", base::Bytes{1}).ok());
  fs::remove_all(at("packs"));
  const auto upload = storage->begin_put();
  ASSERT_TRUE(upload.value()->append(base::Bytes{2}).ok());
  const auto first = upload.value()->commit("packs/ab/two", {});
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code(), ErrorCode::conflict);
  const auto again = upload.value()->commit("packs/ab/two", {});
  ASSERT_TRUE(again.ok()) << again.error().to_string();
}

TEST_F(LocalTest, AStolenTemporaryFileIsNoSuccess) {
  const auto storage = create();
  const auto upload = storage->begin_put();
  ASSERT_TRUE(upload.value()->append(base::Bytes{2}).ok());
  fs::remove(at("tmp/" + temporary_files()[0]));
  EXPECT_FALSE(upload.value()->commit("a", {}).ok());
  EXPECT_FALSE(upload.value()->commit("a", {}).ok());
  EXPECT_TRUE(names_in(*storage).empty());
}

TEST_F(LocalTest, CleansUpLeftoversOfADay) {
  const std::string stale(32, 'a');
  const std::string fresh(32, 'b');
  (void)create();
  for (const std::string& name : {stale, fresh, std::string("keep-me")})
    write_file(at("tmp/" + name));
  make_old(at("tmp/" + stale), base::hours(25));
  make_old(at("tmp/" + fresh), base::hours(23));
  make_old(at("tmp/keep-me"), base::days(100));
  const auto storage = LocalStorage::open(root());
  ASSERT_TRUE(storage.value()->put("a", base::Bytes{1}).ok());
  EXPECT_FALSE(fs::exists(at("tmp/" + stale)));
  EXPECT_TRUE(fs::exists(at("tmp/" + fresh)));
  EXPECT_TRUE(fs::exists(at("tmp/keep-me")));
  EXPECT_EQ(storage.value()->remove_stale_uploads(base::hours(22)).value(), 1U);
  EXPECT_FALSE(fs::exists(at("tmp/" + fresh)));
}

TEST_F(LocalTest, ASlowUploadIsNoLeftover) {
  const auto storage = create();
  const auto upload = storage->begin_put();
  ASSERT_TRUE(upload.value()->append(base::Bytes(1'000'000, 4)).ok());
  make_old(at("tmp/" + temporary_files()[0]), base::days(3));
  const auto other = LocalStorage::open(root());
  EXPECT_EQ(other.value()->remove_stale_uploads().value(), 0U);
  ASSERT_TRUE(upload.value()->commit("a", {}).ok());
  EXPECT_EQ(other.value()->get("a", 1'000'000).value(), base::Bytes(1'000'000, 4));
}

TEST_F(LocalTest, AFaultWhileReadingIsDamage) {
  const auto storage = create();
  // Page zero is never mapped, so reading it gives EIO, as a bad sector does.
  fs::create_symlink("/proc/self/mem", at("bad"));
  base::Bytes out(10);
  const auto read = storage->read("bad", Range{0, 10}, out);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), ErrorCode::damaged);
  EXPECT_FALSE(read.error().hint().empty());
}

TEST_F(LocalTest, HoldsFewFilesOpen) {
  const auto storage = create();
  base::Bytes out(1);
  for (int i = 0; i < 200; ++i) {
    const std::string name = "n" + std::to_string(i);
    ASSERT_TRUE(storage->put(name, base::Bytes{static_cast<base::Byte>(i)}).ok());
    ASSERT_TRUE(storage->read(name, Range{0, 1}, out).ok());
  }
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(storage->read("n" + std::to_string(i), Range{0, 1}, out).ok());
    EXPECT_EQ(out[0], static_cast<base::Byte>(i));
  }
  int open_files = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    (void)entry;
    ++open_files;
  }
  EXPECT_LT(open_files, 100);
}

TEST_F(LocalTest, SeesRemovalsByOtherProcesses) {
  const auto storage = create();
  const auto other = LocalStorage::open(root());
  base::Bytes out(1);
  ASSERT_TRUE(storage->put("a", base::Bytes{1}).ok());
  ASSERT_TRUE(storage->read("a", Range{0, 1}, out).ok());
  const std::vector<std::string> names = {"a"};
  ASSERT_TRUE(other.value()->remove(names).ok());
  EXPECT_EQ(storage->read("a", Range{0, 1}, out).error().code(), ErrorCode::not_found);
}

TEST_F(LocalTest, KnowsTheFreeSpace) {
  const auto free = create()->free_bytes();
  ASSERT_TRUE(free.ok());
  ASSERT_TRUE(free.value().has_value());
  EXPECT_GT(*free.value(), 0U);
}

}  // namespace

}  // namespace holdfast::storage
