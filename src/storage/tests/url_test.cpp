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

TEST(LocationUrl, RefusesUnknownSchemes) {
  for (const std::string_view text : {"https://host/path", "gs://bucket", "s4://bucket/x"}) {
    expect_refused(text, ErrorCode::invalid_argument);
  }
}

S3Url s3_of(std::string_view text) {
  const auto url = parse_location_url(text);
  EXPECT_TRUE(url.ok()) << text << ": " << (url.ok() ? "" : url.error().to_string());
  if (!url.ok()) return {};
  EXPECT_EQ(url.value().scheme, LocationUrl::Scheme::s3);
  EXPECT_EQ(parse_location_url(format_location_url(url.value())).value(), url.value()) << text;
  return url.value().s3;
}

SftpUrl sftp_of(std::string_view text) {
  const auto url = parse_location_url(text);
  EXPECT_TRUE(url.ok()) << text << ": " << (url.ok() ? "" : url.error().to_string());
  if (!url.ok()) return {};
  EXPECT_EQ(url.value().scheme, LocationUrl::Scheme::sftp);
  EXPECT_EQ(parse_location_url(format_location_url(url.value())).value(), url.value()) << text;
  return url.value().sftp;
}

TEST(LocationUrl, S3BucketsAndPrefixes) {
  EXPECT_EQ(s3_of("s3://bucket").bucket, "bucket");
  EXPECT_EQ(s3_of("S3://bucket/").prefix, "");
  EXPECT_EQ(s3_of("s3://bucket/a/b/").prefix, "a/b");
  EXPECT_EQ(s3_of("s3://my.bucket-1/a%20b").prefix, "a b");
  const S3Url plain = s3_of("s3://bucket/a");
  EXPECT_TRUE(plain.endpoint.empty());
  EXPECT_EQ(plain.style, S3Url::Style::automatic);
  EXPECT_EQ(plain.encryption, S3Url::Encryption::none);
  EXPECT_FALSE(plain.lock);
}

TEST(LocationUrl, S3Options) {
  const S3Url url = s3_of(
      "s3://b12/p?endpoint=http://127.0.0.1:9000/"
      "&region=eu-central-1&style=virtual&profile=my%20one"
      "&storage-class=STANDARD_IA&sse=kms&sse-kms-key=arn:aws:kms:x&lock=30d&lock-mode=governance"
      "&ca-file=/etc/ca.pem&proxy=http://proxy:3128&consistency=strong");
  EXPECT_EQ(url.endpoint, "http://127.0.0.1:9000");
  EXPECT_EQ(url.region, "eu-central-1");
  EXPECT_EQ(url.style, S3Url::Style::virtual_host);
  EXPECT_EQ(url.profile, "my one");
  EXPECT_EQ(url.storage_class, "STANDARD_IA");
  EXPECT_EQ(url.encryption, S3Url::Encryption::kms);
  EXPECT_EQ(url.kms_key, "arn:aws:kms:x");
  EXPECT_EQ(url.lock, base::days(30));
  EXPECT_EQ(url.lock_mode, S3Url::LockMode::governance);
  EXPECT_EQ(url.ca_file, "/etc/ca.pem");
  EXPECT_EQ(url.proxy, "http://proxy:3128");
  EXPECT_EQ(url.consistency, S3Url::Consistency::strong);
  EXPECT_EQ(s3_of("s3://bucket?sse=customer&sse-key-file=/k").customer_key_file, "/k");
  EXPECT_EQ(s3_of("s3://bucket?lock=90m").lock, base::minutes(90));
  EXPECT_EQ(s3_of("s3://bucket?endpoint=https://[::1]:9000").endpoint, "https://[::1]:9000");
  EXPECT_EQ(s3_of("s3://bucket?style=path").style, S3Url::Style::path);
}

