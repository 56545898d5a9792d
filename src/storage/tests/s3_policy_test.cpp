// Who may do what: a writer's policy has nothing that deletes, unlocks or shortens.
#include "storage/s3_policy.hpp"

#include <gtest/gtest.h>

namespace holdfast::storage {

namespace {

S3Url place() {
  S3Url url;
  url.bucket = "backups";
  url.prefix = "eu/web";
  return url;
}

TEST(S3Policy, AWriterAddsAndReads) {
  const std::string policy = s3_policy(place(), S3Role::writer);
  for (const char* needed :
       {"s3:PutObject\"", "s3:GetObject\"", "s3:GetObjectVersion\"", "s3:ListBucketVersions",
        "arn:aws:s3:::backups\"", "arn:aws:s3:::backups/eu/web/*"}) {
    EXPECT_NE(policy.find(needed), std::string::npos) << needed;
  }
  for (const char* forbidden : {"Delete", "Bypass", "PutObjectRetention", "PutBucket", "s3:*"}) {
    EXPECT_EQ(policy.find(forbidden), std::string::npos) << forbidden;
  }
}

TEST(S3Policy, AMaintainerDeletesAndLocksButBypassesNothing) {
  const std::string policy = s3_policy(place(), S3Role::maintainer);
  for (const char* needed : {"s3:DeleteObjectVersion", "s3:PutObjectRetention"}) {
    EXPECT_NE(policy.find(needed), std::string::npos) << needed;
  }
  for (const char* forbidden : {"Bypass", "PutBucket", "s3:*"}) {
    EXPECT_EQ(policy.find(forbidden), std::string::npos) << forbidden;
  }
}

TEST(S3Policy, AWholeBucketAndAwkwardNames) {
  S3Url url = place();
  url.prefix.clear();
  EXPECT_NE(s3_policy(url, S3Role::writer).find("\"arn:aws:s3:::backups/*\""), std::string::npos);
  url.prefix = "a\"b";
  EXPECT_NE(s3_policy(url, S3Role::writer).find("a\\\"b/*"), std::string::npos);
}

}  // namespace

}  // namespace holdfast::storage
