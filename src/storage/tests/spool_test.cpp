// Spools: memory first, then an unlinked file; errors stick.
#include "spool.hpp"

#include <gtest/gtest.h>

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
    Spool spool(directory.path());
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

TEST(Spool, SaysWhereItCannotWrite) {
  Spool spool("/no/such/directory");
  ASSERT_TRUE(spool.append(base::Bytes(1000)).ok()) << "little needs no file";
  const auto more = spool.append(base::Bytes(2 * base::MiB));
  ASSERT_FALSE(more.ok());
  EXPECT_NE(more.error().to_string().find("/no/such/directory"), std::string::npos);
}

}  // namespace

}  // namespace holdfast::storage
