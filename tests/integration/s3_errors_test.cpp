// Against a real server: what a user gets wrong is named, with what to do about it.
#include <gtest/gtest.h>

#include <map>

#include "support/s3_server.hpp"
#include "wire/s3.hpp"

namespace holdfast::storage {

namespace {

using base::ErrorCode;

class SkewedClock final : public base::Clock {
 public:
  [[nodiscard]] base::Time now() const override { return clock_.now() - base::hours(3); }
  [[nodiscard]] base::Duration monotonic() const override { return clock_.monotonic(); }

 private:
  base::SystemClock clock_;
};

class S3ErrorsTest : public testing::TestWithParam<S3Server::Kind> {
 protected:
  void SetUp() override {
    static std::map<S3Server::Kind, bool> made;
    if (!made[GetParam()]) server().make_bucket("errors", S3Server::Buckets::plain);
    made[GetParam()] = true;
  }
  static S3Server& server() { return shared_s3_server(GetParam()); }
  static base::Error failure(const S3Url& url, const S3Surroundings& around) {
    const auto storage = S3Storage::create(url, around);
    EXPECT_FALSE(storage.ok());
    return storage.ok() ? base::Error(ErrorCode::internal, "it worked") : storage.error();
  }
};

TEST_P(S3ErrorsTest, AWrongSecretAndAWrongKey) {
  S3Surroundings around = server().surroundings();
  around.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_SECRET_ACCESS_KEY") return "wrong";
    return S3Server::environment(name);
  };
  const base::Error secret = failure(server().url("errors", "x"), around);
  EXPECT_EQ(secret.code(), ErrorCode::permission_denied) << secret.to_string();
  EXPECT_NE(secret.hint().find("secret key is wrong"), std::string::npos) << secret.hint();
  EXPECT_EQ(secret.to_string().find("wrong"), std::string::npos);
  around.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_ACCESS_KEY_ID") return "nobody";
    return S3Server::environment(name);
  };
  const base::Error key = failure(server().url("errors", "x"), around);
  EXPECT_EQ(key.code(), ErrorCode::permission_denied) << key.to_string();
  EXPECT_NE(key.hint().find("access key"), std::string::npos) << key.hint();
}

TEST_P(S3ErrorsTest, AWrongRegionIsFollowedOrNamed) {
  S3Url url = server().url("errors", "region");
  url.region = "mars-north-1";
  const auto storage = S3Storage::create(url, server().surroundings());
  if (storage.ok()) {
    EXPECT_TRUE(storage.value()->put("a", base::Bytes{1}).ok());
  } else {
    EXPECT_NE(storage.error().hint().find("region"), std::string::npos) << storage.error().hint();
  }
}

TEST_P(S3ErrorsTest, ASkewedClock) {
  const SkewedClock clock;
  const S3Surroundings usual = server().surroundings();
  const base::Error error =
      failure(server().url("errors", "x"),
              {.executor = usual.executor, .clock = clock, .environment = usual.environment});
  EXPECT_EQ(error.code(), ErrorCode::permission_denied) << error.to_string();
  EXPECT_NE(error.hint().find("clock"), std::string::npos) << error.to_string();
}

TEST_P(S3ErrorsTest, AMissingBucketIsNoEmptyPlace) {
  const base::Error error = failure(server().url("no-such-bucket", "x"), server().surroundings());
  EXPECT_EQ(error.code(), ErrorCode::unavailable) << error.to_string();
  EXPECT_EQ(error.retry(), base::Retry::never);
  EXPECT_NE(error.hint().find("bucket"), std::string::npos);
}

TEST_P(S3ErrorsTest, AStoppedServerIsAnOutage) {
  const auto storage = S3Storage::create(server().url("errors", "outage"), server().surroundings());
  ASSERT_TRUE(storage.ok()) << storage.error().to_string();
  const auto upload = std::move(storage.value()->begin_put()).value();
  ASSERT_TRUE(upload->append(base::Bytes(90'000'000, 5)).ok());
  server().stop();
  const auto failed = upload->commit("x", {});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code(), ErrorCode::unavailable) << failed.error().to_string();
  EXPECT_EQ(failed.error().retry(), base::Retry::may_help);
  server().start();
  const auto stored = upload->commit("x", {});
  ASSERT_TRUE(stored.ok()) << stored.error().to_string();
  EXPECT_EQ(stored.value().size, 90'000'000U);
}

TEST_P(S3ErrorsTest, PlainHttpSpokenToAsTls) {
  S3Url url = server().url("errors", "x");
  url.endpoint = "https" + url.endpoint.substr(4);
  const base::Error error = failure(url, server().surroundings());
  EXPECT_EQ(error.code(), ErrorCode::unavailable) << error.to_string();
  EXPECT_NE(error.hint().find("http"), std::string::npos) << error.hint();
}

INSTANTIATE_TEST_SUITE_P(Servers, S3ErrorsTest,
                         testing::Values(S3Server::Kind::minio, S3Server::Kind::versitygw),
                         [](const auto& one) {
                           return one.param == S3Server::Kind::minio ? "minio" : "versitygw";
                         });

}  // namespace

}  // namespace holdfast::storage
