// LocalFileSystem: files appear whole or not at all, tables are shared, errors are distinct.
#include "io/file_system.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "io/file.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::io {
namespace {

using base::as_bytes;
using base::as_text;
using base::ErrorCode;
using testing::ElementsAre;
using testing::IsEmpty;

class LocalFileSystemTest : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view text,
             FileWriter::Durable durable = FileWriter::Durable::no) {
    auto writer = files.create(path).value();
    ASSERT_TRUE(writer->append(as_bytes(text)).ok());
    ASSERT_TRUE(writer->commit(durable).ok());
  }
  std::string text_of(const std::string& path) {
    return std::string(as_text(files.read(path).value()));
  }
  // All names, hidden ones too.
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory.path()), {}));
  }
  unsigned mode_of(const std::string& path) const {
    struct stat found{};
    EXPECT_EQ(::stat(path.c_str(), &found), 0);
    return found.st_mode & 07777;
  }

  TemporaryDirectory directory;
  LocalFileSystem files;
};

TEST_F(LocalFileSystemTest, WhatIsCommittedIsRead) {
  write(directory / "f", "one", FileWriter::Durable::yes);
  EXPECT_EQ(text_of(directory / "f"), "one");
  write(directory / "f", "two");
  EXPECT_EQ(text_of(directory / "f"), "two");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(LocalFileSystemTest, NothingIsVisibleBeforeCommitAndNothingRemainsWithoutIt) {
  write(directory / "f", "old");
  {
    auto writer = files.create(directory / "f").value();
    ASSERT_TRUE(writer->append(as_bytes("new")).ok());
    EXPECT_EQ(writer->size(), 3U);
    EXPECT_EQ(text_of(directory / "f"), "old");
    EXPECT_THAT(files.list(directory.path()).value(), ElementsAre("f"));
  }
  EXPECT_EQ(text_of(directory / "f"), "old");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(LocalFileSystemTest, LargeAndSmallPiecesKeepTheirOrder) {
  auto writer = files.create(directory / "f").value();
  std::string expected;
  for (const std::size_t size : {1UL, 300'000UL, 5UL, 262'143UL, 1UL, 262'144UL, 0UL, 7UL}) {
    const std::string piece(size, static_cast<char>('a' + expected.size() % 26));
    ASSERT_TRUE(writer->append(as_bytes(piece)).ok());
    expected += piece;
  }
  EXPECT_EQ(writer->size(), expected.size());
  ASSERT_TRUE(writer->commit(FileWriter::Durable::no).ok());
  EXPECT_EQ(text_of(directory / "f"), expected);
}

TEST_F(LocalFileSystemTest, MakesPrivateDirectoriesAndFiles) {
  write(directory / "a/b/f", "x", FileWriter::Durable::yes);
  EXPECT_EQ(mode_of(directory / "a"), 0700U);
  EXPECT_EQ(mode_of(directory / "a/b"), 0700U);
  EXPECT_EQ(mode_of(directory / "a/b/f"), 0600U);
}

TEST_F(LocalFileSystemTest, AFileInTheWayOfADirectoryIsAnError) {
  write(directory / "a", "x");
  EXPECT_FALSE(files.create(directory / "a/f").ok());
  EXPECT_FALSE(files.create(directory / "a/b/f").ok());
  EXPECT_EQ(text_of(directory / "a"), "x");
}

TEST_F(LocalFileSystemTest, AbsenceIsNotFound) {
  EXPECT_EQ(files.read(directory / "f").error().code(), ErrorCode::not_found);
  EXPECT_EQ(files.map(directory / "f").error().code(), ErrorCode::not_found);
  EXPECT_THAT(files.list(directory / "absent").value(), IsEmpty());
  EXPECT_TRUE(files.remove(directory / "f").ok());
  EXPECT_TRUE(files.remove(directory / "absent/f").ok());
}

TEST_F(LocalFileSystemTest, RelativePathsAreRefused) {
  EXPECT_EQ(files.read("f").error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(files.create("f").error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(files.map("").error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(files.map_table("f", 1).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(files.list("f").error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(files.remove("f").error().code(), ErrorCode::invalid_argument);
}

TEST_F(LocalFileSystemTest, ListsFilesOnlySorted) {
  for (const char* name : {"b", "a", "c"}) write(directory / name, "");
  std::filesystem::create_directory(directory / "d");
  std::filesystem::create_symlink("a", directory / "link");
  std::ofstream(directory / ".tmp-left-by-a-crash") << "x";
  EXPECT_THAT(files.list(directory.path()).value(), ElementsAre("a", "b", "c"));
}

TEST_F(LocalFileSystemTest, RemovesFilesAndNotDirectories) {
  write(directory / "f", "");
  EXPECT_TRUE(files.remove(directory / "f").ok());
  EXPECT_EQ(entries(), 0U);
  EXPECT_FALSE(files.remove(directory.path()).ok());
}

TEST_F(LocalFileSystemTest, AMappedFileOutlivesItsReplacementAndRemoval) {
  write(directory / "f", "old bytes");
  const auto mapped = files.map(directory / "f").value();
  write(directory / "f", "new");
  EXPECT_EQ(as_text(mapped->bytes()), "old bytes");
  ASSERT_TRUE(files.remove(directory / "f").ok());
  EXPECT_EQ(as_text(mapped->bytes()), "old bytes");
}

TEST_F(LocalFileSystemTest, AnEmptyFileMapsToNoBytes) {
  write(directory / "f", "");
  EXPECT_TRUE(files.map(directory / "f").value()->bytes().empty());
  EXPECT_TRUE(files.read(directory / "f").value().empty());
}

TEST_F(LocalFileSystemTest, ADirectoryDoesNotMap) {
  EXPECT_EQ(files.map(directory.path()).error().code(), ErrorCode::invalid_argument);
}

TEST_F(LocalFileSystemTest, ATableStartsAsZerosAndKeepsWhatIsWritten) {
  {
    const auto table = files.map_table(directory / "cache/t", 10'000).value();
    ASSERT_EQ(table->bytes().size(), 10'000U);
    EXPECT_EQ(std::count(table->bytes().begin(), table->bytes().end(), 0), 10'000);
    table->bytes()[9'999] = 7;
  }
  const auto table = files.map_table(directory / "cache/t", 10'000).value();
  EXPECT_EQ(table->bytes()[9'999], 7);
  EXPECT_EQ(mode_of(directory / "cache/t"), 0600U);
  EXPECT_EQ(files.read(directory / "cache/t").value()[9'999], 7);
}

TEST_F(LocalFileSystemTest, TwoMappingsOfATableShareItsBytes) {
  const auto a = files.map_table(directory / "t", 100).value();
  const auto b = files.map_table(directory / "t", 100).value();
  a->bytes()[5] = 9;
  EXPECT_EQ(b->bytes()[5], 9);
}

TEST_F(LocalFileSystemTest, ATableOfAnotherSizeIsReplacedWithoutHurtingWhoHasItMapped) {
  const auto old = files.map_table(directory / "t", 10'000).value();
  old->bytes()[9'000] = 7;
  const auto young = files.map_table(directory / "t", 20).value();
  EXPECT_EQ(young->bytes().size(), 20U);
  EXPECT_EQ(young->bytes()[0], 0);
  EXPECT_EQ(old->bytes()[9'000], 7) << "cutting the file would have been SIGBUS here";
}

TEST_F(LocalFileSystemTest, ATableTakesItsDiskSpaceAtOnce) {
  const auto table = files.map_table(directory / "t", 1 << 20).value();
  struct stat found{};
  ASSERT_EQ(::stat((directory / "t").c_str(), &found), 0);
  EXPECT_GE(found.st_blocks * 512, 1 << 20);
}

TEST_F(LocalFileSystemTest, ATableLargerThanTheDiskIsAnErrorAndLeavesNothing) {
  EXPECT_FALSE(files.map_table(directory / "t", std::uint64_t{1} << 58).ok());
  EXPECT_FALSE(files.map_table(directory / "t", UINT64_MAX).ok());
  EXPECT_EQ(entries(), 0U);
}

TEST_F(LocalFileSystemTest, AnEmptyTableHasNoBytes) {
  EXPECT_TRUE(files.map_table(directory / "t", 0).value()->bytes().empty());
}

TEST_F(LocalFileSystemTest, ATableIsNotFollowedThroughASymlink) {
  write(directory / "precious", "0123456789");
  std::filesystem::create_symlink(directory / "precious", directory / "t");
  (void)files.map_table(directory / "t", 10);
  EXPECT_EQ(text_of(directory / "precious"), "0123456789");
}

TEST_F(LocalFileSystemTest, SecondCommitAndLateAppendAreProgrammersMistakes) {
  auto writer = files.create(directory / "f").value();
  ASSERT_TRUE(writer->commit(FileWriter::Durable::no).ok());
  EXPECT_DEATH((void)writer->commit(FileWriter::Durable::no), "a second commit");
  EXPECT_DEATH((void)writer->append(as_bytes("x")), "append after commit");
}

}  // namespace
}  // namespace holdfast::io
