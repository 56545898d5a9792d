// Old backups taken in.
#include "engine/import.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/hash.hpp"
#include "engine/component_snapshots.hpp"
#include "engine/expiry.hpp"
#include "strategy_fixture.hpp"

namespace holdfast::engine {
namespace {

const ProgressCall silent = [](const Progress&) {};
const auto long_ago = base::parse_utc("2025-12-04T02:00:00Z").value();

class ImportTest : public testing::Test {
 protected:
  ImportTest() {
    EXPECT_TRUE(make_places(*test.workplace).ok());
    test.write("old.dump", "dump");
  }
  base::Result<ImportReport> import(const std::string& name, base::Time at = long_ago) {
    const auto& component = test.component("files");
    return import_backup(*test.workplace,
                         {.path = test.directory / name,
                          .taken_at = at,
                          .component = &component,
                          .plan = component.plan("daily")},
                         silent, {});
  }
  repository::SnapshotList snapshots(const std::string& location) {
    const auto place = open_place(*test.workplace, *test.strategy.location(location)).value();
    return repository::list_snapshots(place->repository()).value();
  }

  TestStrategy test{
      "  files:\n    files: { paths: [data] }\n    plans: { daily: { when: manual, to: { ssd: 30d, "
      "hdd: forever } } }\n"};
};

TEST_F(ImportTest, IsASnapshotOfItsTime) {
  const auto report = import("old.dump").value();
  EXPECT_EQ(report.sha256, base::to_hex(codec::sha256(base::as_bytes(std::string("dump")))));
  for (const auto* location : {"ssd", "hdd"}) {
    const auto list = snapshots(location);
    const auto* found = newest_snapshot(list, test.component("files"), long_ago, "daily");
    ASSERT_NE(found, nullptr) << location;
    EXPECT_EQ(found->summary.started, long_ago);
    EXPECT_EQ(found->summary.finished, long_ago);
    EXPECT_EQ(tag_of(*found, imported_tag), "old.dump");
    EXPECT_EQ(tag_of(*found, imported_hash_tag), report.sha256);
  }
  const auto run = test.catalog->runs().get(report.run.run).value();
  EXPECT_EQ(run.end.snapshot, report.run.end.snapshot);
  EXPECT_EQ(test.catalog->copies().of_run(report.run.run).value().size(), 2U);
  EXPECT_EQ(test.catalog->evidence().list(0, 10).value().at(0).kind, "import");
}

TEST_F(ImportTest, RetentionCountsItAtItsTime) {
  test.write("data/a", "x");
  const auto run = [&] {
    return run_plans(*test.workplace, test.run_of("files", "daily"), silent, {}).value().end.state;
  };
  ASSERT_EQ(run(), catalog::RunState::succeeded);  // else the import is the newest, and stays
  const auto old = import("old.dump").value();
  EXPECT_THAT(old.expired_at, testing::ElementsAre("ssd"));
  EXPECT_EQ(old.run.end.state, catalog::RunState::warnings);
  const auto recent = import("old.dump", test.clock.now() - base::days(3)).value();
  EXPECT_THAT(recent.expired_at, testing::IsEmpty());
  // The next run lets the old one go where it has expired, and only there.
  ASSERT_EQ(run(), catalog::RunState::succeeded);
  EXPECT_EQ(snapshots("ssd").snapshots.size(), 3U);
  EXPECT_EQ(snapshots("hdd").snapshots.size(), 4U);
}

TEST_F(ImportTest, AFolderComesWhole) {
  test.write("old/a", "1");
  test.write("old/b/c", "2");
  const auto report = import("old").value();
  EXPECT_EQ(report.sha256, "");
  EXPECT_EQ(report.run.end.size, 2U);
}

TEST_F(ImportTest, TheFutureAndNothingAreRefused) {
  EXPECT_EQ(import("old.dump", test.clock.now() + base::hours(1)).error().code(),
            base::ErrorCode::invalid_argument);
  EXPECT_EQ(import("nothing").error().code(), base::ErrorCode::not_found);
  EXPECT_EQ(import("ssd/../nothing").error().code(), base::ErrorCode::not_found);
  EXPECT_TRUE(snapshots("ssd").snapshots.empty());
}

TEST_F(ImportTest, WhereNothingIsUpItFailsAndSaysSo) {
  test.unmount("ssd");
  test.unmount("hdd");
  EXPECT_FALSE(import("old.dump").ok());
  EXPECT_EQ(test.catalog->runs().get("latest").value().end.state, catalog::RunState::failed);
}

TEST_F(ImportTest, ALocationThatIsDownWaits) {
  test.unmount("hdd");
  const auto report = import("old.dump").value();
  EXPECT_EQ(report.run.places.at(1).state, PlaceOutcome::State::waiting);
  EXPECT_EQ(test.catalog->copies().waiting().value().size(), 1U);
}

}  // namespace
}  // namespace holdfast::engine
