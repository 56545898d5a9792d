// Child processes: their output, their failures, their limits and their environment.
#include "io/child_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <thread>

#include "io/file.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::io {
namespace {

using base::as_text;
using base::ErrorCode;
using testing::HasSubstr;
using testing::Not;

std::string output_of(const ChildCommand& command) {
  return std::string(as_text(run_child(command).value().view()));
}

TEST(RunChild, ReturnsWhatItWrote) {
  EXPECT_EQ(output_of({.arguments = {"printf", "%s-%s", "a b", "c"}}), "a b-c");
  EXPECT_EQ(output_of(shell_command("echo one; echo two | tr t T")), "one\nTwo\n");
  EXPECT_EQ(output_of(shell_command("true")), "");
}

TEST(RunChild, GivesNoInput) { EXPECT_EQ(output_of(shell_command("cat")), ""); }

TEST(RunChild, ReportsItsStatusAndSignalNotItsArguments) {
  const auto failed = run_child(shell_command("echo s3cret; exit 7"));
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code(), ErrorCode::io);
  EXPECT_EQ(failed.error().to_string(), "command /bin/sh: it ended with status 7");
  const auto killed = run_child(shell_command("kill -9 $$"));
  EXPECT_THAT(killed.error().message(), HasSubstr("signal 9"));
}

TEST(RunChild, SaysWhatCannotBeStarted) {
  const auto got = run_child({.arguments = {"no-such-program-here"}});
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), ErrorCode::not_found);
  EXPECT_THAT(got.error().to_string(), HasSubstr("no-such-program-here"));
}

TEST(RunChild, HidesSecretsFromTheEnvironment) {
  ::setenv("BACKUP_ENCRYPTION_KEY", "s3cret", 1);
  ::setenv("HOLDFAST_TEST_VISIBLE", "seen", 1);
  const auto text = output_of(shell_command("env"));
  EXPECT_THAT(text, Not(HasSubstr("s3cret")));
  EXPECT_THAT(text, HasSubstr("HOLDFAST_TEST_VISIBLE=seen"));
  auto command = shell_command("env");
  command.hidden_variables = {"HOLDFAST_TEST_VISIBLE"};
  EXPECT_THAT(output_of(command), Not(HasSubstr("=seen")));
  ::unsetenv("BACKUP_ENCRYPTION_KEY");
  ::unsetenv("HOLDFAST_TEST_VISIBLE");
}

TEST(RunChild, GivesVariablesAndADirectory) {
  auto command = shell_command("echo $PLACE; pwd");
  command.variables = {"PLACE=here"};
  command.working_directory = "/";
  EXPECT_EQ(output_of(command), "here\n/\n");
  command.working_directory = "/no/such/directory";
  EXPECT_EQ(run_child(command).error().code(), ErrorCode::not_found);
}

TEST(RunChild, HandsDownNoDescriptors) {
  const Fd held = open_file("/dev/null", 0).value();
  EXPECT_THAT(output_of(shell_command("ls /proc/$$/fd | wc -l")), testing::MatchesRegex("[3-5]\n"));
}

TEST(RunChild, TakesOutputUpToTheLimit) {
  auto command = shell_command("head -c 1000 /dev/zero");
  command.output_size_max = 1000;
  EXPECT_EQ(run_child(command).value().size(), 1000U);
  command.output_size_max = 999;
  EXPECT_EQ(run_child(command).error().code(), ErrorCode::invalid_argument);
}

TEST(RunChild, EndsAnEndlessWriter) {
  auto command = shell_command("yes");
  command.output_size_max = 1000;
  EXPECT_EQ(run_child(command).error().code(), ErrorCode::invalid_argument);
}

TEST(RunChild, EndsASleeperAfterItsTimeout) {
  auto command = shell_command("exec sleep 100");
  command.timeout = base::milliseconds(100);
  EXPECT_EQ(run_child(command).error().code(), ErrorCode::unavailable);
}

TEST(RunChild, EndsOneThatClosedItsOutputAndGoesOn) {
  auto command = shell_command("exec sleep 100 >&-");
  command.timeout = base::milliseconds(100);
  EXPECT_EQ(run_child(command).error().code(), ErrorCode::unavailable);
}

TEST(RunChild, DoesNotWaitForGrandchildrenInTheBackground) {
  EXPECT_EQ(output_of(shell_command("sleep 5 & echo started")), "started\n");
}

TEST(RunChild, StopsWhenAsked) {
  std::stop_source stop;
  std::thread later([&] { stop.request_stop(); });
  EXPECT_EQ(run_child(shell_command("exec sleep 100"), stop.get_token()).error().code(),
            ErrorCode::cancelled);
  later.join();
}

TEST(RunChild, DefaultsTheSignalsThatWeChanged) {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  // Ignored, it would be inherited so, and the inner shell would live to speak.
  EXPECT_EQ(output_of(shell_command("sh -c 'kill -PIPE $$; echo ignored'; true")), "");
  ::signal(SIGPIPE, before);
}

}  // namespace
}  // namespace holdfast::io
