// The table of small files: it may forget, it must not lie.
#include "repository/small_file_table.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "repository_fixture.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::repository {
namespace {

class SmallFileTableTest : public testing::Test {
 protected:
  std::unique_ptr<SmallFileTable> open(std::uint64_t expected_files = 0) {
    return must(SmallFileTable::open(files_, path_, base::ByteView(key_), expected_files));
  }
  static SmallFileTable::Place place(std::uint32_t number) {
    SmallFileTable::Place place;
    std::memcpy(place.chunk.data(), &number, sizeof number);
    place.offset = number * 3;
    place.length = number + 1;
    return place;
  }
  static void expect_place(const std::optional<SmallFileTable::Place>& found,
                           std::uint32_t number) {
    ASSERT_TRUE(found);
    EXPECT_EQ(found->chunk, place(number).chunk);
    EXPECT_EQ(found->offset, number * 3);
    EXPECT_EQ(found->length, number + 1);
  }
  // Fingerprints of one bucket.
  static Fingerprint in_bucket(base::Byte which) {
    Fingerprint fingerprint{1, 2, 3, 4, 5, 6, 7, 8};
    fingerprint[8] = which;
    fingerprint[15] = which;
    return fingerprint;
  }

  io::LocalFileSystem files_;
  TemporaryDirectory directory_;
  std::string path_ = directory_ / "small-files";
  std::array<base::Byte, 32> key_{9};
};

TEST_F(SmallFileTableTest, FindsWhatWasInserted) {
  const auto table = open();
  const auto fingerprint = table->fingerprint(base::as_bytes("content"));
  EXPECT_EQ(table->find(fingerprint), std::nullopt);
  table->insert(fingerprint, place(5));
  expect_place(table->find(fingerprint), 5);
  EXPECT_EQ(table->find(table->fingerprint(base::as_bytes("other"))), std::nullopt);
}

TEST_F(SmallFileTableTest, AnEmptyTableHasNothing) {
  EXPECT_EQ(open()->find(Fingerprint{}), std::nullopt) << "nor a fingerprint of zeros";
}

TEST_F(SmallFileTableTest, TheLastPlaceCounts) {
  const auto table = open();
  table->insert(in_bucket(1), place(1));
  table->insert(in_bucket(2), place(2));
  table->insert(in_bucket(1), place(3));
  expect_place(table->find(in_bucket(1)), 3);
  expect_place(table->find(in_bucket(2)), 2);
}

TEST_F(SmallFileTableTest, SurvivesReopening) {
  open()->insert(in_bucket(1), place(1));
  expect_place(open()->find(in_bucket(1)), 1);
}

TEST_F(SmallFileTableTest, AnotherSizeStartsEmpty) {
  open()->insert(in_bucket(1), place(1));
  EXPECT_EQ(open(1'000'000)->find(in_bucket(1)), std::nullopt);
}

TEST_F(SmallFileTableTest, AFullBucketForgetsOneOfItsOwn) {
  const auto table = open();
  for (base::Byte i = 0; i < 4; ++i) table->insert(in_bucket(i), place(i));
  for (base::Byte i = 0; i < 4; ++i) expect_place(table->find(in_bucket(i)), i);
  for (base::Byte newest = 4; newest < 60; ++newest) {
    table->insert(in_bucket(newest), place(newest));
    expect_place(table->find(in_bucket(newest)), newest);
    std::size_t kept = 0;
    for (base::Byte i = 0; i <= newest; ++i) {
      const auto found = table->find(in_bucket(i));
      if (!found) continue;
      ++kept;
      expect_place(found, i);
    }
    ASSERT_EQ(kept, 4U);
  }
}

TEST_F(SmallFileTableTest, ATornSlotIsIgnored) {
  open()->insert(in_bucket(1), place(1));
  // Where the slot lies in the file.
  std::ifstream in(path_, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const auto fingerprint = in_bucket(1);
  const auto at = bytes.find(std::string(fingerprint.begin(), fingerprint.end()));
  ASSERT_NE(at, std::string::npos);
  for (std::size_t i = 0; i < 64; ++i) {
    auto torn = bytes;
    torn[at + i] = static_cast<char>(torn[at + i] ^ 0x40);
    std::ofstream(path_, std::ios::binary) << torn;
    const auto found = open()->find(in_bucket(1));
    ASSERT_EQ(found, std::nullopt) << "byte " << i;
  }
  std::ofstream(path_, std::ios::binary) << bytes;
  expect_place(open()->find(in_bucket(1)), 1);
}

TEST_F(SmallFileTableTest, ATornSlotIsUsedAgain) {
  const auto table = open();
  for (base::Byte i = 0; i < 4; ++i) table->insert(in_bucket(i), place(i));
  std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto third = in_bucket(2);
  const auto at = bytes.find(std::string(third.begin(), third.end()));
  ASSERT_NE(at, std::string::npos);
  file.seekp(static_cast<std::streamoff>(at + 20));
  file.put(static_cast<char>(bytes[at + 20] ^ 1));
  file.close();
  EXPECT_EQ(table->find(third), std::nullopt);
  table->insert(in_bucket(9), place(9));
  for (const base::Byte i : {0, 1, 3, 9}) expect_place(table->find(in_bucket(i)), i);
}

TEST_F(SmallFileTableTest, FingerprintsFollowFromKeyAndContent) {
  const auto table = open();
  const auto content = noise(1, 5000);
  EXPECT_EQ(table->fingerprint(content), table->fingerprint(content));
  auto other = content;
  for (std::size_t i = 0; i < content.size(); i += 97) {
    other[i] ^= 1;
    ASSERT_NE(table->fingerprint(other), table->fingerprint(content));
    other[i] ^= 1;
  }
  const auto same = table->fingerprint(content);
  key_[0] = 8;
  EXPECT_NE(open()->fingerprint(content), same) << "another machine's key";
}

TEST_F(SmallFileTableTest, AnUnusablePathIsAnError) {
  std::ofstream(directory_ / "file") << "x";
  EXPECT_FALSE(
      SmallFileTable::open(files_, directory_ / "file/table", base::ByteView(key_), 0).ok());
}

}  // namespace
}  // namespace holdfast::repository
