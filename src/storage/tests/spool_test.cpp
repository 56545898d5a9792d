// Spools: memory first, then an unlinked file; errors stick.
#include "spool.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/random.hpp"
#include "base/units.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::storage {

namespace {

TEST(Spool, GivesBackWhatWasAppended) {
  const TemporaryDirectory directory;
  base::SeededRandom random(1);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{base::MiB},
                                 std::size_t{base::MiB + 1}, std::size_t{5 * base::MiB + 17}}) {
    base::Bytes content(size);
    random.fill(content);
    SpoolFiles files(directory.path());
    Spool spool(files);
    for (std::size_t at = 0; at < size;) {
      const std::size_t piece = std::min<std::size_t>(size - at, 1 + random.below(700'000));
      ASSERT_TRUE(spool.append(base::ByteView(content).subspan(at, piece)).ok());
      at += piece;
    }
    EXPECT_EQ(spool.size(), size);
    for (int twice = 0; twice < 2; ++twice) {
      const auto all = spool.all();
      ASSERT_TRUE(all.ok()) << all.error().to_string();
      EXPECT_TRUE(
          std::equal(all.value().begin(), all.value().end(), content.begin(), content.end()));
    }
    EXPECT_TRUE(std::filesystem::is_empty(directory.path())) << "the file has no name";
  }
}

TEST(Spool, UsesAFileAgainForWhatIsLongerAndShorter) {
  const TemporaryDirectory directory;
  base::SeededRandom random(2);
  SpoolFiles files(directory.path());
  for (const std::size_t size : {3 * base::MiB, 2 * base::MiB + 5, 4 * base::MiB + 1}) {
    base::Bytes content(size);
    random.fill(content);
    Spool spool(files);
    ASSERT_TRUE(spool.append(content).ok());
    const auto all = spool.all();
    ASSERT_TRUE(all.ok()) << all.error().to_string();
    EXPECT_TRUE(std::equal(all.value().begin(), all.value().end(), content.begin(), content.end()));
  }
  const auto again = files.take();
  const auto fresh = files.take();
  ASSERT_TRUE(again.ok() && fresh.ok());
  EXPECT_EQ(::lseek(again.value().get(), 0, SEEK_END), 4 * base::MiB + 1) << "one file for all";
  EXPECT_EQ(::lseek(fresh.value().get(), 0, SEEK_END), 0) << "two at once have two";
}

TEST(Spool, SaysWhereItCannotWrite) {
  SpoolFiles files("/no/such/directory");
  Spool spool(files);
  ASSERT_TRUE(spool.append(base::Bytes(1000)).ok()) << "little needs no file";
  const auto more = spool.append(base::Bytes(2 * base::MiB));
  ASSERT_FALSE(more.ok());
  EXPECT_NE(more.error().to_string().find("/no/such/directory"), std::string::npos);
}

}  // namespace

}  // namespace holdfast::storage
