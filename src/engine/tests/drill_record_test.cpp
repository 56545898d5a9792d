// Records of drills: there and back, and what follows from their parts.
#include "drill_record.hpp"

#include <gtest/gtest.h>

namespace holdfast::engine {

namespace {

DrillReport full_report() {
  DrillReport report;
  report.drill = "weekly";
  report.run = "20261121-101530-4f2a";
  report.started = {1'000};
  report.end.ended = {2'000};
  report.instant = base::Time{500};
  report.into = "sandbox";
  report.components.push_back({.name = "files",
                               .location = "ssd",
                               .snapshot = "ab",
                               .captured = base::Time{400},
                               .files = 3,
                               .bytes = 30,
                               .outcome = DrillOutcome::passed,
                               .message = {},
                               .fetch = base::seconds(1),
                               .start = base::seconds(4),
                               .replay = base::seconds(5),
                               .service = base::seconds(2),
                               .check = base::seconds(3)});
  report.checks.push_back({.kind = "confirm",
                           .on = {},
                           .text = "it \"answers\"\xFF",
                           .outcome = DrillOutcome::passed,
                           .message = "m",
                           .duration = base::seconds(4),
                           .confirmed_by = "A. Kaya",
                           .confirmed_at = base::Time{1'900}});
  report.fetch = base::seconds(1);
  report.service = base::seconds(2);
  report.check = base::seconds(4);
  report.total = base::seconds(7);
  report.within = base::seconds(8);
  report.notes = {"a note"};
  judge_drill(report);
  return report;
}

TEST(DrillRecord, ComesBackAsItWas) {
  const auto report = full_report();
  const auto body = encode_drill(report);
  const auto back = decode_drill(body).value();
  EXPECT_EQ(encode_drill(back), body);
  EXPECT_EQ(back.outcome, DrillOutcome::passed);
  EXPECT_EQ(back.components.at(0).total(), base::seconds(15));
  EXPECT_EQ(back.checks.at(0).confirmed_at, base::Time{1'900});
  EXPECT_EQ(back.within, base::seconds(8));
}

TEST(DrillRecord, WhatCannotBeReadIsNeverPassed) {
  EXPECT_FALSE(decode_drill("").ok());
  EXPECT_FALSE(decode_drill("[1]").ok());
  EXPECT_EQ(decode_drill("{}").value().outcome, DrillOutcome::unknown);
  const auto odd =
      decode_drill(R"({"outcome":1,"components":[3,{"outcome":"great","files":-1}],"checks":{}})")
          .value();
  EXPECT_EQ(odd.outcome, DrillOutcome::unknown);
  ASSERT_EQ(odd.components.size(), 1U);
  EXPECT_EQ(odd.components[0].outcome, DrillOutcome::unknown);
  EXPECT_EQ(odd.components[0].files, 0U);
}

TEST(DrillRecord, FailedComesBeforeUnknownBeforePassed) {
  auto report = full_report();
  EXPECT_EQ(report.end.state, catalog::RunState::succeeded);
  report.total = base::seconds(9);
  judge_drill(report);
  EXPECT_EQ(report.outcome, DrillOutcome::passed);
  EXPECT_EQ(report.end.state, catalog::RunState::warnings);
  EXPECT_NE(report.end.message.find("instead of"), std::string::npos);
  report.checks.push_back({});
  judge_drill(report);
  EXPECT_EQ(report.outcome, DrillOutcome::unknown);
  EXPECT_EQ(report.end.state, catalog::RunState::warnings);
  report.components[0].outcome = DrillOutcome::failed;
  report.components[0].message = "gone";
  judge_drill(report);
  EXPECT_EQ(report.outcome, DrillOutcome::failed);
  EXPECT_EQ(report.end.message, "files: gone");
  report.components.clear();
  report.checks.clear();
  judge_drill(report);
  EXPECT_EQ(report.outcome, DrillOutcome::unknown);  // nothing was restored
}

}  // namespace

}  // namespace holdfast::engine
