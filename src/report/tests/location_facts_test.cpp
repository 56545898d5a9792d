// What a status tells of locations.
#include "report/location_facts.hpp"

#include <gtest/gtest.h>

#include "metrics_fixture.hpp"

namespace holdfast::report {

namespace {

TEST(LocationFacts, AreWhatTheStatusHasFound) {
  strategy::Strategy strategy;
  for (const auto* name : {"ssd", "nas", "mirror", "s3", "unused"}) {
    strategy::Location location;
    location.name = name;
    strategy.locations.push_back(location);
  }
  strategy.locations[0].capacity = 500;
  strategy.locations[2].kind = strategy::LocationKind::mirror;
  const auto facts = location_facts(strategy, full_status(), {});
  ASSERT_EQ(facts.size(), 4U);
  EXPECT_EQ(facts[0].name, "ssd");
  EXPECT_EQ(facts[0].state, LocationFacts::State::up);
  EXPECT_EQ(facts[0].capacity, 500U);
  EXPECT_FALSE(facts[0].bytes.has_value());
  EXPECT_EQ(facts[1].state, LocationFacts::State::down);
  EXPECT_EQ(facts[2].name, "s3");
  EXPECT_EQ(facts[2].state, LocationFacts::State::up);  // empty, but seen
  EXPECT_EQ(facts[3].state, LocationFacts::State::unknown);
}

TEST(LocationFacts, HoldWhatWasCounted) {
  strategy::Strategy strategy;
  for (const auto* name : {"ssd", "nas"}) {
    strategy::Location location;
    location.name = name;
    strategy.locations.push_back(location);
  }
  const std::vector<engine::LocationUse> uses{{.location = "ssd", .bytes = 30}};
  const auto facts = location_facts(strategy, full_status(), uses);
  EXPECT_EQ(facts.at(0).bytes, 30U);
  EXPECT_FALSE(facts.at(1).bytes.has_value());
}

}  // namespace

}  // namespace holdfast::report
