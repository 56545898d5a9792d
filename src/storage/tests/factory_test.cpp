// Storages from URLs: the right driver, the asked-for limits, the right refusals.
#include "storage/factory.hpp"

#include <gtest/gtest.h>

#include "manual_time.hpp"
#include "temporary_directory.hpp"

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

TEST_F(FactoryTest, HandsOnWhatTheUrlSays) {
  EXPECT_EQ(open_storage("s3://bucket", dependencies_).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(create_storage("sftp://h/x", dependencies_).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(create_storage("", dependencies_).error().code(), ErrorCode::invalid_argument);
}

}  // namespace

}  // namespace holdfast::storage
