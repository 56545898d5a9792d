// Which pg_dump is taken, what a dump is called, and the password file.
#include "postgres/tools.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "io/file.hpp"
#include "postgres/dump_name.hpp"
#include "postgres/password_file.hpp"

namespace holdfast::source {
namespace {

using base::ErrorCode;

TEST(PostgresTools, VersionsAreRead) {
  EXPECT_EQ(parse_tool_version("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), 15);
  EXPECT_EQ(parse_tool_version("pg_dump (PostgreSQL) 19devel\n"), 19);
  EXPECT_EQ(parse_tool_version("something else"), 0);
  EXPECT_EQ(parse_tool_version(""), 0);
}

TEST(PostgresTools, TheOldestThatIsNewEnoughIsTaken) {
  const std::vector<PostgresTools> found{
      {.folder = "a", .major = 18}, {.folder = "b", .major = 15}, {.folder = "c", .major = 16}};
  EXPECT_EQ(choose_tools(found, 15).value().folder, "b");
  EXPECT_EQ(choose_tools(found, 14).value().folder, "b");
  EXPECT_EQ(choose_tools(found, 17).value().folder, "a");
  const auto none = choose_tools(found, 19);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), ErrorCode::unsupported);
  EXPECT_NE(none.error().message().find("18"), std::string::npos);
  EXPECT_FALSE(choose_tools({}, 15).ok());
}

TEST(PostgresTools, AFolderWithoutToolsIsSaid) {
  const auto found = find_tools({.folder = "/nonexistent", .path = {}}, 15, {});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), ErrorCode::unsupported);
}

TEST(PostgresDumpName, AnyDatabaseHasASafeName) {
  EXPECT_EQ(postgres_dump_name("shop"), "shop.dump");
  EXPECT_EQ(postgres_dump_name("my db"), "my%20db.dump");
  EXPECT_EQ(postgres_dump_name("a/../b"), "a%2F..%2Fb.dump");
  EXPECT_EQ(postgres_dump_name(".."), "%2E..dump");
  EXPECT_EQ(postgres_dump_name("100%\n"), "100%25%0A.dump");
  EXPECT_EQ(postgres_dump_name("b\xC3\xBC"), "b\xC3\xBC.dump");
}

TEST(PasswordFile, HoldsALineForEveryServer) {
  const auto made = PasswordFile::make(base::as_bytes("a:b\\c"));
  ASSERT_TRUE(made.ok());
  const auto read = io::read_file(made.value().path(), 1'000);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(base::as_text(read.value()), "*:*:*:*:a\\:b\\\\c\n");
  struct stat status{};
  ASSERT_EQ(::stat(made.value().path().c_str(), &status), 0);
  // What libpq demands of such a file.
  EXPECT_TRUE(S_ISREG(status.st_mode));
  EXPECT_EQ(status.st_mode & 077U, 0U);
}

TEST(PasswordFile, LinesCantBeMadeUp) {
  const auto made = PasswordFile::make(base::as_bytes("a\n*:*:*:*:b"));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace holdfast::source
