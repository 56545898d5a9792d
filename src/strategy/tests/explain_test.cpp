// What is said about a component.
#include "strategy/explain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::vector<std::string> said(const std::string& name) {
  const auto strategy = parse_text(file_text("examples/shop.yaml")).strategy;
  return explain(strategy, *strategy.component(name)).sentences;
}

TEST(Explain, WhatIsKeptWhereAndForHowLong) {
  const auto sentences = said("database");
  EXPECT_THAT(sentences, Contains(HasSubstr("wal: continuously the log is written to ssd (ssd), "
                                            "kept so that any instant of the last 7 days can be "
                                            "restored")));
  EXPECT_THAT(sentences, Contains("daily: every day at 00:00 the newest of hourly is copied to hdd "
                                  "(hdd and removable), kept for 30 days."));
  EXPECT_THAT(sentences, Contains(HasSubstr("The newest that was proved sound is never deleted.")));
  EXPECT_THAT(sentences, Contains(HasSubstr("At worst 1 second is lost")));
  EXPECT_THAT(sentences, Contains("From cloud it can be restored to any instant of the log."));
  EXPECT_THAT(sentences, Contains(HasSubstr("recovery is promised within 1 hour")));
  EXPECT_THAT(sentences, Contains(HasSubstr("Drills: weekly on Monday at 05:00")));
}

TEST(Explain, PartsAndMirrors) {
  EXPECT_EQ(said("messages").front(),
            "messages is part of database and is protected by its plans.");
  EXPECT_THAT(said("code"),
              Contains("push: at each commit a snapshot is taken to forge (a mirror), kept as its "
                       "source."));
}

}  // namespace
}  // namespace holdfast::strategy
