// Location URLs: every form, and a clear refusal of every other.
#include "storage/url.hpp"

#include <gtest/gtest.h>

namespace holdfast::storage {

namespace {

using base::ErrorCode;

std::string path_of(std::string_view text) {
  const auto url = parse_location_url(text);
  EXPECT_TRUE(url.ok()) << text << ": " << (url.ok() ? "" : url.error().to_string());
  return url.ok() ? url.value().path : "";
}

void expect_refused(std::string_view text, ErrorCode code) {
  const auto url = parse_location_url(text);
  ASSERT_FALSE(url.ok()) << text;
  EXPECT_EQ(url.error().code(), code) << url.error().to_string();
  EXPECT_FALSE(url.error().hint().empty()) << text;
}

TEST(LocationUrl, PlainPaths) {
  EXPECT_EQ(path_of("/srv/backup"), "/srv/backup");
  EXPECT_EQ(path_of("/srv/backup//"), "/srv/backup");
  EXPECT_EQ(path_of("/"), "/");
  EXPECT_EQ(path_of("backup"), "backup");
  EXPECT_EQ(path_of("./x:y"), "./x:y");
  EXPECT_EQ(path_of("../a/x:y"), "../a/x:y");
  EXPECT_EQ(path_of("/a%20b"), "/a%20b");
  EXPECT_EQ(path_of("/a?b#c d\xff"), "/a?b#c d\xff");
}

TEST(LocationUrl, FileUrls) {
  EXPECT_EQ(path_of("file:///srv/backup"), "/srv/backup");
  EXPECT_EQ(path_of("file:///srv/backup/"), "/srv/backup");
  EXPECT_EQ(path_of("FILE:///srv"), "/srv");
  EXPECT_EQ(path_of("file://localhost/srv"), "/srv");
  EXPECT_EQ(path_of("file:/srv"), "/srv");
  EXPECT_EQ(path_of("file:///a%20b%25%2f%C3%A4"), "/a b%/\xc3\xa4");
  EXPECT_EQ(path_of("file:///"), "/");
}

TEST(LocationUrl, RefusesMalformedFileUrls) {
  for (const std::string_view text :
       {"file:", "file://", "file:srv", "file://host/srv", "file://srv", "file:///a%",
        "file:///a%2", "file:///a%zz", "file:///a%00b", "file:///a?b", "file:///a#b"}) {
    expect_refused(text, ErrorCode::invalid_argument);
  }
}

TEST(LocationUrl, NamesWhatIsNotSupported) {
  expect_refused("s3://bucket/prefix", ErrorCode::unsupported);
  expect_refused("S3://bucket", ErrorCode::unsupported);
  expect_refused("s3:bucket", ErrorCode::unsupported);
  expect_refused("sftp://user@host/path", ErrorCode::unsupported);
  expect_refused("sftp:user@host:/path", ErrorCode::unsupported);
  expect_refused("https://host/path", ErrorCode::unsupported);
  expect_refused("gs://bucket", ErrorCode::unsupported);
}

TEST(LocationUrl, RefusesWhatIsProbablyNotMeantAsAPath) {
  expect_refused("", ErrorCode::invalid_argument);
  expect_refused("user@host:path", ErrorCode::invalid_argument);
  expect_refused("host:/path", ErrorCode::invalid_argument);
  expect_refused("rest:8000", ErrorCode::invalid_argument);
  expect_refused(std::string_view("/a\0b", 4), ErrorCode::invalid_argument);
}

TEST(LocationUrl, MessagesKeepSecrets) {
  for (const std::string_view text :
       {"s3://key:hunter2@host/bucket", "sftp://u:hunter2@host/x", "https://u:hunter2@host/x",
        "u:hunter2@host/x", "file://u:hunter2@host/x"}) {
    const auto url = parse_location_url(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_EQ((url.error().to_string() + url.error().hint()).find("hunter2"), std::string::npos);
  }
}

TEST(LocationUrl, FormatsWhatItReads) {
  EXPECT_EQ(format_location_url({LocationUrl::Scheme::file, "/srv/a b"}), "file:///srv/a%20b");
  EXPECT_EQ(format_location_url({LocationUrl::Scheme::file, "backup"}), "backup");
  EXPECT_EQ(format_location_url({LocationUrl::Scheme::file, "a:b"}), "./a:b");
}

}  // namespace

}  // namespace holdfast::storage
