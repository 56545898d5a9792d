// Promises that a strategy makes and can't keep.
#include "strategy/checks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view good =
    "strategy: s\n"
    "encryption: { key: env:K }\n"
    "defaults: { verify: { content: { after: each, level: sound } } }\n"
    "locations:\n"
    "  near: { url: /b, media: ssd, host: a, access: 0s }\n"
    "  far: { url: \"s3://b/r\", offsite: true, access: 1h }\n"
    "components:\n"
    "  db:\n"
    "    host: a\n"
    "    postgres: { url: \"postgresql://h/d\", tls: verify-full }\n"
    "    objectives: { rpo: 1h, rto: 2h }\n"
    "    plans:\n"
    "      base: { type: physical, every: 1h, to: { near: 7d, far: 30d } }\n";

std::vector<std::string> told(std::string text, Severity severity = Severity::warning) {
  auto parsed = parse_text(text);
  EXPECT_THAT(lines_of(parsed, Severity::error), IsEmpty());
  check_promises(parsed.strategy, parsed.diagnostics);
  return lines_of(parsed, severity);
}

std::string with(const std::string& from, const std::string& to) {
  std::string text(good);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Checks, AGoodStrategyIsNotWarnedAbout) {
  EXPECT_THAT(told(std::string(good)), IsEmpty());
  EXPECT_THAT(told(std::string(good), Severity::error), IsEmpty());
}

TEST(Checks, AnRpoThatTheScheduleCantKeep) {
  EXPECT_THAT(told(with("every: 1h", "every: 2h")),
              Contains("warning 11:24 db promises an RPO of 1 hour, and its schedule can lose 2 "
                       "hours | run a plan more often, or add a log"));
  EXPECT_THAT(told(with("every: 1h", "at: \"Mon-Fri 02:00\"")),
              Contains(HasSubstr("its schedule can lose 3 days")));
  EXPECT_THAT(told(with("every: 1h", "when: manual")),
              Contains(HasSubstr("promises an RPO of 1 hour, and no plan runs by itself")));
  auto text = with("every: 1h", "every: 1d");
  text += "      wal: { type: log, when: continuous, flush: 1s, to: { near: 7d, far: 7d } }\n";
  EXPECT_THAT(told(text), IsEmpty());
}

TEST(Checks, WindowsAndJitterCountForTheRpo) {
  EXPECT_THAT(told(with("every: 1h", "every: 1h, blackout: \"08:00-18:00\"")),
              Contains(HasSubstr("its schedule can lose 11 hours")));
  EXPECT_THAT(told(with("every: 1h", "every: 1h, blackout: \"08:10-18:00\"")),
              Contains(HasSubstr("its schedule can lose 10 hours")));
  EXPECT_THAT(told(with("every: 1h", "every: 1h") + "blackout: \"Sat 08:00-18:00\"\n"),
              Contains(HasSubstr("its schedule can lose 11 hours")));
  EXPECT_THAT(told(with("every: 1h", "every: 1h, jitter: 10m")),
              Contains(HasSubstr("its schedule can lose 1 hour 10 minutes")));
  EXPECT_THAT(told(with("every: 1h", "every: 30m, jitter: 10m")), IsEmpty());
  EXPECT_THAT(told(with("every: 1h", "every: 1s, blackout: \"12:00-12:30\"")), IsEmpty());
}

TEST(Checks, APartIsProtectedByTheWhole) {
  EXPECT_THAT(told(std::string(good) + "  part: { part-of: db, objectives: { rpo: 30m } }\n"),
              Contains(HasSubstr("part promises an RPO of 30 minutes, and its schedule can lose")));
}

TEST(Checks, AnRtoShorterThanAccess) {
  EXPECT_THAT(told(with("{ near: 7d, far: 30d }", "{ far: 30d }")),
              Not(Contains(HasSubstr("RTO"))));
  EXPECT_THAT(told(with("access: 1h }", "access: 3h }")
                       .replace(with("access: 1h }", "access: 3h }").find("{ near: 7d, far: 30d }"),
                                22, "{ far: 30d }")),
              Contains(HasSubstr("promises an RTO of 2 hours, and its quickest location takes 3 "
                                 "hours to answer")));
}

