// Listing, choosing and annotating snapshots; forged ones are named and ignored.
#include "repository/snapshot_list.hpp"

#include <gtest/gtest.h>

#include "repository/object_name.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

TEST(SnapshotList, OldestFirstAndLatestIsTheNewest) {
  TestRepository test;
  auto repository = test.open();
  const auto first = must(write_snapshot(*repository, {{"/a", {1}}}));
  test.clock.advance(base::minutes(1));
  const auto second = must(write_snapshot(*repository, {{"/a", {2}}}));
  const auto list = must(list_snapshots(*repository));
  ASSERT_EQ(list.snapshots.size(), 2U);
  EXPECT_EQ(list.snapshots[0].id, first.id);
  EXPECT_EQ(must(choose_snapshot(list, "latest")).id, second.id);
  EXPECT_EQ(must(choose_snapshot(list, base::to_hex(first.id).substr(0, 12))).id, first.id);
  EXPECT_EQ(choose_snapshot(list, "0000000000").error().code(), base::ErrorCode::not_found);
  EXPECT_EQ(choose_snapshot(list, base::to_hex(first.id).substr(0, 3)).error().code(),
            base::ErrorCode::not_found);
  EXPECT_EQ(list.snapshots[1].summary.parent, first.id);
}

TEST(SnapshotList, TagsCanBeSetChangedAndTakenAway) {
  TestRepository test;
  auto repository = test.open();
  const auto snapshot = must(write_snapshot(*repository, {{"/a", {1}}}));
  const auto tags = [&] { return must(list_snapshots(*repository)).snapshots.at(0).summary.tags; };
  must(write_note(*repository, snapshot.id, NoteAction::tag, "b", "1"));
  test.clock.advance(base::seconds(1));
  must(write_note(*repository, snapshot.id, NoteAction::tag, "a", "x"));
  test.clock.advance(base::seconds(1));
  must(write_note(*repository, snapshot.id, NoteAction::tag, "b", "2"));
  EXPECT_EQ(tags(), (Tags{{"a", "x"}, {"b", "2"}}));
  test.clock.advance(base::seconds(1));
  must(write_note(*repository, snapshot.id, NoteAction::untag, "b", ""));
  EXPECT_EQ(tags(), (Tags{{"a", "x"}}));
}

TEST(SnapshotList, ForgedObjectsAreNamedAndIgnored) {
  TestRepository test;
  auto repository = test.open();
  (void)must(write_snapshot(*repository, {{"/a", {1}}}));
  const codec::SigningKey burglar(test.random.array<32>());
  (void)must(
      put_object(test.storage, snapshots_prefix,
                 sign_object(snapshot_magic, repository->id(), burglar, base::as_bytes("forged"))));
  (void)must(put_object(test.storage, notes_prefix, base::as_bytes("junk")));
  const auto list = must(list_snapshots(*repository));
  EXPECT_EQ(list.snapshots.size(), 1U);
  EXPECT_EQ(list.ignored.size(), 2U);
  EXPECT_TRUE(list.damaged.empty());
}

TEST(SnapshotList, ADamagedObjectIsDamaged) {
  TestRepository test;
  auto repository = test.open();
  const auto snapshot = must(write_snapshot(*repository, {{"/a", {1}}}));
  must(test.storage.damage(object_name(snapshots_prefix, snapshot.id),
                           [](base::Bytes& bytes) { bytes[100] ^= 1; }));
  const auto list = must(list_snapshots(*test.open("b")));
  EXPECT_TRUE(list.snapshots.empty());
  ASSERT_EQ(list.damaged.size(), 1U);
}

TEST(SnapshotList, DetailTellsWarnings) {
  TestRepository test;
  auto repository = test.open();
  auto writer = must(SnapshotWriter::begin(*repository, {.source = "files",
                                                         .host = "h",
                                                         .label = "l",
                                                         .paths = {},
                                                         .tags = {},
                                                         .command = "c",
                                                         .program = "p",
                                                         .started = {},
                                                         .rewrite_of = {}}));
  writer->warn("/x", "vanished");
  const auto committed = must(writer->commit({{"files", 7}}));
  const auto detail = must(read_detail(*test.open("b"), committed.id));
  ASSERT_EQ(detail.warnings.size(), 1U);
  EXPECT_EQ(detail.warnings[0].message, "vanished");
  EXPECT_EQ(detail.statistics.at(0).second, 7U);
  EXPECT_EQ(committed.summary.warning_count, 1U);
}

TEST(SnapshotList, TheNewestOfASeriesHasTheSamePathsAndHost) {
  TestRepository test;
  auto repository = test.open();
  const auto mine = must(write_snapshot(*repository, {{"/a", {1}}}, "mine"));
  test.clock.advance(base::seconds(5));
  (void)must(write_snapshot(*repository, {{"/a", {2}}}, "other"));
  const auto list = must(list_snapshots(*repository));
  const auto* newest = newest_of_series(list, "files", "test", "mine", {});
  ASSERT_NE(newest, nullptr);
  EXPECT_EQ(newest->id, mine.id);
  EXPECT_EQ(newest_of_series(list, "files", "elsewhere", "mine", {}), nullptr);
}

}  // namespace
}  // namespace holdfast::repository
