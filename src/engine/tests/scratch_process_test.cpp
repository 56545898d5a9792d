// Scratch processes: where they are, what they are kept from, and that they go.
#include "scratch_process.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/bytes.hpp"
#include "folder_tree.hpp"
#include "io/file.hpp"

namespace holdfast::engine {

namespace {

class ScratchProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/holdfast-scratch-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    place_ = name;
  }
  void TearDown() override { static_cast<void>(remove_tree(place_).ok()); }

  ScratchCommand shell(const std::string& line) const {
    return {.arguments = {"/bin/sh", "-c", line},
            .variables = {"PATH=/usr/bin:/bin", "ONLY=this"},
            .folder = place_,
            .output = "output"};
  }
  std::string output() const {
    const auto bytes = io::read_file(place_ + "/output", 65536);
    return bytes.ok() ? std::string(base::as_text(bytes.value())) : std::string();
  }
  std::string place_;
};

TEST_F(ScratchProcessTest, FindsItsFolderAndNothingOfOurs) {
  const auto ran = run_scratch(shell("pwd; ls -d /proc/self/fd/9/output; echo $ONLY; echo "
                                     "${HOME-none}; ls /proc/self/fd | wc -l"),
                               base::minutes(1), {});
  ASSERT_TRUE(ran.ok()) << ran.error().to_string();
  // 0, 1, 2, 9, and the one with which ls looks.
  EXPECT_EQ(output(), place_ + "\n/proc/self/fd/9/output\nthis\nnone\n5\n");
}

TEST_F(ScratchProcessTest, SaysWhatWentWrong) {
  const auto ran =
      run_scratch(shell("echo ERROR:  first; echo FATAL: second; exit 3"), base::minutes(1), {});
  ASSERT_FALSE(ran.ok());
  EXPECT_EQ(ran.error().code(), base::ErrorCode::io);
  EXPECT_EQ(ran.error().message(), "sh: ERROR: first");
  const auto none = ScratchProcess::start(
      {.arguments = {"/nowhere/postgres"}, .variables = {}, .folder = place_, .output = "output"});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), base::ErrorCode::not_found);
}

TEST_F(ScratchProcessTest, WritesNowhereElse) {
  const auto elsewhere = place_ + "-elsewhere";
  auto command = shell("echo inside > inside; echo outside > " + elsewhere + "; true");
  ASSERT_TRUE(run_scratch(command, base::minutes(1), {}).ok());
  EXPECT_TRUE(std::filesystem::exists(place_ + "/inside"));
  if (std::filesystem::exists(elsewhere)) {
    ::unlink(elsewhere.c_str());
    GTEST_SKIP() << "this kernel has no Landlock";
  }
  command.surroundings = ScratchCommand::Surroundings::shared;
  ASSERT_TRUE(run_scratch(command, base::minutes(1), {}).ok());
  EXPECT_TRUE(std::filesystem::exists(elsewhere));
  ::unlink(elsewhere.c_str());
}

TEST_F(ScratchProcessTest, IsAnotherUserIfWeAreRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "not root";
  ASSERT_EQ(::chown(place_.c_str(), 65534, 65534), 0);
  // Nobody could look into what is above.
  const auto above = place_ + "/above";
  ASSERT_EQ(::mkdir(above.c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((above + "/below").c_str(), 0700), 0);
  ASSERT_EQ(::chown((above + "/below").c_str(), 65534, 65534), 0);
  auto command = shell("id -u; echo made > made; id -G");
  command.folder = above + "/below";
  command.user = ScratchUser{.uid = 65534, .gid = 65534, .name = "nobody"};
  const auto ran = run_scratch(command, base::minutes(1), {});
  ASSERT_TRUE(ran.ok()) << ran.error().to_string();
  const auto told = io::read_file(above + "/below/output", 100).value();
  EXPECT_EQ(base::as_text(told), "65534\n65534\n");
  EXPECT_TRUE(std::filesystem::exists(above + "/below/made"));
}

TEST_F(ScratchProcessTest, EndsWithItsOwner) {
  pid_t pid = 0;
  {
    const auto process = ScratchProcess::start(shell("(sleep 1; echo late > late) & wait")).value();
    pid = process->pid();
    EXPECT_FALSE(process->poll_status());
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(process->wait(base::minutes(1), stop.get_token()).error().code(),
              base::ErrorCode::cancelled);
    EXPECT_EQ(process->wait(base::milliseconds(30), {}).error().code(),
              base::ErrorCode::unavailable);
  }
  EXPECT_NE(::kill(pid, 0), 0);
  const timespec moment{.tv_sec = 1, .tv_nsec = 300'000'000};
  ::nanosleep(&moment, nullptr);
  EXPECT_FALSE(std::filesystem::exists(place_ + "/late"));
}

TEST_F(ScratchProcessTest, IsRememberedAndEnded) {
  const auto process = ScratchProcess::start(shell("exec sleep 100")).value();
  ASSERT_TRUE(remember_process(place_ + "/db", process->pid()).ok());
  end_remembered_process(place_ + "/other");
  EXPECT_FALSE(process->poll_status());
  end_remembered_process(place_ + "/db");
  const auto status = process->wait(base::seconds(5), {});
  ASSERT_TRUE(status.ok());
  EXPECT_TRUE(WIFSIGNALED(status.value()));
}

TEST_F(ScratchProcessTest, AnotherProcessOfTheSameNumberIsLeftAlone) {
  const auto process = ScratchProcess::start(shell("exec sleep 100")).value();
  std::ofstream(place_ + "/db.pid") << process->pid() << " 12345\n";
  end_remembered_process(place_ + "/db");
  std::ofstream(place_ + "/db.pid") << "1 1\n";
  end_remembered_process(place_ + "/db");
  EXPECT_FALSE(process->poll_status());
}

}  // namespace

}  // namespace holdfast::engine