TEST(Checks, CopiesOnTheOwnHostOnly) {
  EXPECT_THAT(told(with("{ near: 7d, far: 30d }", "{ near: 7d }")),
              AllOf(Contains(HasSubstr("all copies of db are on its own host a")),
                    Contains(HasSubstr("db does not meet 3-2-1: it lacks a second copy, a second "
                                       "kind of media, a copy that is off-site"))));
}

TEST(Checks, ThreeTwoOneIsANoteElsewhere) {
  const auto text = with("{ near: 7d, far: 30d }", "{ far: 7d }") + "environment: test\n";
  EXPECT_THAT(told(text, Severity::note), Contains(HasSubstr("does not meet 3-2-1")));
}

TEST(Checks, ProductionWithoutTls) {
  EXPECT_THAT(told(with(", tls: verify-full", "")), Contains(HasSubstr("reached without TLS")));
  EXPECT_THAT(told(with("h/d\", tls: verify-full", "h/d?sslmode=require\"")), IsEmpty());
  EXPECT_THAT(told(with("h/d\", tls: verify-full", "localhost/d\"")), IsEmpty());
  EXPECT_THAT(told(with(", tls: verify-full", "") + "environment: test\n"), IsEmpty());
  EXPECT_THAT(told(with("offsite: true", "offsite: true, endpoint: \"http://s3\"")),
              Contains(HasSubstr("far is reached without TLS")));
}

TEST(Checks, ALockLongerThanWhatIsKept) {
  EXPECT_THAT(told(with("offsite: true", "offsite: true, lock: 60d")),
              Contains(HasSubstr("base keeps 30 days at far, which is locked for 60 days")));
  const auto locked = [](const std::string& keep) {
    auto text = with("offsite: true", "offsite: true, lock: 60d");
    return text.replace(text.find("far: 30d"), 8, "far: " + keep);
  };
  EXPECT_THAT(told(locked("{ daily: 7, weekly: 4 }")), Contains(HasSubstr("locked for 60 days")));
  EXPECT_THAT(told(locked("{ daily: 7, monthly: 12 }")), IsEmpty());
  EXPECT_THAT(told(locked("{ last: 3 }")), IsEmpty());
}

TEST(Checks, ALogWithoutABase) {
  const auto text = with("{ near: 7d, far: 30d }", "{ near: 7d }") +
                    "      wal: { type: log, when: continuous, to: { far: 7d } }\n";
  EXPECT_THAT(
      told(text, Severity::error),
      Contains(AllOf(StartsWith("error 14:"), HasSubstr("wal at far is a log without a base"),
                     HasSubstr("send a physical or incremental plan there too"))));
  EXPECT_THAT(told(text + "      weekly: { copy: base, at: \"Sun 00:00\", to: { far: 90d } }\n",
                   Severity::error),
              IsEmpty());
}

TEST(Checks, EncryptionAsTheEnvironmentDemands) {
  const auto open = with("far: 30d } }", "far: 30d }, export: { to: /x, name: y } }");
  EXPECT_THAT(told(open, Severity::error), Contains(HasSubstr("exports plain files without")));
  EXPECT_THAT(told(open + "environment: test\n"), Contains(HasSubstr("exports plain files")));
  EXPECT_THAT(told(open, Severity::warning), Contains(HasSubstr("under the same name")));
  EXPECT_THAT(told(with("{ key: env:K }", "required"), Severity::error),
              Contains(HasSubstr("no key is declared")));
  EXPECT_THAT(told(with("{ key: env:K }", "optional"), Severity::error), IsEmpty());
}

TEST(Checks, VerificationThatNeverReachesTheDemand) {
  EXPECT_THAT(told(with("every: 1h", "every: 1h, demand: restorable")),
              Contains(HasSubstr("base demands restorable, and nothing verifies so far")));
  EXPECT_THAT(told(with("defaults: { verify: { content: { after: each, level: sound } } }\n", ""),
                   Severity::note),
              Contains(HasSubstr("nothing verifies the snapshots of db")));
}

