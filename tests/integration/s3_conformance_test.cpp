// The conformance suite over real S3 servers: buckets without versions, with versions, with object
// lock.
#include <gtest/gtest.h>

#include <set>

#include "storage/immutable.hpp"
#include "support/s3_server.hpp"
#include "support/storage_under_test.hpp"

namespace holdfast::storage {

namespace {

// A fresh prefix of a bucket that all cases of the process share.
class S3UnderTest final : public StorageUnderTest {
 public:
  S3UnderTest(S3Server::Kind kind, S3Server::Buckets buckets) : server_(shared_s3_server(kind)) {
    static int number = 0;
    static std::set<std::pair<S3Server::Kind, S3Server::Buckets>> made;
    const std::string bucket = "bucket" + std::to_string(static_cast<int>(buckets));
    if (made.emplace(kind, buckets).second) server_.make_bucket(bucket, buckets);
    const std::string prefix = "case/" + std::to_string(++number);
    auto created = S3Storage::create(server_.url(bucket, prefix), server_.surroundings());
    EXPECT_TRUE(created.ok()) << created.error().to_string();
    if (created.ok()) storage_ = std::move(created).value();
  }

  Storage& storage() override { return *storage_; }
  bool go_offline() override {
    server_.stop();
    return true;
  }
  void come_back() override { server_.start(); }
  std::unique_ptr<Storage> take_storage() { return std::move(storage_); }

 private:
  S3Server& server_;
  std::unique_ptr<S3Storage> storage_;
};

// What the program makes of a bucket with versions.
class ImmutableS3UnderTest final : public StorageUnderTest {
 public:
  ImmutableS3UnderTest(S3Server::Kind kind, S3Server::Buckets buckets) : server_(kind, buckets) {}
  Storage& storage() override { return storage_; }
  [[nodiscard]] bool removes_for_good() const override { return true; }
  bool go_offline() override { return server_.go_offline(); }
  void come_back() override { server_.come_back(); }

 private:
  S3UnderTest server_;
  ImmutableStorage storage_{server_.take_storage()};
};

StorageCase immutable_on(std::string name, S3Server::Kind kind, S3Server::Buckets buckets) {
  return {std::move(name), [=] { return std::make_unique<ImmutableS3UnderTest>(kind, buckets); }};
}

StorageCase on(std::string name, S3Server::Kind kind, S3Server::Buckets buckets) {
  return {std::move(name), [=] { return std::make_unique<S3UnderTest>(kind, buckets); }};
}

using Kind = S3Server::Kind;
using Buckets = S3Server::Buckets;

INSTANTIATE_TEST_SUITE_P(
    S3, StorageConformance,
    testing::Values(on("minio", Kind::minio, Buckets::plain),
                    on("minio_versions", Kind::minio, Buckets::versioned),
                    on("minio_lock", Kind::minio, Buckets::locked),
                    on("versitygw", Kind::versitygw, Buckets::plain),
                    on("versitygw_versions", Kind::versitygw, Buckets::versioned),
                    immutable_on("minio_immutable", Kind::minio, Buckets::locked),
                    immutable_on("versitygw_immutable", Kind::versitygw, Buckets::versioned)),
    case_name);

}  // namespace

}  // namespace holdfast::storage
