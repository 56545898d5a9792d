// Storages from URLs: the right driver, the asked-for limits, the right refusals.
#include "storage/factory.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "manual_time.hpp"
#include "scripted_bucket.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::storage {

namespace {

using base::ErrorCode;

class FactoryTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  ManualClock clock_;
  ManualExecutor executor_{clock_};
  base::SystemRandom random_;
  StorageDependencies dependencies_{executor_, clock_, random_};
};

TEST_F(FactoryTest, CreatesOnceAndOpensAfterwards) {
  const std::string url = "file://" + directory_.path() + "/a%20b";
  EXPECT_EQ(open_storage(url, dependencies_).error().code(), ErrorCode::not_found);
  {
    const auto created = create_storage(url, dependencies_);
    ASSERT_TRUE(created.ok()) << created.error().to_string();
    EXPECT_EQ(created.value()->describe(), directory_.path() + "/a b");
    ASSERT_TRUE(created.value()->put("config", base::Bytes{1}).ok());
  }
  const auto opened = open_storage(directory_.path() + "/a b", dependencies_);
  ASSERT_TRUE(opened.ok()) << opened.error().to_string();
  EXPECT_EQ(opened.value()->get("config", 10).value(), base::Bytes{1});
  EXPECT_EQ(create_storage(url, dependencies_).error().code(), ErrorCode::already_exists);
}

TEST_F(FactoryTest, AppliesLimits) {
  StorageOptions options;
  options.limit.upload_bytes_per_second = 1000;
  const auto storage = create_storage(directory_.path() + "/r", dependencies_, options);
  ASSERT_TRUE(storage.ok());
  ASSERT_TRUE(storage.value()->put("a", base::Bytes(2000)).ok());
  EXPECT_FALSE(executor_.sleeps().empty());
  options.limit.upload_bytes_per_second = 0;
  EXPECT_EQ(open_storage(directory_.path() + "/r", dependencies_, options).error().code(),
            ErrorCode::invalid_argument);
}

TEST_F(FactoryTest, TriesBucketsAgain) {
  std::atomic<int> failures = 2;
  std::atomic<int> listings = 2;
  ScriptedBucket bucket(
      [&](const wire::ReceivedRequest& request) -> std::optional<wire::ScriptedAnswer> {
        const bool puts = request.line().starts_with("PUT");
        const bool lists = request.line().find("list-type") != std::string::npos;
        const bool fails = (puts && failures-- > 0) || (lists && listings-- > 0);
        if (!fails) return std::nullopt;
        return wire::ScriptedAnswer{wire::http_answer("503 Slow Down", "")};
      });
  dependencies_.environment = bucket.surroundings().environment;
  LocationUrl url;
  url.scheme = LocationUrl::Scheme::s3;
  url.s3 = bucket.url();
  const auto storage = create_storage(format_location_url(url), dependencies_);
  ASSERT_TRUE(storage.ok()) << storage.error().to_string();
  ASSERT_TRUE(storage.value()->put("config", base::Bytes{1}).ok());
  EXPECT_EQ(executor_.sleeps().size(), 4U) << "two of the listing, two of the put";
  EXPECT_TRUE(open_storage(format_location_url(url), dependencies_).ok());
}

TEST_F(FactoryTest, TriesSshServersAgain) {
  const auto storage = open_storage("sftp://127.0.0.1:1/srv/backup", dependencies_);
  ASSERT_FALSE(storage.ok()) << "nothing listens there";
  EXPECT_EQ(storage.error().code(), ErrorCode::unavailable) << storage.error().to_string();
  EXPECT_EQ(executor_.sleeps().size(), 3U);
}

TEST_F(FactoryTest, BucketsNeedCredentials) {
  ScriptedBucket bucket;
  LocationUrl url;
  url.scheme = LocationUrl::Scheme::s3;
  url.s3 = bucket.url();
  dependencies_.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_EC2_METADATA_DISABLED") return "true";
    return std::nullopt;
  };
  const auto storage = open_storage(format_location_url(url), dependencies_);
  ASSERT_FALSE(storage.ok());
  EXPECT_EQ(storage.error().code(), ErrorCode::permission_denied);
}

TEST_F(FactoryTest, HandsOnWhatTheUrlSays) {
  EXPECT_EQ(open_storage("gs://bucket", dependencies_).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(create_storage("", dependencies_).error().code(), ErrorCode::invalid_argument);
}

}  // namespace

}  // namespace holdfast::storage
