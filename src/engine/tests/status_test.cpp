// Status: from the repositories, and honest about what it could not see.
#include "engine/status.hpp"

#include <gtest/gtest.h>

#include "engine/component_restore.hpp"
#include "engine/plan_run.hpp"
#include "proof_fixture.hpp"

namespace holdfast::engine {

namespace {

const ProgressCall silent = [](const Progress&) {};

class StatusTest : public testing::Test {
 protected:
  StatusTest() {
    test.write("data/a", "first");
    EXPECT_TRUE(make_places(*test.workplace).ok());
  }
  void back_up() {
    EXPECT_TRUE(run_plans(*test.workplace, test.run_of("files", "daily"), silent, {}).ok());
  }
  ComponentStatus status() { return status_of(*test.workplace).value().components.at(0); }

  TestStrategy test{
      "  files:\n    files: { paths: [data] }\n    objectives: { rpo: 1d }\n"
      "    plans: { daily: { at: '03:00', to: [ssd, hdd], keep: 7d } }\n"};
};

TEST_F(StatusTest, NothingIsMissedUntilItIsThere) {
  auto found = status();
  EXPECT_EQ(found.objective, ComponentStatus::Objective::missed);
  EXPECT_EQ(found.places.at(0).state, PlaceStatus::State::empty);
  back_up();
  found = status();
  EXPECT_EQ(found.objective, ComponentStatus::Objective::met);
  EXPECT_EQ(found.places.at(1).state, PlaceStatus::State::fresh);
  EXPECT_EQ(found.places.at(1).snapshots, 1U);
  EXPECT_EQ(found.next_plan, "daily");
}

TEST_F(StatusTest, WhatCannotBeSeenIsUnknown) {
  back_up();
  test.unmount("ssd");
  auto found = status();
  EXPECT_EQ(found.places.at(0).state, PlaceStatus::State::unknown);
  EXPECT_FALSE(found.places.at(0).message.empty());
  EXPECT_EQ(found.objective, ComponentStatus::Objective::met);  // the other one has it
  test.unmount("hdd");
  EXPECT_EQ(status().objective, ComponentStatus::Objective::unknown);
}

TEST_F(StatusTest, ComponentsComeBack) {
  back_up();
  test.write("data/a", "second");
  test.unmount("ssd");
  const auto& component = test.component("files");
  ComponentRestoreOptions options;
  options.files.target = test.directory / "out";
  const auto restored = restore_component(*test.workplace, component, options, silent, {}).value();
  EXPECT_EQ(restored.location, "hdd");
  EXPECT_EQ(restored.passed_over.size(), 1U);
  EXPECT_EQ(test.read("out" + test.directory.path() + "/data/a"), "first");
  options.at = {.kind = RecoveryTarget::Kind::time, .time = restored.captured - base::seconds(1)};
  EXPECT_FALSE(restore_component(*test.workplace, component, options, silent, {}).ok());
  const auto evidence = test.catalog->evidence().list(0, 100).value();
  EXPECT_EQ(evidence.back().kind, "restore");
}

class ProofStatusTest : public ProofTest {
 protected:
  ProofStatusTest()
      : ProofTest(
            "{ checksum: { every: 1h, level: readable, of: all }, content: { after: each, level: "
            "sound }, proof: { every: 1h, drill: whole } }",
            "drills:\n  whole: { restore: [files], expect: [ { run: 'true' } ] }\n  bad: { "
            "restore: [files], expect: [ { run: 'false' } ] }\n") {}
  using State = VerificationStatus::State;
  ComponentStatus status() { return status_of(*test.workplace).value().components.at(0); }
  // Those at ssd and of drills.
  static State state_of(const ComponentStatus& status, const std::string& name) {
    for (const auto& each : status.verifications) {
      if (each.name == name && each.location != "hdd") return each.state;
    }
    return State::unknown;
  }
};

TEST_F(ProofStatusTest, WaitsThenIsCurrent) {
  auto found = status();
  EXPECT_EQ(found.verifications.size(), 5U);  // two at two locations, and a drill
  EXPECT_EQ(state_of(found, "checksum"), State::waiting);
  EXPECT_EQ(state_of(found, "proof"), State::waiting);
  EXPECT_EQ(found.recovery, ComponentStatus::Objective::unknown);  // no drill has shown it
  back_up();
  EXPECT_EQ(state_of(status(), "checksum"), State::waiting);
  EXPECT_EQ(verify("checksum").outcome, catalog::VerificationOutcome::passed);
  EXPECT_EQ(verify("proof").outcome, catalog::VerificationOutcome::passed);
  found = status();
  EXPECT_EQ(state_of(found, "checksum"), State::current);
  EXPECT_EQ(state_of(found, "proof"), State::current);
  EXPECT_EQ(found.recovery, ComponentStatus::Objective::met);
  EXPECT_EQ(found.places.at(0).proved, "restorable");
  EXPECT_TRUE(found.places.at(0).verified_at);
  EXPECT_EQ(found.places.at(1).proved, "readable");
  ASSERT_TRUE(found.last_drill);
  EXPECT_EQ(found.last_drill->outcome, "passed");
}

TEST_F(ProofStatusTest, FailedAndUnknownShow) {
  back_up();
  damage("ssd");
  verify("checksum");
  auto found = status();
  EXPECT_EQ(state_of(found, "checksum"), State::failed);
  EXPECT_EQ(found.places.at(0).damaged, 1U);
  EXPECT_EQ(found.places.at(1).damaged, 0U);
  test.unmount("ssd");
  EXPECT_EQ(state_of(status(), "checksum"), State::unknown);
  // Later it is there again; that the last look could not be made is still seen.
  damage("hdd");
  test.unmount("hdd");
  verify("checksum");
  test.mount("hdd");
  found = status();
  EXPECT_EQ(found.places.at(1).damaged, 0U);
  EXPECT_EQ(found.verifications.at(2).location, "hdd");
  EXPECT_EQ(found.verifications.at(2).state, State::unknown);
}

TEST_F(ProofStatusTest, WhatIsMendedIsNotDamaged) {
  back_up();
  damage("ssd");
  verify("checksum");
  damage("ssd");  // the same bit once more
  verify("content");
  EXPECT_EQ(status().places.at(0).damaged, 0U);
}

TEST_F(ProofStatusTest, OverdueShows) {
  const auto id = back_up();
  catalog::VerificationRecord old;
  old.component = "files";
  old.location = "ssd";
  old.snapshot = id;
  old.level = "readable";
  old.outcome = catalog::VerificationOutcome::passed;
  old.at = test.clock.now() - base::minutes(80);
  ASSERT_TRUE(test.catalog->verifications().add(old).ok());
  EXPECT_EQ(state_of(status(), "checksum"), State::current);  // half a schedule of patience
  old.location = "hdd";
  old.at = test.clock.now() - base::minutes(100);
  ASSERT_TRUE(test.catalog->verifications().add(old).ok());
  const auto found = status();
  EXPECT_EQ(found.verifications.at(2).state, State::overdue);
  EXPECT_EQ(state_of(found, "checksum"), State::current);
}

TEST_F(ProofStatusTest, AFailedDrillProvesNoTime) {
  back_up();
  ASSERT_TRUE(run_drill(*test.workplace, *test.strategy.drill("bad"), {}, silent, {}).ok());
  const auto found = status();
  ASSERT_TRUE(found.last_drill);
  EXPECT_EQ(found.last_drill->outcome, "failed");
  EXPECT_EQ(found.recovery, ComponentStatus::Objective::unknown);
}

}  // namespace

}  // namespace holdfast::engine
