// Descriptors, complete reads and writes, and errors that name the file.
#include "io/file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "support/temporary_directory.hpp"

namespace holdfast::io {
namespace {

using base::as_bytes;
using base::Bytes;
using base::ErrorCode;
using testing::HasSubstr;

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(Fd, ClosesWhenItGoesAndNotWhenItMoves) {
  int number = -1;
  {
    Fd first = open_file("/dev/null", O_RDONLY).value();
    number = first.get();
    Fd second = std::move(first);
    EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): that is what is tested
    EXPECT_EQ(second.get(), number);
    Fd third;
    third = std::move(second);
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, AssignmentClosesWhatItHeld) {
  Fd fd = open_file("/dev/null", O_RDONLY).value();
  const int before = fd.get();
  fd = Fd();
  EXPECT_FALSE(is_open(before));
}

TEST(OpenFile, IsNotInheritedByChildren) {
  const Fd fd = open_file("/dev/null", O_RDONLY).value();
  EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
}

TEST(OpenFile, SaysWhichFileIsMissing) {
  const auto got = open_file("/nonexistent/\x1b[31mfile", O_RDONLY);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), ErrorCode::not_found);
  EXPECT_EQ(got.error().message(),
            "cannot open /nonexistent/\\x1b[31mfile: No such file or directory");
}

TEST(OpenFile, CreatesPrivateFilesBelowADirectory) {
  const TemporaryDirectory directory;
  const Fd at = open_file(directory.path(), O_RDONLY | O_DIRECTORY).value();
  ASSERT_TRUE(open_file_at(at.get(), "new", O_WRONLY | O_CREAT | O_EXCL).ok());
  struct stat found{};
  ASSERT_EQ(::stat((directory / "new").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
  EXPECT_EQ(open_file_at(at.get(), "new", O_WRONLY | O_CREAT | O_EXCL).error().code(),
            ErrorCode::already_exists);
}

TEST(ReadAndWrite, GoToTheirPlaces) {
  const TemporaryDirectory directory;
  const Fd file = open_file(directory / "f", O_RDWR | O_CREAT).value();
  ASSERT_TRUE(write_all(file.get(), as_bytes("0123456789")).ok());
  ASSERT_TRUE(write_at(file.get(), as_bytes("ab"), 3).ok());
  Bytes out(4);
  EXPECT_EQ(read_at(file.get(), out, 2).value(), 4U);
  EXPECT_EQ(base::as_text(out), "2ab5");
  EXPECT_EQ(read_at(file.get(), out, 8).value(), 2U) << "the file ends";
  EXPECT_EQ(read_at(file.get(), out, 100).value(), 0U);
  EXPECT_TRUE(sync_file(file.get()).ok());
}

TEST(ReadSome, CollectsWhatAPipeGivesInPieces) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  std::thread writer([&] {
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(write_all(writing.get(), as_bytes("abc")).ok());
      std::this_thread::yield();
    }
    writing.reset();
  });
  Bytes out(40);
  EXPECT_EQ(read_some(reading.get(), out).value(), 30U);
  writer.join();
}

TEST(WriteAll, ReportsAFullDiskByNameAndWithAdvice) {
  const Fd full = open_file("/dev/full", O_WRONLY).value();
  const auto got = write_all(full.get(), as_bytes("x"));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), ErrorCode::no_space);
  EXPECT_THAT(got.error().message(), HasSubstr("/dev/full"));
  EXPECT_FALSE(got.error().hint().empty());
}

TEST(ReadSome, ReportsWhatCannotBeRead) {
  const Fd directory = open_file("/", O_RDONLY | O_DIRECTORY).value();
  Bytes out(1);
  EXPECT_FALSE(read_some(directory.get(), out).ok());
  EXPECT_THAT(read_some(-1, out).error().message(), HasSubstr("descriptor -1"));
}

TEST(SyncDirectory, NeedsADirectory) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(sync_directory(directory.path()).ok());
  EXPECT_EQ(sync_directory(directory / "absent").error().code(), ErrorCode::not_found);
}

class ReadFile : public testing::TestWithParam<std::size_t> {};

TEST_P(ReadFile, ReturnsExactlyWhatIsThere) {
  const TemporaryDirectory directory;
  Bytes written(GetParam());
  for (std::size_t i = 0; i < written.size(); ++i)
    written[i] = static_cast<base::Byte>(i * 31 >> 3);
  ASSERT_TRUE(
      write_all(open_file(directory / "f", O_WRONLY | O_CREAT).value().get(), written).ok());
  EXPECT_EQ(read_file(directory / "f", written.size()).value(), written);
  EXPECT_EQ(read_file(directory / "f", UINT64_MAX).value(), written);
  if (written.empty()) return;
  const auto over = read_file(directory / "f", written.size() - 1);
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code(), ErrorCode::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Sizes, ReadFile,
                         testing::Values(0, 1, 4095, 4096, 4097, 20480, 20481, 3'000'000));

TEST(ReadFileOfProc, ReadsFilesThatClaimToBeEmpty) {
  EXPECT_THAT(base::as_text(read_file("/proc/self/status", 1 << 20).value()), HasSubstr("Name:"));
}

}  // namespace
}  // namespace holdfast::io
