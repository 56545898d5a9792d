// Children as streams: whole output in bounded memory, input, limits, and that nothing of them
// stays behind.
#include "io/child_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <charconv>
#include <thread>

#include "base/units.hpp"
#include "io/file.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::io {
namespace {

using base::ErrorCode;
using testing::HasSubstr;

std::unique_ptr<ChildStream> started(ChildStreamCommand command, std::stop_token stop = {}) {
  return ChildStream::start(std::move(command), std::move(stop)).value();
}

// Reads to the end; how much there was, or the error.
base::Result<std::uint64_t> drain(ChildStream& stream) {
  base::Bytes buffer(256 * base::KiB);
  std::uint64_t size = 0;
  while (const auto got = TRY(stream.read(buffer))) size += got;
  return size;
}

ChildStreamCommand quick(std::string line) {
  auto command = shell_stream(std::move(line));
  command.grace = base::milliseconds(100);
  return command;
}

bool is_alive(const std::string& pid_file) {
  const auto text = read_file(pid_file, 100).value();
  int pid = 0;
  const auto view = base::as_text(text);
  std::from_chars(view.data(), view.data() + view.size(), pid);
  return pid > 0 && ::kill(pid, 0) == 0;
}

TEST(ChildStream, GivesAllThatItWrites) {
  const auto stream = started(shell_stream("head -c 100000000 /dev/zero"));
  EXPECT_EQ(drain(*stream).value(), 100'000'000U);
  EXPECT_TRUE(stream->finish().ok());
}

TEST(ChildStream, TellsItsStatusAndLastWords) {
  const auto stream = started(shell_stream("echo data; echo first >&2; printf last >&2; exit 7"));
  EXPECT_EQ(drain(*stream).value(), 5U);
  const auto done = stream->finish();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code(), ErrorCode::io);
  EXPECT_EQ(done.error().message(), "it ended with status 7: last");
  const auto killed = started(shell_stream("kill -9 $$"));
  EXPECT_THAT(killed->finish().error().message(), HasSubstr("signal 9"));
}

TEST(ChildStream, SaysWhatCannotBeStarted) {
  const auto got = ChildStream::start({.arguments = {"no-such-program-here"}}, {});
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), ErrorCode::not_found);
  EXPECT_THAT(got.error().to_string(), HasSubstr("no-such-program-here"));
}

TEST(ChildStream, LinesComeOneByOne) {
  std::vector<std::string> whole;
  std::vector<std::string> overwritten;
  auto command =
      shell_stream("printf 'a\\n\\n10%%\\r20%%\\rdone\\nb' >&2; head -c 9000 /dev/zero >&2");
  command.on_line = [&](std::string_view line, ChildStreamCommand::Line kind) {
    (kind == ChildStreamCommand::Line::whole ? whole : overwritten).emplace_back(line);
  };
  EXPECT_TRUE(started(std::move(command))->finish().ok());
  EXPECT_EQ(overwritten, (std::vector<std::string>{"10%", "20%"}));
  ASSERT_EQ(whole.size(), 3U);
  EXPECT_EQ(whole[0], "a");
  EXPECT_EQ(whole[1], "done");
  EXPECT_EQ(whole[2].size(), 4096U);
}

TEST(ChildStream, LoggedOutputIsLines) {
  std::string lines;
  auto command = shell_stream("echo out; echo err >&2");
  command.output = ChildStreamCommand::Output::logged;
  command.on_line = [&](std::string_view line, auto) { lines += std::string(line) + ";"; };
  EXPECT_TRUE(started(std::move(command))->finish().ok());
  EXPECT_EQ(lines, "out;err;");
}

TEST(ChildStream, TakesInput) {
  const TemporaryDirectory directory;
  auto command = shell_stream("cat > '" + directory.path() + "/got'");
  command.input = ChildStreamCommand::Input::written;
  command.output = ChildStreamCommand::Output::logged;
  const auto stream = started(std::move(command));
  const base::Bytes data(3 * base::MiB, 'x');
  EXPECT_TRUE(stream->write(data).ok());
  EXPECT_TRUE(stream->write(data).ok());
  EXPECT_TRUE(stream->finish().ok());
  EXPECT_EQ(read_file(directory / "got", 100 * base::MiB).value().size(), 6 * base::MiB);
}

TEST(ChildStream, AReaderThatGivesUpIsAnError) {
  for (const auto* line : {"exec 0<&-; sleep 0.1; echo full >&2; exit 3", "exec 0<&-; exit 0"}) {
    auto command = shell_stream(line);
    command.input = ChildStreamCommand::Input::written;
    command.output = ChildStreamCommand::Output::logged;
    const auto stream = started(std::move(command));
    const base::Bytes data(8 * base::MiB, 'x');
    const auto written = stream->write(data);
    ASSERT_FALSE(written.ok());
    EXPECT_THAT(written.error().message(),
                testing::AnyOf("it ended with status 3: full",
                               "it ended before it had taken all of its input"));
  }
}

