// Findings: each opens when something is wrong, once, and closes when it is mended.
#include "engine/findings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/expiry.hpp"
#include "engine/plan_run.hpp"
#include "proof_fixture.hpp"

namespace holdfast::engine {

namespace {

const ProgressCall silent = [](const Progress&) {};

class FindingsTest : public testing::Test {
 protected:
  FindingsTest() {
    test.write("data/a", "first");
    EXPECT_TRUE(make_places(*test.workplace).ok());
  }
  void back_up(const std::string& plan = "daily") {
    EXPECT_TRUE(run_plans(*test.workplace, test.run_of("files", plan), silent, {}).ok());
  }
  // Looks, records, and gives the kinds that are open.
  std::vector<std::string> look(const std::vector<LocationUse>& uses = {}) {
    const auto status = status_of(*test.workplace).value();
    const Sight sight{.status = status, .uses = uses};
    const auto found = find(*test.workplace, sight).value();
    opened = record_findings(*test.workplace, found, sight).value();
    std::vector<std::string> kinds;
    const auto open = test.catalog->findings().list_open().value();
    for (const auto& record : open) kinds.push_back(record.kind);
    std::sort(kinds.begin(), kinds.end());
    return kinds;
  }
  using Kinds = std::vector<std::string>;

  TestStrategy test{
      "  files:\n    files: { paths: [data] }\n    objectives: { rpo: 1d }\n"
      "    plans: { daily: { every: 1d, to: [ssd, hdd], keep: { last: 2 } } }\n"
      "    hooks: { before: ['test ! -e broken'] }\n"};
  std::vector<catalog::FindingRecord> opened;
};

TEST_F(FindingsTest, AMissedObjectiveOpensAndCloses) {
  EXPECT_EQ(look(), Kinds{"objective"});
  EXPECT_EQ(opened.size(), 1U);
  EXPECT_EQ(look(), Kinds{"objective"});
  EXPECT_TRUE(opened.empty());  // it was told already
  back_up();
  EXPECT_EQ(look(), Kinds{});
}

TEST_F(FindingsTest, AFailedRunIsOneUntilTheNextGoesWell) {
  back_up();
  test.write("broken", "");
  back_up();
  EXPECT_EQ(look(), Kinds{"failed"});
  EXPECT_EQ(opened.at(0).severity, "high");
  EXPECT_NE(opened.at(0).message.find("hook"), std::string::npos) << opened.at(0).message;
  std::filesystem::remove(test.directory / "broken");
  back_up();
  EXPECT_EQ(look(), Kinds{});
}

TEST_F(FindingsTest, ACancelledRunMendsNothing) {
  test.write("broken", "");
  back_up();
  const auto id = test.catalog->runs()
                      .begin({.kind = catalog::RunKind::backup,
                              .component = "files",
                              .plan = "daily",
                              .started = test.workplace->clock.now()},
                             test.workplace->random)
                      .value();
  ASSERT_TRUE(
      test.catalog->runs()
          .end(id, {.state = catalog::RunState::cancelled, .ended = test.workplace->clock.now()})
          .ok());
  EXPECT_EQ(look(), (Kinds{"failed", "objective"}));
}

TEST_F(FindingsTest, WhatCannotBeSeenStaysOpen) {
  back_up();
  catalog::FindingRecord missing;
  missing.kind = "missing";
  missing.component = "files";
  missing.location = "hdd";
  ASSERT_TRUE(test.catalog->findings().open(missing).ok());
  test.unmount("hdd");
  EXPECT_EQ(look(), Kinds{"missing"});
  test.mount("hdd");
  EXPECT_EQ(look(), Kinds{});
}

TEST_F(FindingsTest, ALocationThatIsDownIsOneUntilItsCopyIsThere) {
  test.unmount("hdd");
  back_up();
  EXPECT_EQ(look(), Kinds{"upload"});
  EXPECT_EQ(opened.at(0).location, "hdd");
  test.mount("hdd");
  auto waiting = test.catalog->copies().waiting().value();
  for (auto& copy : waiting) {
    copy.next_attempt = {};
    ASSERT_TRUE(test.catalog->copies().put(copy).ok());
  }
  ASSERT_TRUE(catch_up_copies(*test.workplace, silent, {}).ok());
  EXPECT_EQ(look(), Kinds{});
}

TEST_F(FindingsTest, AFullLocationIsOne) {
  back_up();
  LocationUse use;
  use.location = "ssd";
  use.bytes = 81;
  use.capacity = 100;
  EXPECT_EQ(look({use}), Kinds{"storage"});
  EXPECT_EQ(look({}), Kinds{"storage"});  // nobody looked: it stays
  use.bytes = 79;
  EXPECT_EQ(look({use}), Kinds{});
}

TEST_F(FindingsTest, AnUnusualSizeFreezesExpiry) {
  test.write("data/a", std::string(10'000, 'x'));
  for (int i = 0; i < 5; ++i) back_up();
  EXPECT_EQ(look(), Kinds{});
  test.write("data/a", "almost nothing");
  back_up();
  EXPECT_EQ(look(), Kinds{"size"});
  const auto place = open_place(*test.workplace, *test.strategy.location("ssd"));
  auto& repository = place.value()->repository();
  const auto before = repository::list_snapshots(repository).value().snapshots.size();
  back_up();
  back_up();
  EXPECT_EQ(repository::list_snapshots(repository).value().snapshots.size(), before + 2);
}

TEST_F(FindingsTest, AVerificationThatFoundDamageIsOneUntilOnePasses) {
  back_up();
  const auto look_with = [&](catalog::VerificationOutcome outcome, const std::string& run) {
    EXPECT_TRUE(test.catalog->verifications()
                    .add({.component = "files",
                          .location = "ssd",
                          .snapshot = "00",
                          .level = "intact",
                          .outcome = outcome,
                          .at = test.clock.now(),
                          .run = run,
                          .message = "a pack is damaged",
                          .bytes = 0,
                          .duration = {}})
                    .ok());
    return look();
  };
  EXPECT_EQ(look_with(catalog::VerificationOutcome::failed, "1"), Kinds{"verification"});
  EXPECT_EQ(look_with(catalog::VerificationOutcome::unknown, "2"), Kinds{"verification"});
  EXPECT_EQ(look_with(catalog::VerificationOutcome::passed, "3"), Kinds{});
}

TEST_F(FindingsTest, KindsOfOthersAreLeftAlone) {
  back_up();
  catalog::FindingRecord record;
  record.kind = strategy_finding;
  record.message = "refused";
  record.opened = test.clock.now();
  ASSERT_TRUE(test.catalog->findings().open(record).ok());
  EXPECT_EQ(look(), Kinds{"strategy"});
}

class ProofFindingsTest : public ProofTest {
 protected:
  ProofFindingsTest()
      : ProofTest(
            "{ exists: { every: 1d, level: present, of: all }, content: { every: 1h, level: "
            "readable, of: all }, proof: { every: 1h, drill: whole } }",
            "drills:\n  whole: { restore: [files], within: 4s, expect: [ { run: '! test -e "
            "\"$PWD/bad\" && { ! test -e \"$PWD/slow\" || sleep 4.2; }' } ] }\n") {}
  // The messages of those that are open, of these kinds.
  std::vector<std::string> look() {
    const auto status = status_of(*test.workplace).value();
    const std::vector<LocationUse> uses;
    const Sight sight{.status = status, .uses = uses};
    const auto found = find(*test.workplace, sight).value();
    EXPECT_TRUE(record_findings(*test.workplace, found, sight).ok());
    std::vector<std::string> messages;
    const auto open = test.catalog->findings().list_open().value();
    for (const auto& record : open) {
      if (record.kind != "verification" && record.kind != "drill") continue;
      messages.push_back(record.kind + " " + record.location + ": " + record.message);
    }
    return messages;
  }
};

TEST_F(ProofFindingsTest, DamageStaysOpenUntilItIsMended) {
  back_up();
  EXPECT_TRUE(look().empty());
  damage("ssd");
  verify("content");
  auto open = look();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_TRUE(open[0].starts_with("verification ssd: ")) << open[0];
  verify("exists");  // a pass at a lower level is no answer
  EXPECT_EQ(look().size(), 1U);
  damage("ssd");  // the same bit again
  verify("content");
  EXPECT_TRUE(look().empty());
}

TEST_F(ProofFindingsTest, OverdueIsOne) {
  back_up();
  verify("content");
  ASSERT_TRUE(look().empty());
  // Another clock: as if two hours had gone by.
  auto status = status_of(*test.workplace).value();
  for (auto& each : status.components.at(0).verifications) {
    each.state = VerificationStatus::State::overdue;
    each.age = base::hours(2);
  }
  const std::vector<LocationUse> uses;
  const auto found = find(*test.workplace, {.status = status, .uses = uses}).value();
  std::set<std::string> keys;
  for (const auto& record : found) keys.insert(record.key());
  EXPECT_TRUE(keys.contains("verification/files//ssd"));
  EXPECT_TRUE(keys.contains("verification/files//hdd"));
  EXPECT_TRUE(keys.contains("drill//whole/"));
}

TEST_F(ProofFindingsTest, ADrillThatFailsOrIsLateIsOne) {
  back_up();
  verify("proof");
  EXPECT_TRUE(look().empty());
  test.write("bad", "");
  EXPECT_EQ(verify("proof").outcome, catalog::VerificationOutcome::failed);
  auto open = look();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_NE(open[0].find("drill whole failed"), std::string::npos) << open[0];
  std::filesystem::remove(test.directory / "bad");
  test.write("slow", "");
  EXPECT_EQ(verify("proof").outcome, catalog::VerificationOutcome::passed);
  open = look();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_NE(open[0].find("more than"), std::string::npos) << open[0];
}

}  // namespace

}  // namespace holdfast::engine
