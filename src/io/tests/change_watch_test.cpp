// ChangeWatch: what is seen of files, folders, replacements and roots that come later.
#include "io/change_watch.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_directory.hpp"

namespace holdfast::io {
namespace {

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

class ChangeWatchTest : public testing::Test {
 protected:
  std::unique_ptr<ChangeWatch> watch(const std::string& path) {
    auto opened = ChangeWatch::open({directory_ / path});
    EXPECT_TRUE(opened.ok());
    return std::move(opened).value();
  }
  TemporaryDirectory directory_;
};

TEST_F(ChangeWatchTest, NothingHappenedNothingIsTold) {
  write(directory_ / "file", "a");
  EXPECT_FALSE(watch(".")->take());
}

TEST_F(ChangeWatchTest, AFileThatIsWrittenIsSeenOnce) {
  write(directory_ / "file", "a");
  const auto watching = watch("file");
  write(directory_ / "file", "b");
  EXPECT_TRUE(watching->take());
  EXPECT_FALSE(watching->take());
}

TEST_F(ChangeWatchTest, AFileThatIsReplacedIsSeenAndGoesOnBeingSeen) {
  write(directory_ / "file", "a");
  const auto watching = watch("file");
  for (const auto* text : {"b", "c"}) {
    write(directory_ / "new", text);
    std::filesystem::rename(directory_ / "new", directory_ / "file");
    EXPECT_TRUE(watching->take()) << text;
  }
}

TEST_F(ChangeWatchTest, ANeighbourOfAFileIsNobodysBusiness) {
  write(directory_ / "file", "a");
  const auto watching = watch("file");
  write(directory_ / "neighbour", "b");
  EXPECT_FALSE(watching->take());
}

TEST_F(ChangeWatchTest, FoldersAreWatchedAllTheWayDown) {
  std::filesystem::create_directories(directory_ / "tree/a/b");
  const auto watching = watch("tree");
  write(directory_ / "tree/a/b/file", "x");
  EXPECT_TRUE(watching->take());
}

TEST_F(ChangeWatchTest, FoldersThatComeLaterAreWatchedToo) {
  std::filesystem::create_directories(directory_ / "tree");
  const auto watching = watch("tree");
  std::filesystem::create_directories(directory_ / "tree/late");
  EXPECT_TRUE(watching->take());
  write(directory_ / "tree/late/file", "x");
  EXPECT_TRUE(watching->take());
  std::filesystem::remove_all(directory_ / "tree/late");
  EXPECT_TRUE(watching->take());
}

TEST_F(ChangeWatchTest, ARootThatComesLaterIsAChange) {
  const auto watching = watch("late");
  EXPECT_FALSE(watching->take());
  std::filesystem::create_directories(directory_ / "late");
  EXPECT_TRUE(watching->take());
  write(directory_ / "late/file", "x");
  EXPECT_TRUE(watching->take());
}

TEST_F(ChangeWatchTest, ManyChangesAtOnceAreSeen) {
  std::filesystem::create_directories(directory_ / "tree");
  const auto watching = watch("tree");
  for (int i = 0; i < 2000; ++i) write(directory_ / ("tree/" + std::to_string(i)), "x");
  EXPECT_TRUE(watching->take());
  EXPECT_FALSE(watching->take());
}

}  // namespace
}  // namespace holdfast::io
