// Listing, choosing and annotating snapshots; forged ones are named and ignored.
#include "repository/snapshot_list.hpp"

#include <gtest/gtest.h>

#include "bad_sectors.hpp"
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

std::string only_note(TestRepository& test) {
  return must(test.storage.list_all(notes_prefix)).at(0).name;
}

// What can't be read may be a hold.
TEST(SnapshotList, ADamagedNoteKeepsSnapshotsFromBeingForgotten) {
  TestRepository test;
  const auto snapshot = must(write_snapshot(*test.open(), {{"/a", {1}}}));
  must(write_note(*test.open(), snapshot.id, NoteAction::hold, "", "legal"));
  must(test.storage.damage(only_note(test), [](base::Bytes& bytes) { bytes[60] ^= 1; }));
  const auto repository = test.open("fresh");
  const auto list = must(list_snapshots(*repository));
  ASSERT_EQ(list.damaged_notes.size(), 1U);
  EXPECT_TRUE(list.ignored.empty());
  const auto forgotten = forget_snapshot(*repository, list.snapshots.at(0));
  ASSERT_FALSE(forgotten.ok());
  EXPECT_EQ(forgotten.error().code(), base::ErrorCode::damaged);
  EXPECT_FALSE(forgotten.error().hint().empty());
  EXPECT_TRUE(test.storage.stat(object_name(snapshots_prefix, snapshot.id)).ok());
}

TEST(SnapshotList, ANoteThatCantBeReadForNowIsAnError) {
  TestRepository test;
  const auto snapshot = must(write_snapshot(*test.open(), {{"/a", {1}}}));
  must(write_note(*test.open(), snapshot.id, NoteAction::hold, "", "legal"));
  BadSectors disk(test.storage);
  disk.add(only_note(test), 0, 1);
  const auto around = test.environment("fresh");
  const auto repository = must(Repository::open({.storage = disk,
                                                 .files = around.files,
                                                 .executor = around.executor,
                                                 .clock = around.clock,
                                                 .random = around.random,
                                                 .cache_directory = around.cache_directory},
                                                TestRepository::passphrase()));
  EXPECT_EQ(list_snapshots(*repository).error().code(), base::ErrorCode::io);
}

TEST(SnapshotList, TheLatestIsNoLateOne) {
  TestRepository test;
  auto repository = test.open();
  const auto made = must(write_snapshot(*repository, {{"/a", {1}}}));
  test.clock.advance(repository->config().session_ttl + base::hours(1));
  const auto late = put_late_snapshot(*repository, made.summary, base::hours(-1));
  auto list = must(list_snapshots(*repository));
  ASSERT_EQ(list.snapshots.size(), 2U);
  EXPECT_EQ(list.snapshots.back().id, late);
  EXPECT_EQ(must(choose_snapshot(list, "latest")).id, made.id);
  EXPECT_EQ(must(choose_snapshot(list, base::to_hex(late))).id, late);
  must(forget_snapshot(*repository, list.snapshots.front()));
  list = must(list_snapshots(*repository));
  const auto latest = choose_snapshot(list, "latest");
  ASSERT_FALSE(latest.ok());
  EXPECT_EQ(latest.error().code(), base::ErrorCode::not_found);
  EXPECT_NE(latest.error().message().find("late"), std::string::npos);
}

TEST(SnapshotList, WhatASnapshotIsACopyOfIsNobodysToSay) {
  TestRepository test;
  auto repository = test.open();
  const auto snapshot = must(write_snapshot(*repository, {{"/a", {1}}}));
  for (const auto action : {NoteAction::tag, NoteAction::untag}) {
    EXPECT_EQ(write_note(*repository, snapshot.id, action, "copied-from", "x").error().code(),
              base::ErrorCode::invalid_argument);
  }
  EXPECT_EQ(check_tag("copied-from").error().code(), base::ErrorCode::invalid_argument);
  EXPECT_TRUE(check_tag("copied").ok());
}

}  // namespace
}  // namespace holdfast::repository
