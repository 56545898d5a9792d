// Picks, and what is kept in words.
#include "strategy/keep.hpp"

#include <gtest/gtest.h>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

TEST(Keep, PicksFitTheirPeriod) {
  EXPECT_EQ(parse_pick("sunday", Period::weekly).value(), (Pick{PickKind::weekday, 0}));
  EXPECT_EQ(parse_pick("15th", Period::monthly).value(), (Pick{PickKind::month_day, 15}));
  EXPECT_EQ(parse_pick("last", Period::daily).value(), Pick{});
  EXPECT_EQ(parse_pick("first", Period::hourly).value().kind, PickKind::first);
  for (const auto& [text, period] :
       {std::pair("sunday", Period::monthly), std::pair("1st", Period::weekly),
        std::pair("31st", Period::monthly), std::pair("noon", Period::daily)}) {
    const auto wrong = parse_pick(text, period);
    ASSERT_FALSE(wrong.ok()) << text;
    EXPECT_NE(wrong.error().hint().find("last"), std::string::npos);
  }
}

TEST(Keep, Words) {
  const auto said = [](const std::string& keep) {
    const auto parsed = parse_text(small_strategy("{ every: 1h, to: disk, keep: " + keep + " }"));
    return describe(parsed.strategy.component("home")->plan("daily")->to.at(0).keep);
  };
  EXPECT_EQ(said("7d"), "for 7 days");
  EXPECT_EQ(said("forever"), "for ever");
  EXPECT_EQ(said("{ last: 5, per: model }"), "the last 5, for each model");
  EXPECT_EQ(said("{ versions: 10 }"), "the last 10 versions of each path");
  EXPECT_EQ(said("{ for: 2d, daily: 7, monthly: { count: 12, pick: 1st } }"),
            "for 2 days, 7 daily and 12 monthly (1st)");
  EXPECT_EQ(said("{ until: event ok, then: 7d }"), "until ok and 7 days more");
}

TEST(Keep, Emptiness) {
  EXPECT_TRUE(Keep{}.empty());
  EXPECT_FALSE(Keep{.last = 0}.empty());
  const auto errors = lines_of(
      parse_text(small_strategy("{ every: 1h, to: disk, keep: { per: model, then: 3d } }")),
      Severity::error);
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_NE(errors[0].find("this keeps nothing"), std::string::npos);
  EXPECT_NE(errors[1].find("then says how long after the event"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::strategy
