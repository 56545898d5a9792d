// Walking and removing folders: links aren't followed, forbidden folders go too.
#include "folder_tree.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_directory.hpp"

namespace holdfast::engine {

namespace {

namespace fs = std::filesystem;

class FolderTreeTest : public testing::Test {
 protected:
  FolderTreeTest() {
    fs::create_directories(directory / "tree/a/b");
    std::ofstream(directory / "tree/one") << "1";
    std::ofstream(directory / "tree/a/b/two") << "22";
    std::ofstream(directory / "outside") << "stays";
    fs::create_symlink("../outside", directory / "tree/link");
    fs::create_directories(directory / "elsewhere");
    std::ofstream(directory / "elsewhere/three") << "333";
    fs::create_directory_symlink("../elsewhere", directory / "tree/folder_link");
  }
  std::vector<std::string> walked() {
    std::vector<std::string> paths;
    const auto visit = [&](const std::string& path, const struct stat& status) {
      paths.push_back(path + ":" + std::to_string(status.st_size));
      return base::Result<void>();
    };
    EXPECT_TRUE(each_file(directory / "tree", visit, {}).ok());
    return paths;
  }
  TemporaryDirectory directory;
};

TEST_F(FolderTreeTest, VisitsFilesAndNothingElse) {
  EXPECT_EQ(walked(), (std::vector<std::string>{"a/b/two:2", "one:1"}));
}

TEST_F(FolderTreeTest, SaysWhatItCannotSee) {
  const auto visit = [](const std::string&, const struct stat&) { return base::Result<void>(); };
  EXPECT_EQ(each_file(directory / "nothing", visit, {}).error().code(), base::ErrorCode::not_found);
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_EQ(each_file(directory / "tree", visit, stopped.get_token()).error().code(),
            base::ErrorCode::cancelled);
}

TEST_F(FolderTreeTest, RemovesAllOfItAndNothingElse) {
  fs::permissions(directory / "tree/a/b", fs::perms::owner_read);
  fs::permissions(directory / "tree", fs::perms::none);
  ASSERT_TRUE(remove_tree(directory / "tree").ok());
  EXPECT_FALSE(fs::exists(directory / "tree"));
  EXPECT_TRUE(fs::exists(directory / "outside"));
  EXPECT_TRUE(fs::exists(directory / "elsewhere/three"));
  EXPECT_TRUE(remove_tree(directory / "tree").ok());
  EXPECT_FALSE(remove_tree(directory / "outside").ok());
}

TEST_F(FolderTreeTest, Names) {
  EXPECT_EQ(names_in(directory / "tree").value(),
            (std::vector<std::string>{"a", "folder_link", "link", "one"}));
  EXPECT_TRUE(names_in(directory / "nothing").value().empty());
}

}  // namespace

}  // namespace holdfast::engine
