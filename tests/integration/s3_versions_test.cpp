// Buckets whose versioning was turned on, or off, while objects were in them: every version can be
// read.
#include <gtest/gtest.h>

#include "support/s3_server.hpp"
#include "support/storage_under_test.hpp"

namespace holdfast::storage {

namespace {

std::unique_ptr<S3Storage> opened(const std::string& bucket) {
  S3Server& server = shared_s3_server(S3Server::Kind::minio);
  auto storage = S3Storage::open(server.url(bucket, "p"), server.surroundings());
  EXPECT_TRUE(storage.ok()) << storage.error().to_string();
  return storage.ok() ? std::move(storage).value() : nullptr;
}

// The content of every version of `name`, the newest first; delete markers as "gone".
std::vector<std::string> contents_of(S3Storage& storage, const std::string& name) {
  std::vector<std::string> contents;
  const auto versions = storage.list_versions({});
  EXPECT_TRUE(versions.ok()) << versions.error().to_string();
  if (!versions.ok()) return contents;
  for (const ObjectInfo& one : versions.value().objects) {
    if (one.name != name) continue;
    if (one.kind == ObjectInfo::Kind::delete_marker) {
      contents.emplace_back("gone");
      continue;
    }
    const auto content = storage.get(name, 100, one.version);
    contents.push_back(content.ok() ? std::string(base::as_text(content.value()))
                                    : content.error().to_string());
  }
  return contents;
}

TEST(S3Versions, WhatWasStoredBeforeVersioningIsRead) {
  S3Server& server = shared_s3_server(S3Server::Kind::minio);
  server.make_bucket("late-versions", S3Server::Buckets::plain);
  const auto before = S3Storage::create(server.url("late-versions", "p"), server.surroundings());
  ASSERT_WORKS(before);
  ASSERT_WORKS(before.value()->put("a", base::as_bytes("first")));
  server.set_versioning("late-versions", "Enabled");
  const std::vector<std::string> names = {"a"};
  ASSERT_WORKS(before.value()->remove(names));
  const auto storage = opened("late-versions");
  ASSERT_NE(storage, nullptr);
  EXPECT_FAILS(base::ErrorCode::not_found, storage->get("a", 100));
  EXPECT_EQ(contents_of(*storage, "a"), (std::vector<std::string>{"gone", "first"}));
}

TEST(S3Versions, ASuspendedBucketStillHasWhatItKept) {
  S3Server& server = shared_s3_server(S3Server::Kind::minio);
  server.make_bucket("suspended", S3Server::Buckets::versioned);
  const auto before = S3Storage::create(server.url("suspended", "p"), server.surroundings());
  ASSERT_WORKS(before);
  ASSERT_WORKS(before.value()->put("a", base::as_bytes("first")));
  const std::vector<std::string> names = {"a"};
  ASSERT_WORKS(before.value()->remove(names));
  server.set_versioning("suspended", "Suspended");
  const auto storage = opened("suspended");
  ASSERT_NE(storage, nullptr);
  EXPECT_TRUE(storage->capabilities().versions);
  EXPECT_EQ(contents_of(*storage, "a"), (std::vector<std::string>{"gone", "first"}));
}

}  // namespace

}  // namespace holdfast::storage
