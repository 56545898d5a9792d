// Ages of recovery points against what was promised.
#include "engine/freshness.hpp"

#include <gtest/gtest.h>

#include "strategy_fixture.hpp"

namespace holdfast::engine {
namespace {

using base::hours;
using base::minutes;
using Objective = ComponentStatus::Objective;
using State = PlaceStatus::State;

constexpr base::Time now{1'800'000'000 * base::nanoseconds_per_second};

TEST(Freshness, ExpectsAScheduleAndAHalfOrThePromise) {
  const TestStrategy test(
      "  often:\n    files: { paths: [a] }\n    objectives: { rpo: 1h }\n    plans:\n"
      "      p: { every: 4h, to: { ssd: 7d } }\n"
      "      q: { every: 20m, to: { hdd: 7d } }\n"
      "  never:\n    files: { paths: [a] }\n    plans: { m: { when: manual, to: { ssd: 7d } } }\n");
  EXPECT_EQ(expected_age(test.component("often"), "ssd"), hours(6));
  EXPECT_EQ(expected_age(test.component("often"), "hdd"), hours(1));
  EXPECT_EQ(expected_age(test.component("never"), "ssd"), std::nullopt);
}

TEST(Freshness, IsLateBeyondWhatIsExpected) {
  PlaceStatus place;
  place.expected = minutes(30);
  set_newest(place, now - minutes(30), now);
  EXPECT_EQ(place.state, State::fresh);
  set_newest(place, now - minutes(31), now);
  EXPECT_EQ(place.state, State::late);
  EXPECT_EQ(place.age, minutes(31));
}

TEST(Freshness, OneGoodPlaceKeepsTheObjective) {
  ComponentStatus component;
  EXPECT_EQ(judge_objective(component), Objective::none);
  component.rpo = hours(1);
  EXPECT_EQ(judge_objective(component), Objective::missed);
  component.places.resize(2);
  EXPECT_EQ(judge_objective(component), Objective::unknown);
  set_newest(component.places[0], now - hours(2), now);
  set_newest(component.places[1], now - minutes(59), now);
  EXPECT_EQ(judge_objective(component), Objective::met);
  set_newest(component.places[1], now - minutes(61), now);
  EXPECT_EQ(judge_objective(component), Objective::missed);
}

}  // namespace
}  // namespace holdfast::engine
