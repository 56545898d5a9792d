// A catalog that was lost, made anew from what the locations hold.
#include "engine/catalog_rebuild.hpp"

#include <gtest/gtest.h>

#include "engine/component_snapshots.hpp"
#include "engine/import.hpp"
#include "strategy_fixture.hpp"

namespace holdfast::engine {
namespace {

const ProgressCall silent = [](const Progress&) {};

class CatalogRebuildTest : public testing::Test {
 protected:
  CatalogRebuildTest() {
    EXPECT_TRUE(make_places(*test.workplace).ok());
    test.write("data/a", "one");
  }
  PlanRunReport run(const std::string& plan) {
    auto report = run_plans(*test.workplace, test.run_of("files", plan), silent, {}).value();
    EXPECT_NE(report.end.state, catalog::RunState::failed) << report.end.message;
    return report;
  }
  void lose_the_catalog() {
    test.catalog = catalog::Catalog::open(test.directory / "new-state").value();
    anew = std::make_unique<Workplace>(Workplace{.strategy = test.strategy,
                                                 .zone = test.workplace->zone,
                                                 .catalog = *test.catalog,
                                                 .clock = test.clock,
                                                 .random = test.random,
                                                 .cache_directory = test.workplace->cache_directory,
                                                 .state_directory = test.directory / "new-state",
                                                 .host = "test",
                                                 .environment = test.workplace->environment,
                                                 .secret = test.workplace->secret});
  }
  std::vector<catalog::RunRecord> runs() {
    catalog::RunFilter filter;
    return test.catalog->runs().list(filter).value();
  }

  TestStrategy test{
      "  files:\n    files: { paths: [data] }\n    plans:\n      daily: { at: \"02:00\", to: [ssd, "
      "hdd], keep: forever }\n      again: { copy: daily, at: \"03:00\", to: { hdd: forever } }\n"
      "      never: { at: \"04:00\", to: { ssd: forever } }\n"};
  std::unique_ptr<Workplace> anew;
};

TEST_F(CatalogRebuildTest, RunsCopiesAndSlotsAreThereAgain) {
  const auto first = run("daily");
  test.write("data/a", "two and more");
  const auto second = run("daily");
  run("again");
  const auto before = test.catalog->runs().get(second.run).value();
  lose_the_catalog();
  const auto report = rebuild_catalog(*anew).value();
  EXPECT_EQ(report.snapshots, 4U);
  EXPECT_EQ(report.runs, 2U);
  EXPECT_EQ(report.copies, 4U);
  EXPECT_EQ(report.slots, 2U);
  EXPECT_TRUE(report.not_read.empty());
  const auto after = test.catalog->runs().get(second.run).value();
  EXPECT_EQ(after.start.component, "files");
  EXPECT_EQ(after.start.plan, "daily");
  EXPECT_EQ(after.end.state, catalog::RunState::succeeded);
  EXPECT_EQ(after.end.snapshot, before.end.snapshot);
  EXPECT_EQ(after.end.size, before.end.size);
  EXPECT_EQ(after.end.bytes_read, before.end.bytes_read);
  ASSERT_EQ(runs().size(), 2U);
  EXPECT_EQ(runs().back().id, first.run);
  const auto copies = test.catalog->copies().of_run(second.run).value();
  ASSERT_EQ(copies.size(), 2U);
  for (const auto& copy : copies) {
    EXPECT_EQ(copy.state, catalog::CopyState::stored);
    EXPECT_EQ(copy.original, second.end.snapshot);
    EXPECT_EQ(copy.original_location, "ssd");
  }
  const auto now = test.clock.now();
  const auto slot = test.catalog->slots().see("files", "daily", now, 0).value();
  ASSERT_TRUE(slot.served.has_value());
  EXPECT_LE(*slot.served, now);
  EXPECT_GE(*slot.served, now - base::hours(25));
  EXPECT_EQ(slot.served->nanoseconds % base::days(1).nanoseconds, base::hours(2).nanoseconds);
  EXPECT_LT(slot.first_seen, now);
  // Of what left nothing, nothing is known.
  EXPECT_FALSE(test.catalog->slots().see("files", "never", now, 0).value().served.has_value());
}

TEST_F(CatalogRebuildTest, ASecondTimeAddsNothing) {
  run("daily");
  run("again");
  lose_the_catalog();
  ASSERT_TRUE(rebuild_catalog(*anew).ok());
  const auto evidence = test.catalog->evidence().list(0, 10).value().size();
  const auto report = rebuild_catalog(*anew).value();
  EXPECT_EQ(report.runs + report.copies + report.slots, 0U);
  EXPECT_EQ(test.catalog->evidence().list(0, 10).value().size(), evidence);
  EXPECT_EQ(evidence, 1U);
}

TEST_F(CatalogRebuildTest, WhatTheCatalogKnowsStays) {
  const auto made = run("daily");
  const auto before = test.catalog->runs().get(made.run).value();
  const auto report = rebuild_catalog(*test.workplace).value();
  EXPECT_EQ(report.runs, 0U);
  EXPECT_EQ(report.copies, 0U);
  const auto after = test.catalog->runs().get(made.run).value();
  EXPECT_EQ(after.start.reason, before.start.reason);
  EXPECT_EQ(after.end.ended, before.end.ended);
}

TEST_F(CatalogRebuildTest, ALocationThatIsDownIsNamed) {
  run("daily");
  test.unmount("ssd");
  lose_the_catalog();
  const auto report = rebuild_catalog(*anew).value();
  ASSERT_EQ(report.not_read.size(), 1U);
  EXPECT_NE(report.not_read[0].find("ssd"), std::string::npos);
  EXPECT_EQ(report.runs, 1U);  // its copy tells as much
  // Once it is back, the rest is added.
  test.mount("ssd");
  EXPECT_EQ(rebuild_catalog(*anew).value().copies, 1U);
}

TEST_F(CatalogRebuildTest, AnImportServesNoSlot) {
  const auto& component = test.component("files");
  ASSERT_TRUE(import_backup(*test.workplace,
                            {.path = test.directory / "data/a",
                             .taken_at = base::parse_utc("2025-01-01T00:00:00Z").value(),
                             .component = &component,
                             .plan = component.plan("daily")},
                            silent, {})
                  .ok());
  lose_the_catalog();
  const auto report = rebuild_catalog(*anew).value();
  EXPECT_EQ(report.runs, 1U);
  EXPECT_EQ(report.slots, 0U);
}

}  // namespace
}  // namespace holdfast::engine