TEST(Checks, CredentialsAndKeysAreSeparate) {
  EXPECT_THAT(told(with("offsite: true", "offsite: true, credentials: file:/c") +
                   "  media:\n    bucket: { url: \"s3://m\", credentials: file:/c }\n"
                   "    plans: { p: { every: 1h, to: { near: 7d, far: 7d } } }\n"),
              testing::ElementsAre(HasSubstr("media and its backups at far have the same")));
  EXPECT_THAT(told(with("env:K", "file:/b/key")),
              testing::ElementsAre(HasSubstr("the key lies beside the backups at near")));
}

TEST(Checks, DrillsThatArePromisedAndNotDone) {
  EXPECT_THAT(told(with("rto: 2h", "rto: 2h, drills: 100% per quarter")),
              Contains(HasSubstr("db promises drills, and no drill restores it by a schedule")));
}

TEST(Checks, IntervalsThatDoNotDivideADay) {
  EXPECT_THAT(told(with("every: 1h", "every: 50m"), Severity::note),
              Contains(HasSubstr("50 minutes does not divide a day")));
}

TEST(Checks, TheWorstLossOfACopyIsThatOfTheSlowerOne) {
  auto parsed = parse_text(std::string(good) +
                           "      weekly: { copy: base, at: \"Sun 00:00\", to: { far: 90d } }\n");
  const auto& component = parsed.strategy.components.front();
  EXPECT_EQ(worst_loss(parsed.strategy, component, component.plans.back()), base::days(7));
  EXPECT_EQ(worst_loss(parsed.strategy, component), base::hours(1));
  EXPECT_TRUE(has_base_at(component, "far"));
  EXPECT_FALSE(has_base_at(component, "nowhere"));
}

TEST(Checks, WhatACopyHoldsIsAsOldAsItsOriginal) {
  const auto loss = [](const std::string& original, const std::string& copy) {
    auto parsed = parse_text(with("every: 1h", original) + "      daily: { copy: base, " + copy +
                             ", to: { far: 90d } }\n");
    EXPECT_THAT(lines_of(parsed, Severity::error), IsEmpty());
    const auto& component = parsed.strategy.components.front();
    return worst_loss(parsed.strategy, component, component.plans.back());
  };
  EXPECT_EQ(loss("every: 1h", "at: \"00:00\""), base::days(1));
  EXPECT_EQ(loss("every: 1h", "at: \"00:30\""), base::minutes(24 * 60 + 30));
  EXPECT_EQ(loss("at: \"12:00\"", "at: \"00:00\""), base::hours(36));
  EXPECT_EQ(loss("at: \"Sun 12:00\"", "at: \"00:00\""), base::hours(7 * 24 + 12));
  EXPECT_EQ(loss("every: 1h, jitter: 10m", "at: \"00:05\""), base::minutes(25 * 60 + 5));
  EXPECT_EQ(loss("every: 1h, blackout: \"20:00-06:00\"", "at: \"00:30\""),
            base::minutes(29 * 60 + 30));
  EXPECT_EQ(loss("when: manual", "at: \"00:00\""), std::nullopt);
}

TEST(Checks, WhatFollowsChangesWaitsForWindowsToo) {
  const auto loss = [](const std::string& plan) {
    auto parsed = parse_text(small_strategy(plan));
    const auto& component = parsed.strategy.components.front();
    return worst_loss(parsed.strategy, component);
  };
  EXPECT_EQ(loss("{ when: change, settle: 10s, to: disk, keep: 1d }"), base::seconds(10));
  EXPECT_EQ(loss("{ when: change, settle: 10s, at-most: 1m, to: disk, keep: 1d }"),
            base::minutes(1));
  EXPECT_EQ(loss("{ when: change, settle: 0s, jitter: 1m, blackout: [\"08:00-18:00\", "
                 "\"17:00-19:00\"], to: disk, keep: 1d }"),
            base::minutes(11 * 60 + 1));
  EXPECT_EQ(loss("{ every: 1h, blackout: [\"00:00-12:00\", \"12:00-24:00\"], to: disk, "
                 "keep: 1d }"),
            std::nullopt);
}

}  // namespace
}  // namespace holdfast::strategy