TEST(ChildStream, FeedsTextWhileItReads) {
  const std::string text(5 * base::MiB, 'y');
  auto command = shell_stream("cat");
  command.input = ChildStreamCommand::Input::text;
  command.input_text = text;
  const auto answer = ask_child(std::move(command), 10 * base::MiB, {}).value();
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.output, text);
  // One that doesn't want it is asked for its status only.
  auto other = shell_stream("exit 4");
  other.input = ChildStreamCommand::Input::text;
  other.input_text = text;
  EXPECT_EQ(ask_child(std::move(other), 10, {}).value().status, 4);
}

TEST(ChildStream, AnswersAreBounded) {
  EXPECT_EQ(ask_child(quick("yes"), 1000, {}).error().code(), ErrorCode::invalid_argument);
}

TEST(ChildStream, EndsOneThatPrintsForEverAndIgnoresSignals) {
  const TemporaryDirectory directory;
  auto command = quick("echo $$ > '" + directory.path() +
                       "/pid'; trap '' TERM PIPE; while :; do echo x; done");
  command.timeout = base::milliseconds(300);
  {
    const auto stream = started(std::move(command));
    const auto got = drain(*stream);
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().code(), ErrorCode::unavailable);
    EXPECT_THAT(got.error().message(), HasSubstr("longer than"));
  }
  EXPECT_FALSE(is_alive(directory / "pid"));
}

TEST(ChildStream, EndsWhatItStarted) {
  const TemporaryDirectory directory;
  auto command = quick("sleep 100 & echo $! > '" + directory.path() + "/pid'; echo x; wait");
  {
    const auto stream = started(std::move(command));
    base::Bytes buffer(10);
    EXPECT_EQ(stream->read(buffer).value(), 2U);
  }
  // A moment, until its new parent has reaped it.
  for (int i = 0; i < 100 && is_alive(directory / "pid"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_FALSE(is_alive(directory / "pid"));
}

TEST(ChildStream, EndsOneThatClosedItsOutputAndHangs) {
  auto command = quick("exec sleep 100 >&- 2>&-");
  command.stall = base::milliseconds(200);
  const auto stream = started(std::move(command));
  EXPECT_EQ(drain(*stream).value(), 0U);
  const auto done = stream->finish();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code(), ErrorCode::unavailable);
  EXPECT_THAT(done.error().message(), HasSubstr("nothing came from it"));
}

TEST(ChildStream, SilenceIsAStallAndWordsAreNot) {
  auto silent = quick("echo x; exec sleep 100");
  silent.stall = base::milliseconds(200);
  EXPECT_EQ(drain(*started(std::move(silent))).error().code(), ErrorCode::unavailable);
  auto talking = quick("for i in 1 2 3 4 5 6 7 8; do sleep 0.1; echo $i >&2; done");
  talking.stall = base::milliseconds(500);
  EXPECT_TRUE(drain(*started(std::move(talking))).ok());
}

TEST(ChildStream, OutputThatIsHeldOpenIsNotItsEnd) {
  const auto stream = started(quick("sleep 100 & echo started"));
  const auto got = drain(*stream);
  ASSERT_FALSE(got.ok());
  EXPECT_THAT(got.error().message(), HasSubstr("left behind"));
}

TEST(ChildStream, StopsWhenAsked) {
  std::stop_source stop;
  const auto stream = started(quick("exec sleep 100"), stop.get_token());
  std::thread later([&] { stop.request_stop(); });
  EXPECT_EQ(drain(*stream).error().code(), ErrorCode::cancelled);
  later.join();
}

TEST(ChildStream, HidesVariablesAndTheTerminal) {
  ::setenv("HOLDFAST_TEST_SECRET", "s3cret", 1);
  auto command = shell_stream("env; pwd; ( : < /dev/tty ) 2>/dev/null || echo alone");
  command.hidden_variables = {"HOLDFAST_TEST_SECRET"};
  command.variables = {"PLACE=here"};
  command.working_directory = "/";
  const auto text = ask_child(std::move(command), base::MiB, {}).value().output;
  EXPECT_THAT(text, testing::Not(HasSubstr("s3cret")));
  EXPECT_THAT(text, HasSubstr("PLACE=here\n"));
  EXPECT_THAT(text, testing::EndsWith("\n/\nalone\n"));
  ::unsetenv("HOLDFAST_TEST_SECRET");
}

}  // namespace
}  // namespace holdfast::io