TEST(LocationUrl, RefusesWrongS3Urls) {
  for (const std::string_view text :
       {"s3:bucket",
        "s3://",
        "s3:///x",
        "s3://ab",
        "s3://b cd",
        "s3://.abc",
        "s3://a..b",
        "s3://bucket/a//b",
        "s3://bucket/../x",
        "s3://bucket/a/./b",
        "s3://bucket/%0a",
        "s3://bucket/%zz",
        "s3://bucket/x#y",
        "s3://bucket?nokey=1",
        "s3://bucket?region=",
        "s3://bucket?region",
        "s3://bucket?region=a&region=b",
        "s3://bucket?region=a/b",
        "s3://bucket?style=x",
        "s3://bucket?sse=x",
        "s3://bucket?sse=customer",
        "s3://bucket?sse-key-file=/k",
        "s3://bucket?sse-kms-key=k",
        "s3://bucket?consistency=weak",
        "s3://bucket?lock=0d",
        "s3://bucket?lock=soon",
        "s3://bucket?lock-mode=governance",
        "s3://bucket?lock-mode=x",
        "s3://bucket?endpoint=host:9000",
        "s3://bucket?endpoint=ftp://h",
        "s3://bucket?endpoint=http://h/path",
        "s3://bucket?endpoint=http://h:0",
        "s3://bucket?endpoint=http://h:65536",
        "s3://bucket?endpoint=http://",
        "s3://bucket?endpoint=http://h&sse=customer&sse-key-file=/k"}) {
    expect_refused(text, ErrorCode::invalid_argument);
  }
}

TEST(LocationUrl, UnknownKeysNameTheKnownOnes) {
  const auto url = parse_location_url("s3://bucket/x?regoin=eu");
  ASSERT_FALSE(url.ok());
  EXPECT_NE(url.error().message().find("regoin"), std::string::npos);
  EXPECT_NE(url.error().hint().find("region"), std::string::npos);
  EXPECT_NE(url.error().hint().find("endpoint"), std::string::npos);
}

TEST(LocationUrl, SftpUrls) {
  const SftpUrl url = sftp_of("sftp://me@Host.example:2222/srv/a%20b/");
  EXPECT_EQ(url.user, "me");
  EXPECT_EQ(url.host, "host.example");
  EXPECT_EQ(url.port, 2222);
  EXPECT_EQ(url.path, "/srv/a b");
  EXPECT_FALSE(sftp_of("sftp://host/x").port) << "~/.ssh/config may say";
  EXPECT_EQ(sftp_of("sftp://host:22/x").port, 22) << "even if it says something else";
  EXPECT_EQ(sftp_of("sftp://host/x").user, "");
  EXPECT_EQ(sftp_of("sftp://host/~/x/y").path, "x/y");
  EXPECT_EQ(sftp_of("sftp://[::1]:22/x").host, "::1");
  EXPECT_EQ(sftp_of("sftp://a%40b@host/x").user, "a@b");
  EXPECT_EQ(sftp_of("sftp://h/x?identity-file=/k&known-hosts-file=/h").identity_file, "/k");
  EXPECT_EQ(sftp_of("sftp://h/x?identity-file=/k&known-hosts-file=/h").known_hosts_file, "/h");
}

TEST(LocationUrl, RefusesWrongSftpUrls) {
  for (const std::string_view text :
       {"sftp:user@host:/path", "sftp://", "sftp://host", "sftp://host/", "sftp://host/~",
        "sftp://host/~/", "sftp://@host/x", "sftp://u:p@host/x", "sftp://host:0/x",
        "sftp://host:99999/x", "sftp://host:x/y", "sftp://[::1/x", "sftp://ho st/x",
        "sftp://-oProxyCommand/x", "sftp://host/x?key=1", "sftp://host/x#y", "sftp://host/%00"}) {
    expect_refused(text, ErrorCode::invalid_argument);
  }
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
        "u:hunter2@host/x", "file://u:hunter2@host/x", "s3://bucket?hunter2%20",
        "s3://bucket?endpoint=http://k:hunter2@host", "s3://bucket?region=hunter2/"}) {
    const auto url = parse_location_url(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_EQ((url.error().to_string() + url.error().hint()).find("hunter2"), std::string::npos);
  }
}

TEST(LocationUrl, FormatsWhatItReads) {
  EXPECT_EQ(format_location_url({.path = "/srv/a b"}), "file:///srv/a%20b");
  EXPECT_EQ(format_location_url({.path = "backup"}), "backup");
  EXPECT_EQ(format_location_url({.path = "a:b"}), "./a:b");
}

}  // namespace

}  // namespace holdfast::storage
