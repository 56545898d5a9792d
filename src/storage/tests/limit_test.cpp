// LimitStorage against a clock that only its own pauses move: the rates come out exactly.
#include "storage/limit.hpp"

#include <gtest/gtest.h>

#include "manual_time.hpp"
#include "storage/memory.hpp"

namespace holdfast::storage {

namespace {

class LimitTest : public testing::Test {
 protected:
  std::unique_ptr<LimitStorage> limited(LimitOptions options) {
    return std::make_unique<LimitStorage>(std::make_unique<MemoryStorage>(clock_), executor_,
                                          clock_, options);
  }
  // How long `call` sleeps.
  template <typename Call>
  double seconds_of(Call call) {
    const base::Duration begun = clock_.monotonic();
    call();
    return (clock_.monotonic() - begun).seconds();
  }

  ManualClock clock_;
  ManualExecutor executor_{clock_};
};

TEST_F(LimitTest, UploadsTakeTheirTime) {
  LimitOptions options;
  options.upload_bytes_per_second = 1000;
  const auto storage = limited(options);
  const double took = seconds_of([&] { EXPECT_TRUE(storage->put("a", base::Bytes(10'000)).ok()); });
  EXPECT_NEAR(took, 9.9, 0.01);  // a tenth of a second's worth may pass at once
  // In pieces, not in one block at the end.
  EXPECT_GE(executor_.sleeps().size(), 190U);
  EXPECT_EQ(seconds_of([&] { EXPECT_TRUE(storage->get("a", 10'000).ok()); }), 0.0);
  EXPECT_EQ(storage->get("a", 10'000).value(), base::Bytes(10'000));
}

TEST_F(LimitTest, DownloadsTakeTheirTime) {
  LimitOptions options;
  options.download_bytes_per_second = 1000;
  const auto storage = limited(options);
  EXPECT_EQ(seconds_of([&] { EXPECT_TRUE(storage->put("a", base::Bytes(4000)).ok()); }), 0.0);
  base::Bytes out(2000);
  const double took = seconds_of([&] {
    EXPECT_TRUE(storage->read("a", Range{0, 2000}, out).ok());
    EXPECT_TRUE(storage->get("a", 4000).ok());
    EXPECT_TRUE(storage->read("a", Range{0, 2000}, out).ok());
  });
  EXPECT_NEAR(took, 7.9, 0.01);
  EXPECT_GE(executor_.sleeps().size(), 150U);
}

TEST_F(LimitTest, IdleTimeIsNotSavedUp) {
  LimitOptions options;
  options.upload_bytes_per_second = 1000;
  const auto storage = limited(options);
  clock_.advance(base::hours(1));
  EXPECT_NEAR(seconds_of([&] { EXPECT_TRUE(storage->put("a", base::Bytes(10'000)).ok()); }), 9.9,
              0.01);
}

TEST_F(LimitTest, TasksShareOneRate) {
  LimitOptions options;
  options.upload_bytes_per_second = 1000;
  const auto storage = limited(options);
  const double took = seconds_of([&] {
    std::vector<std::unique_ptr<io::Task>> tasks;
    for (int i = 0; i < 4; ++i) {
      tasks.push_back(executor_.spawn("uploader", [&, i] {
        EXPECT_TRUE(storage->put("n" + std::to_string(i), base::Bytes(2500)).ok());
      }));
    }
  });
  // Sleeps of parallel tasks add up on this clock, so it is an upper bound that shows nobody got
  // round the bucket.
  EXPECT_GE(took, 9.89);
}

TEST_F(LimitTest, StopsWhenAsked) {
  std::stop_source source;
  LimitOptions options;
  options.upload_bytes_per_second = 10;
  options.stop = source.get_token();
  const auto storage = limited(options);
  source.request_stop();
  const auto stored = storage->put("a", base::Bytes(1000));
  ASSERT_FALSE(stored.ok());
  EXPECT_EQ(stored.error().code(), base::ErrorCode::cancelled);
  EXPECT_FALSE(storage->stat("a").ok());
}

TEST_F(LimitTest, CountsNothingWithoutLimits) {
  const auto storage = limited({});
  EXPECT_TRUE(storage->put("a", base::Bytes(1'000'000)).ok());
  EXPECT_TRUE(storage->get("a", 1'000'000).ok());
  EXPECT_TRUE(executor_.sleeps().empty());
}

}  // namespace

}  // namespace holdfast::storage
