// Finding things in a strategy by name.
#include "strategy/model.hpp"

#include <gtest/gtest.h>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

TEST(Model, NamesLeadToThings) {
  const auto strategy = parse_text(file_text("examples/shop.yaml")).strategy;
  EXPECT_EQ(strategy.component("cache")->name, "cache");
  EXPECT_EQ(strategy.component("cash"), nullptr);
  EXPECT_EQ(strategy.location("cloud")->region, "eu-west-1");
  EXPECT_EQ(strategy.location("moon"), nullptr);
  EXPECT_EQ(strategy.drill("weekly")->restore, std::vector<std::string>{"database"});
  EXPECT_EQ(strategy.drill("daily"), nullptr);
}

TEST(Model, APartIsProtectedByItsWhole) {
  const auto strategy = parse_text(file_text("examples/shop.yaml")).strategy;
  EXPECT_EQ(strategy.protector(*strategy.component("messages")).name, "database");
  EXPECT_EQ(strategy.protector(*strategy.component("cache")).name, "cache");
}

TEST(Model, Production) {
  for (const auto* name : {"production", "prod", "live"}) {
    EXPECT_TRUE(Strategy{.environment = name}.is_production());
  }
  EXPECT_FALSE(Strategy{.environment = "staging"}.is_production());
}

}  // namespace
}  // namespace holdfast::strategy
