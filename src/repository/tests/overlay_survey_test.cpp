// Versions and delete markers over everything: seen through, and named.
#include "repository/overlay_survey.hpp"

#include <gtest/gtest.h>

#include "burglar_fixture.hpp"
#include "repository/prune.hpp"

namespace holdfast::repository {
namespace {

const TestFiles files{{"/a", noise(1, 200'000)}, {"/b", noise(2, 3'000)}};

std::vector<std::string> all_names(TestRepository& test) {
  std::vector<std::string> names;
  for (const auto& info : must(test.storage.list_all(""))) names.push_back(info.name);
  return names;
}

void expect_alive(TestRepository& test, const CommittedSnapshot& snapshot,
                  const std::string& machine) {
  auto repository = test.open(machine);
  const auto list = must(list_snapshots(*repository));
  EXPECT_TRUE(list.damaged.empty());
  EXPECT_EQ(must(choose_snapshot(list, base::to_hex(snapshot.id))).late, false);
  EXPECT_EQ(must(read_snapshot(*repository, snapshot.summary.root)), files);
}

TEST(OverlaySurvey, ASoundRepositoryHasNothingToTell) {
  TestRepository test(locked_bucket());
  auto repository = test.open();
  must(write_snapshot(*repository, files));
  (void)must(prune(*repository, {}, PruneRun::real, {}, {}));
  EXPECT_TRUE(must(survey_overlays(*repository)).empty());
  TestRepository plain;
  EXPECT_TRUE(must(survey_overlays(*plain.open())).empty());
}

TEST(OverlaySurvey, DeleteMarkersOverEverything) {
  TestRepository test(locked_bucket());
  const auto snapshot = must(write_snapshot(*test.open(), files));
  const auto names = all_names(test);
  must(test.storage.remove(names));
  ASSERT_TRUE(all_names(test).empty());
  expect_alive(test, snapshot, "fresh");
  auto maintainer = test.open("maintainer");
  EXPECT_EQ(must(survey_overlays(*maintainer)).size(), names.size());
  EXPECT_GE(must(prune(*maintainer, {}, PruneRun::real, {}, {})).suspicious.size(), names.size());
  must(write_snapshot(*test.open("writer"), files));
  expect_alive(test, snapshot, "another");
}

TEST(OverlaySurvey, GarbageAndTheSameBytesOverEverything) {
  TestRepository test(locked_bucket());
  const auto snapshot = must(write_snapshot(*test.open(), files));
  const auto names = all_names(test);
  test.clock.advance(base::days(3));
  for (const auto& name : names) {
    const auto bytes = must(test.storage.get(name, 1'000'000));
    test.storage.overwrite(name, bytes);  // would make a snapshot late
    test.storage.overwrite(name, noise(7, bytes.size()));
  }
  test.storage.overwrite("data/zz/junk", noise(1, 10));
  test.storage.overwrite("junk", noise(1, 10));
  expect_alive(test, snapshot, "fresh");
  for (int day = 0; day < 70; ++day) {
    const auto report = must(prune(*test.open("maintainer"), {}, PruneRun::real, {}, {}));
    if (day == 0) EXPECT_GE(report.suspicious.size(), names.size() + 2);
    test.clock.advance(base::days(1));
  }
  expect_alive(test, snapshot, "another");
}

TEST(OverlaySurvey, AForgedSnapshotStopsNoPruneAndIsNamed) {
  TestRepository test(locked_bucket());
  auto repository = test.open();
  const auto snapshot = must(write_snapshot(*repository, files));
  auto nowhere = snapshot.summary.root;
  nowhere.id[0] ^= 1;
  const auto forged = forge_snapshot(*repository, "another host", nowhere);
  for (int day = 0; day < 70; ++day) {
    const auto report = must(prune(*test.open("maintainer"), {}, PruneRun::real, {}, {}));
    EXPECT_TRUE(std::any_of(report.suspicious.begin(), report.suspicious.end(),
                            [&](const IgnoredObject& each) {
                              return each.name == object_name(snapshots_prefix, forged);
                            }))
        << day;
    test.clock.advance(base::days(1));
  }
  expect_alive(test, snapshot, "fresh");
}

}  // namespace
}  // namespace holdfast::repository
