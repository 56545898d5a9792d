// The doctor of a strategy: what is there, what is missing, what can't be looked at.
#include "engine/strategy_doctor.hpp"

#include <gtest/gtest.h>

#include "strategy_fixture.hpp"

namespace holdfast::engine {

namespace {

using Outcome = storage::Check::Outcome;

class StrategyDoctorTest : public testing::Test {
 protected:
  StrategyDoctorTest() {
    test.write("data/a", "first");
    EXPECT_TRUE(make_places(*test.workplace).ok());
  }
  // Of a subject's check; fails if there is none.
  Outcome outcome(const std::string& subject, const std::string& name) {
    const auto all = examine_strategy(*test.workplace, {}).value();
    for (const auto& each : all) {
      for (const auto& check : each.checks) {
        if (each.subject == subject && check.name == name) return check.outcome;
      }
    }
    ADD_FAILURE() << "no check " << name << " of " << subject;
    return Outcome::unknown;
  }

  TestStrategy test{
      "  files:\n    files: { paths: [data] }\n    plans: { d: { at: '03:00', to: { ssd: 7d } } }\n"
      "  cache:\n    redis: { url: 'redis://cache' }\n"
      "    plans: { r: { type: rdb, at: '03:00', to: { ssd: 7d } } }\n"};
};

TEST_F(StrategyDoctorTest, AllIsWell) {
  const auto all = examine_strategy(*test.workplace, {}).value();
  for (const auto& each : all) {
    for (const auto& check : each.checks) {
      if (each.subject == "component cache") continue;
      EXPECT_EQ(check.outcome, Outcome::ok)
          << each.subject << " " << check.name << ": " << check.message;
    }
  }
  EXPECT_EQ(outcome("component cache", "kind"), Outcome::unknown);
}

TEST_F(StrategyDoctorTest, WhatIsMissingIsNamed) {
  test.unmount("hdd");
  std::filesystem::remove_all(test.directory / "data");
  EXPECT_EQ(outcome("location hdd", "repository"), Outcome::problem);
  EXPECT_EQ(outcome("location ssd", "repository"), Outcome::ok);
  EXPECT_EQ(outcome("component files", "path"), Outcome::problem);
  EXPECT_EQ(outcome("strategy", "key"), Outcome::ok);
}

}  // namespace

}  // namespace holdfast::engine
