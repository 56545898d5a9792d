// Headers of pg_dump's archives: what they say, and that nothing in them is trusted.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "source/postgres/archive_header.hpp"

namespace holdfast::source {

namespace {

void add_integer(std::string& to, std::int32_t value) {
  to += value < 0 ? '\1' : '\0';
  auto rest = static_cast<std::uint32_t>(value < 0 ? -value : value);
  for (int i = 0; i < 4; ++i) {
    to += static_cast<char>(rest & 0xFF);
    rest >>= 8;
  }
}

void add_text(std::string& to, const std::string& text) {
  add_integer(to, static_cast<std::int32_t>(text.size()));
  to += text;
}

std::string header(int minor, const std::string& database) {
  std::string made = "PGDMP";
  for (const int each : {1, minor, 0, 4, 8, 1}) made += static_cast<char>(each);
  if (minor >= 15) {
    made += '\0';
  } else {
    add_integer(made, -1);
  }
  for (int i = 0; i < 7; ++i) add_integer(made, 11);
  add_text(made, database);
  add_text(made, "15.18 (Debian 15.18-0+deb12u1)");
  add_text(made, "16.2");
  return made;
}

TEST(PostgresArchiveHeader, SaysOfWhichDatabaseAndVersionsItIs) {
  for (const int minor : {12, 14, 15, 16}) {
    const auto text = header(minor, "a/b c'd") + "and the rest";
    const auto parsed = parse_archive_header(base::as_bytes(text));
    ASSERT_TRUE(parsed.ok()) << minor << ": " << parsed.error().to_string();
    EXPECT_EQ(parsed.value().database, "a/b c'd");
    EXPECT_EQ(parsed.value().server_version, "15.18 (Debian 15.18-0+deb12u1)");
    EXPECT_EQ(parsed.value().server_major, 15);
    EXPECT_EQ(parsed.value().tool_major, 16);
  }
}

TEST(PostgresArchiveHeader, IsRefusedCutOffAnywhere) {
  const auto text = header(16, "shop");
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(parse_archive_header(base::as_bytes(text.substr(0, size))).error().code(),
              base::ErrorCode::damaged)
        << size;
  }
}

TEST(PostgresArchiveHeader, OfAnotherFormatIsRefused) {
  auto directory = header(16, "shop");
  directory[10] = 3;
  for (const auto& text : {header(11, "shop"), header(17, "shop"), directory, std::string("PG")}) {
    EXPECT_FALSE(parse_archive_header(base::as_bytes(text)).ok());
  }
  auto endless = header(16, "shop");
  // The size of the name: two thousand million.
  endless[5 + 6 + 1 + 7 * 5 + 4] = 0x7F;
  EXPECT_FALSE(parse_archive_header(base::as_bytes(endless)).ok());
}

TEST(PostgresArchiveHeader, OfAnyBytesIsAnErrorOrNone) {
  base::SeededRandom random(3);
  for (int i = 0; i < 20'000; ++i) {
    auto text = header(12 + static_cast<int>(random.below(5)), "shop");
    for (int j = 0; j < 3; ++j)
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    static_cast<void>(parse_archive_header(base::as_bytes(text)).ok());
  }
}

}  // namespace

}  // namespace holdfast::source
