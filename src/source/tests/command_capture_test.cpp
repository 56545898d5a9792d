// Commands captured into memory: all of their output, or nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository/path_key.hpp"
#include "source/command/capture.hpp"
#include "source/files/posix_attributes.hpp"
#include "support/scratch.hpp"
#include "support/snapshots.hpp"

namespace holdfast::source::test {
namespace {

using base::ErrorCode;
using testing::HasSubstr;

CommandCaptureOptions running(std::string line) {
  CommandCaptureOptions options{
      .command = io::shell_stream(std::move(line)), .name = "out.txt", .modified = {1'000}};
  options.command.grace = base::milliseconds(100);
  return options;
}

class CommandCapture : public testing::Test {
 protected:
  base::Result<std::uint64_t> capture(CommandCaptureOptions options) {
    return capture_command(std::move(options), sink, [this](std::uint64_t bytes) { told = bytes; },
                           {});
  }
  MemoryChunks chunks;
  MemorySink sink{chunks};
  std::uint64_t told = 0;
};

TEST_F(CommandCapture, OutputIsAFile) {
  EXPECT_EQ(capture(running("printf 'a b\\nc'")).value(), 5U);
  EXPECT_EQ(told, 5U);
  ASSERT_EQ(sink.entries().size(), 1U);
  const auto& entry = sink.entries().front();
  EXPECT_EQ(repository::path_of_key(entry.key).value(), "/out.txt");
  EXPECT_EQ(entry.size, 5U);
  const auto attributes = decode_attributes(entry.attributes).value();
  EXPECT_EQ(attributes.mode, 0600U);
  EXPECT_EQ(attributes.mtime, 1'000);
}

TEST_F(CommandCapture, MuchOutputIsWhole) {
  EXPECT_EQ(capture(running("head -c 100000000 /dev/zero")).value(), 100'000'000U);
  EXPECT_EQ(sink.entries().front().size, 100'000'000U);
}

TEST_F(CommandCapture, AFailureAtTheEndLeavesNothing) {
  const auto got = capture(running("head -c 100000000 /dev/zero; echo broken >&2; exit 3"));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().message(), "it ended with status 3: broken");
  EXPECT_TRUE(sink.entries().empty());
}

TEST_F(CommandCapture, OneThatIgnoresItsEndIsEnded) {
  auto options = running("trap '' TERM; while :; do echo x; done");
  options.command.timeout = base::milliseconds(200);
  EXPECT_EQ(capture(std::move(options)).error().code(), ErrorCode::unavailable);
  EXPECT_TRUE(sink.entries().empty());
}

TEST_F(CommandCapture, OneThatClosesItsOutputAndHangsIsEnded) {
  auto options = running("echo x; exec sleep 100 >&- 2>&-");
  options.command.stall = base::milliseconds(200);
  EXPECT_EQ(capture(std::move(options)).error().code(), ErrorCode::unavailable);
  EXPECT_TRUE(sink.entries().empty());
}

TEST_F(CommandCapture, NoOutputIsAWarning) {
  EXPECT_EQ(capture(running("true")).value(), 0U);
  EXPECT_EQ(sink.entries().size(), 1U);
  ASSERT_EQ(sink.warnings().size(), 1U);
  EXPECT_THAT(sink.warnings().front().message, HasSubstr("nothing"));
}

TEST_F(CommandCapture, NamesAreOfFiles) {
  for (const auto* name : {"", ".", "..", "a/b"}) {
    auto options = running("echo x");
    options.name = name;
    EXPECT_EQ(capture(std::move(options)).error().code(), ErrorCode::invalid_argument) << name;
  }
  EXPECT_FALSE(check_command_file_name(std::string(256, 'x')).ok());
  EXPECT_TRUE(check_command_file_name("-strange name\n").ok());
}

TEST_F(CommandCapture, ComesBackAsItWas) {
  EXPECT_EQ(capture(running("echo hello")).value(), 6U);
  Snapshot snapshot{.chunks = std::shared_ptr<MemoryChunks>(&chunks, [](MemoryChunks*) {}),
                    .root = sink.finish().value()};
  const Scratch scratch;
  restore(snapshot, {.target = scratch / "into"});
  EXPECT_EQ(read_file(scratch / "into/out.txt"), "hello\n");
}

}  // namespace
}  // namespace holdfast::source::test
