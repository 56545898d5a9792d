// Locations of a strategy: addresses, making, opening.
#include "engine/place.hpp"

#include <gtest/gtest.h>

#include "engine/copy.hpp"
#include "repository/copy.hpp"
#include "strategy_fixture.hpp"

namespace holdfast::engine {

namespace {

constexpr const char* files =
    "  files:\n    files: { paths: [data] }\n    plans: { p: { at: '03:00', to: [ssd, hdd], keep: "
    "7d } }\n";

TEST(Place, AddressesTakeTheStrategysKeys) {
  TestStrategy test(files);
  EXPECT_EQ(url_of(test.strategy, *test.strategy.location("ssd")).value(),
            "file://" + test.directory.path() + "/ssd");
  strategy::Location location;
  location.name = "cloud";
  location.url = "s3://bucket/prefix";
  location.endpoint = "http://127.0.0.1:9000";
  location.region = "eu-central-1";
  location.storage_class = "STANDARD_IA";
  location.server_encryption = "AES256";
  const auto url = url_of(test.strategy, location).value();
  for (const char* part : {"s3://bucket/prefix?", "endpoint=", "region=eu-central-1",
                           "storage-class=STANDARD_IA", "sse="}) {
    EXPECT_NE(url.find(part), std::string::npos) << url;
  }
  location.server_encryption = "rot13";
  EXPECT_EQ(url_of(test.strategy, location).error().code(), base::ErrorCode::invalid_argument);
}

TEST(Place, AreMadeOnceAndShareADomain) {
  TestStrategy test(files);
  EXPECT_EQ(open_place(*test.workplace, *test.strategy.location("ssd")).error().code(),
            base::ErrorCode::not_found);
  const auto made = make_places(*test.workplace).value();
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[1].outcome, MadePlace::Outcome::made);
  EXPECT_EQ(make_places(*test.workplace).value()[0].outcome, MadePlace::Outcome::was_there);
  const auto ssd = open_place(*test.workplace, *test.strategy.location("ssd")).value();
  const auto hdd = open_place(*test.workplace, *test.strategy.location("hdd")).value();
  EXPECT_TRUE(repository::share_domain(ssd->repository(), hdd->repository()));
}

TEST(Place, OneThatIsLostIsMadeAgainInTheSameDomain) {
  TestStrategy test(files);
  ASSERT_TRUE(make_places(*test.workplace).ok());
  std::filesystem::remove_all(test.directory / "ssd");
  const auto made = make_places(*test.workplace).value();
  EXPECT_EQ(made[0].outcome, MadePlace::Outcome::made);
  const auto ssd = open_place(*test.workplace, *test.strategy.location("ssd")).value();
  const auto hdd = open_place(*test.workplace, *test.strategy.location("hdd")).value();
  EXPECT_TRUE(repository::share_domain(ssd->repository(), hdd->repository()));
}

}  // namespace

}  // namespace holdfast::engine
