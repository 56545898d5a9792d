// Paths become keys and keys paths, and nothing hostile gets through.
#include "repository/path_key.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tree_fixture.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;
using namespace std::string_view_literals;

TEST(PathKey, JoinsComponentsByZero) {
  EXPECT_EQ(key_of_path("/usr/lib").value(), bytes_of("usr\0lib"sv));
  EXPECT_EQ(key_of_path("/").value(), bytes_of(""));
  EXPECT_EQ(key_of_path("//usr/.//lib/./").value(), bytes_of("usr\0lib"sv));
  EXPECT_EQ(key_of_path("/...").value(), bytes_of("..."));
}

TEST(PathKey, RefusesWhatIsNoPlainAbsolutePath) {
  for (const auto path : {""sv, "usr"sv, "./usr"sv, "/usr/../etc"sv, "/.."sv, "/a\0b"sv}) {
    EXPECT_EQ(key_of_path(path).error().code(), ErrorCode::invalid_argument) << path;
  }
}

TEST(PathKey, ComesBackAsAPath) {
  for (const auto path : {"/", "/usr", "/usr/lib/x86_64", "/a b/\n\xff"}) {
    EXPECT_EQ(path_of_key(key_of_path(path).value()).value(), path);
  }
}

TEST(PathKey, HostileKeysAreNoPaths) {
  for (const auto key : {"\0"sv, "a\0"sv, "\0a"sv, "a\0\0b"sv, ".."sv, "a\0.."sv, "."sv,
                         "a\0.\0b"sv, "a/b"sv, "/"sv, "../../etc"sv}) {
    EXPECT_EQ(path_of_key(base::as_bytes(key)).error().code(), ErrorCode::damaged) << key;
  }
}

TEST(PathKey, BytewiseOrderIsDepthFirst) {
  const std::vector<std::string> walked = {"/",       "/a",   "/a/b", "/a/b/c", "/a/bc",
                                           "/a\x01x", "/a-b", "/a.b", "/ab",    "/b"};
  std::vector<base::Bytes> keys;
  for (const auto& path : walked) keys.push_back(key_of_path(path).value());
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
}

TEST(PathKey, IsWithinItselfAndWhatIsAbove) {
  const auto within = [](std::string_view key, std::string_view ancestor) {
    return is_within(key_of_path(key).value(), key_of_path(ancestor).value());
  };
  EXPECT_TRUE(within("/usr/lib", "/usr"));
  EXPECT_TRUE(within("/usr", "/usr"));
  EXPECT_TRUE(within("/usr", "/"));
  EXPECT_TRUE(within("/", "/"));
  EXPECT_FALSE(within("/usrlocal", "/usr"));
  EXPECT_FALSE(within("/usr", "/usr/lib"));
  EXPECT_FALSE(within("/", "/usr"));
}

TEST(PathKey, EndOfSubtreeIsAfterAllThatIsBelowAndNothingElse) {
  const auto end = end_of_subtree(key_of_path("/usr").value());
  EXPECT_EQ(end, bytes_of("usr\1"sv));
  EXPECT_LT(key_of_path("/usr").value(), end);
  EXPECT_LT(key_of_path("/usr/\xff\xff").value(), end);
  EXPECT_LE(end, key_of_path("/usr\1").value());
  EXPECT_LT(end, key_of_path("/usr-local").value());
  EXPECT_TRUE(end_of_subtree({}).empty());
}

}  // namespace
}  // namespace holdfast::repository
