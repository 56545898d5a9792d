// Opening: versions, permissions, the daemon's lock, a full disk.
#include "catalog/catalog.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "catalog_fixture.hpp"
#include "database.hpp"

namespace holdfast::catalog {

namespace {

using base::ErrorCode;

unsigned mode_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

TEST(Catalog, IsReadableByItsOwnerOnly) {
  TestCatalog test;
  ASSERT_TRUE(test->happenings().add({.event = "a", .id = {}, .tags = {}, .at = test.now}).ok());
  const auto state = test.directory / "state";
  EXPECT_EQ(mode_of(state), 0700U);
  for (const char* name : {"/catalog.sqlite", "/catalog.sqlite-wal", "/catalog.sqlite-shm"}) {
    EXPECT_EQ(mode_of(state + name), 0600U) << name;
  }
}

TEST(Catalog, KeepsWhatItWasTold) {
  TestCatalog test;
  const auto id =
      test->runs().begin({.component = "a", .plan = "b", .started = test.now}, test.random);
  ASSERT_TRUE(id.ok());
  test.reopen();
  EXPECT_EQ(test->runs().get(id.value()).value().start.component, "a");
}

TEST(Catalog, RefusesANewerVersion) {
  TestCatalog test;
  test.catalog.reset();
  {
    auto database = Database::open(test.directory / "state/catalog.sqlite").value();
    ASSERT_TRUE(database->execute("PRAGMA user_version = 99").ok());
  }
  const auto opened = Catalog::open(test.directory / "state");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::unsupported);
}

TEST(Catalog, RefusesWhatIsNoCatalog) {
  TemporaryDirectory directory;
  auto file = io::open_file(directory / "catalog.sqlite", O_RDWR | O_CREAT).value();
  ASSERT_TRUE(io::write_all(file.get(), base::as_bytes(std::string(4096, 'x'))).ok());
  const auto opened = Catalog::open(directory.path());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::damaged);
}

TEST(Catalog, HasOneDaemon) {
  TestCatalog test;
  ASSERT_TRUE(test->take().ok());
  auto second = Catalog::open(test.directory / "state").value();
  const auto taken = second->take();
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code(), ErrorCode::conflict);
  EXPECT_NE(taken.error().message().find(std::to_string(::getpid())), std::string::npos);
  test.catalog.reset();
  EXPECT_TRUE(second->take().ok());
}

TEST(Catalog, ThreadsAndProcessesWriteAtOnce) {
  TestCatalog test;
  auto beside = Catalog::open(test.directory / "state").value();
  std::vector<std::thread> threads;
  for (auto* catalog : {test.catalog.get(), test.catalog.get(), beside.get()}) {
    threads.emplace_back([catalog, &test] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(catalog->evidence().append(test.now, "run", "{}").ok());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(test->evidence().list(0, 1000).value().size(), 150U);
  EXPECT_TRUE(test->evidence().check().ok());
}

TEST(Catalog, ATransactionThatFailsLeavesNothing) {
  TestCatalog test;
  auto database = Database::open(test.directory / "state/catalog.sqlite").value();
  const auto done = database->transaction([&]() -> base::Result<void> {
    TRY(database->execute(
        "INSERT INTO happenings (event, id, tags, at) VALUES ('a', '', '{}', 1)"));
    return base::Error(ErrorCode::io, "no");
  });
  EXPECT_FALSE(done.ok());
  EXPECT_EQ(test->happenings().newest().value(), 0);
}

}  // namespace

}  // namespace holdfast::catalog
