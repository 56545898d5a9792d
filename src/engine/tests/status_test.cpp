// Status: from the repositories, and honest about what it could not see.
#include "engine/status.hpp"

#include <gtest/gtest.h>

#include "engine/component_restore.hpp"
#include "engine/plan_run.hpp"
#include "strategy_fixture.hpp"

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
  options.at = restored.captured - base::seconds(1);
  EXPECT_FALSE(restore_component(*test.workplace, component, options, silent, {}).ok());
  const auto evidence = test.catalog->evidence().list(0, 100).value();
  EXPECT_EQ(evidence.back().kind, "restore");
}

}  // namespace

}  // namespace holdfast::engine
