// What users type, and what is made of it.
#include "requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace holdfast::cli {
namespace {

using testing::HasSubstr;

TEST(ParsePath, MakesPathsAbsolute) {
  const auto here = std::filesystem::current_path().string();
  EXPECT_EQ(parse_path("/usr//lib/./x/").value(), "/usr/lib/x");
  EXPECT_EQ(parse_path("/").value(), "/");
  EXPECT_EQ(parse_path(".").value(), here);
  EXPECT_EQ(parse_path("./a").value(), here + "/a");
  EXPECT_EQ(parse_path(".hidden").value(), here + "/.hidden");
  EXPECT_EQ(parse_path("/a/\xff").value(), "/a/\xff");
}

TEST(ParsePath, ResolvesParentsOnTheDisk) {
  auto place = (std::filesystem::temp_directory_path() / "requests-XXXXXX").string();
  const std::filesystem::path root = std::filesystem::canonical(::mkdtemp(place.data()));
  std::filesystem::create_directories(root / "deep/inside");
  std::filesystem::create_directory_symlink(root / "deep/inside", root / "link");
  std::filesystem::create_symlink("inside", root / "deep/name");
  EXPECT_EQ(parse_path((root / "link/..").string()).value(), (root / "deep").string());
  EXPECT_EQ(parse_path((root / "link/../name").string()).value(), (root / "deep/name").string());
  EXPECT_EQ(parse_path((root / "absent/../x").string()).error().code(), base::ErrorCode::not_found);
  std::filesystem::remove_all(root);
}

TEST(ParsePath, OtherWordsAreKept) {
  for (const auto* word : {"postgres", "", "~/x", "a/b"}) {
    const auto result = parse_path(word);
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(result.error().message(), HasSubstr("is no path: a path begins with / or ."));
  }
}

TEST(ParseTags, SortsAndRefusesDoubles) {
  const repository::Tags expected{{"a", "x=y"}, {"b", ""}};
  EXPECT_EQ(parse_tags({"b=", "a=x=y"}).value(), expected);
  EXPECT_FALSE(parse_tags({"a=1", "a=2"}).ok());
  EXPECT_FALSE(parse_tags({"=x"}).ok());
  EXPECT_FALSE(parse_tags({"plain"}).ok());
}

TEST(ParseNumber, KeepsToItsLimits) {
  EXPECT_EQ(parse_number("compression", "0", 0, 19).value(), 0);
  EXPECT_EQ(parse_number("compression", "19", 0, 19).value(), 19);
  for (const auto* text : {"", "20", "-1", "3x", "99999999999999", " 3"}) {
    EXPECT_FALSE(parse_number("compression", text, 0, 19).ok()) << text;
  }
}

TEST(ParseSnapshotPath, SplitsAtTheFirstColon) {
  EXPECT_EQ(parse_snapshot_path("latest").value().snapshot, "latest");
  EXPECT_EQ(parse_snapshot_path("latest").value().path, "");
  EXPECT_EQ(parse_snapshot_path("4f2a:/a:b").value().path, "/a:b");
  EXPECT_FALSE(parse_snapshot_path("4f2a:").ok());
  EXPECT_FALSE(parse_snapshot_path("4f2a:etc").ok());
  EXPECT_FALSE(parse_snapshot_path(":/etc").ok());
}

}  // namespace
}  // namespace holdfast::cli
