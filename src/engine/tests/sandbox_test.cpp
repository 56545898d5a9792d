// Sandboxes: for their owner only, gone afterwards, and those of the dead go with the next one.
#include "sandbox.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_directory.hpp"

namespace holdfast::engine {

namespace {

namespace fs = std::filesystem;

class SandboxTest : public testing::Test {
 protected:
  TemporaryDirectory directory;
  std::string parent = directory / "sandbox";
};

TEST_F(SandboxTest, IsPrivateAndGoes) {
  std::string path;
  {
    const auto made = Sandbox::make(parent, "one").value();
    path = made->path();
    struct stat status;
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U);
    ASSERT_EQ(::stat(parent.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U);
    std::ofstream(path + "/secret") << "x";
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_FALSE(fs::exists(path + ".lock"));
}

TEST_F(SandboxTest, LeavesTheLivingAlone) {
  const auto one = Sandbox::make(parent, "one").value();
  const auto two = Sandbox::make(parent, "two").value();
  EXPECT_TRUE(fs::exists(one->path()));
  EXPECT_TRUE(one->remove().ok());
  EXPECT_FALSE(fs::exists(one->path()));
  EXPECT_TRUE(fs::exists(two->path()));
  EXPECT_FALSE(Sandbox::make(parent, "two").ok());  // the name is taken
}

TEST_F(SandboxTest, SweepsWhatTheDeadLeft) {
  const auto child = ::fork();
  if (child == 0) {
    const auto made = Sandbox::make(parent, "dead");
    if (made.ok()) std::ofstream(made.value()->path() + "/secret") << "x";
    ::_exit(made.ok() ? 0 : 1);  // as a killed process: nothing is cleaned up
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(fs::exists(parent + "/dead/secret"));
  fs::create_directories(parent + "/without_lock");
  const auto next = Sandbox::make(parent, "next").value();
  EXPECT_FALSE(fs::exists(parent + "/dead"));
  EXPECT_FALSE(fs::exists(parent + "/dead.lock"));
  EXPECT_FALSE(fs::exists(parent + "/without_lock"));
}

TEST_F(SandboxTest, ATargetIsEmptiedOnlyOfOurs) {
  EXPECT_EQ(prepare_target(directory / "nowhere", "weekly").error().code(),
            base::ErrorCode::not_found);
  fs::create_directories(directory / "target");
  const auto path = prepare_target(directory / "target", "weekly").value();
  std::ofstream(path + "/left") << "x";
  EXPECT_EQ(prepare_target(directory / "target", "weekly").value(), path);
  EXPECT_FALSE(fs::exists(path + "/left"));
  fs::create_directories(directory / "target/mine");
  std::ofstream(directory / "target/mine/precious") << "x";
  EXPECT_EQ(prepare_target(directory / "target", "mine").error().code(), base::ErrorCode::conflict);
  EXPECT_TRUE(fs::exists(directory / "target/mine/precious"));
}

}  // namespace

}  // namespace holdfast::engine
