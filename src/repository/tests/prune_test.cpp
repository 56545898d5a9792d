// Prune deletes what nobody needs, keeps what somebody needs, and stops where it can't tell.
#include "repository/prune.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "bad_sectors.hpp"
#include "repository/object_name.hpp"
#include "repository/pack_list.hpp"
#include "repository/session.hpp"
#include "repository/snapshot_list.hpp"
#include "repository_fixture.hpp"
#include "storage/fault.hpp"

namespace holdfast::repository {
namespace {

PruneReport run_prune(Repository& repository, PruneRun run = PruneRun::real) {
  return must(prune(repository, {}, run, {}, {}));
}

void forget(Repository& repository, const ObjectHash& id) {
  const auto list = must(list_snapshots(repository));
  must(forget_snapshot(repository, must(choose_snapshot(list, base::to_hex(id)))));
}

std::uint64_t stored_bytes(Repository& repository) {
  std::uint64_t bytes = 0;
  for (const auto& [name, pack] : must(list_packs(repository))) bytes += pack.size;
  return bytes;
}

TEST(Prune, DeletesWhatOnlyAForgottenSnapshotNeeded) {
  TestRepository test;
  auto repository = test.open();
  const TestFiles kept_files{{"/keep", noise(1, 200'000)}};
  const auto gone = must(
      write_snapshot(*repository, {{"/keep", noise(1, 200'000)}, {"/gone", noise(2, 200'000)}}));
  const auto kept = must(write_snapshot(*repository, kept_files));
  forget(*repository, gone.id);
  const auto before = stored_bytes(*repository);
  const auto report = run_prune(*repository);
  EXPECT_TRUE(report.executed);
  EXPECT_GT(report.bytes_deleted, 150'000U);
  EXPECT_LT(stored_bytes(*repository), before - 150'000U);
  EXPECT_EQ(must(read_snapshot(*test.open("b"), kept.summary.root)), kept_files);
}

TEST(Prune, TwiceLeavesNothingBehind) {
  TestRepository test;
  auto repository = test.open();
  forget(*repository, must(write_snapshot(*repository, {{"/f", noise(1, 200'000)}})).id);
  (void)run_prune(*repository);
  test.clock.advance(base::seconds(1));
  (void)run_prune(*repository);
  EXPECT_EQ(stored_bytes(*repository), 0U);
  EXPECT_TRUE(must(test.storage.list_all(condemned_prefix)).empty());
  EXPECT_TRUE(must(test.storage.list_all(sessions_prefix)).empty());
}

TEST(Prune, FinishesWhatACrashBetweenDeletesAndMarkLeft) {
  TestRepository test;
  auto repository = test.open();
  forget(*repository, must(write_snapshot(*repository, {{"/f", noise(1, 200'000)}})).id);
  std::vector<CondemnedPack> packs;
  for (const auto& [name, pack] : must(list_packs(*repository))) packs.push_back({pack.type, name});
  (void)must(write_condemnation(*repository, CondemnationStage::condemned, packs));
  for (const auto& pack : packs) {
    const std::vector<std::string> names{pack_object_name(pack.type, pack.name)};
    (void)must(test.storage.remove(names));
  }
  for (int i = 0; i < 3; ++i) {
    test.clock.advance(base::seconds(1));
    (void)run_prune(*repository);
  }
  EXPECT_TRUE(must(test.storage.list_all(condemned_prefix)).empty());
}

TEST(Prune, DryRunChangesNothing) {
  TestRepository test;
  auto repository = test.open();
  forget(*repository, must(write_snapshot(*repository, {{"/f", noise(1, 200'000)}})).id);
  const auto before = stored_bytes(*repository);
  const auto report = run_prune(*repository, PruneRun::dry);
  EXPECT_FALSE(report.plan.condemn.empty());
  EXPECT_FALSE(report.executed);
  EXPECT_EQ(stored_bytes(*repository), before);
  EXPECT_TRUE(must(test.storage.list_all(condemned_prefix)).empty());
}

TEST(Prune, CompactsPacksWithMuchGarbage) {
  TestRepository test;
  auto repository = test.open();
  TestFiles all;
  TestFiles kept_files;
  for (int i = 0; i < 40; ++i) {
    const auto name = "/f" + std::to_string(i);
    all[name] = noise(static_cast<std::uint64_t>(i), 5'000);
    if (i % 2 == 0) kept_files[name] = all[name];
  }
  const auto gone = must(write_snapshot(*repository, all));
  const auto kept = must(write_snapshot(*repository, kept_files));
  forget(*repository, gone.id);
  const auto report = run_prune(*repository);
  EXPECT_GT(report.bytes_rewritten, 0U);
  EXPECT_LT(stored_bytes(*repository), 150'000U);
  EXPECT_EQ(must(read_snapshot(*test.open("b"), kept.summary.root)), kept_files);
}

TEST(Prune, WaitsOutItsGraceWhereListingsMayBeStale) {
  TestRepository test({.versions = false, .retention = false, .consistent = false});
  auto repository = test.open();
  forget(*repository, must(write_snapshot(*repository, {{"/f", noise(1, 200'000)}})).id);
  test.clock.advance(repository->config().session_ttl + base::hours(1));
  EXPECT_EQ(run_prune(*repository).packs_deleted, 0U);
  test.clock.advance(base::hours(23));
  EXPECT_EQ(run_prune(*repository).packs_deleted, 0U);
  test.clock.advance(base::hours(2));
  EXPECT_GT(run_prune(*repository).packs_deleted, 0U);
  EXPECT_EQ(stored_bytes(*repository), 0U);
}

// While one prune reads and copies, others condemn, copy and delete, again and again.
TEST(Prune, BesideOthersEndsAndLosesNothing) {
  TestFiles both;
  TestFiles kept;
  for (std::uint64_t i = 0; i < 16; ++i) {
    const auto name = "/" + std::to_string(100 + i);
    kept[name + "keep"] = both[name + "keep"] = noise(2 * i, 50'000);
    both[name + "gone"] = noise(2 * i + 1, 20'000);
  }
  const PruneOptions thorough{.garbage_share_max = 0.01};
  for (std::uint64_t moment = 1; moment <= 300; moment += 75) {
    TestRepository test;
    const auto machine = test.open();
    const auto gone = must(write_snapshot(*machine, both));
    const auto stays = must(write_snapshot(*machine, kept));
    forget(*machine, gone.id);
    storage::FaultStorage watched(test.storage, test.clock, 1, {});
    const auto around = test.environment("watched");
    const Environment watching{.storage = watched,
                               .files = around.files,
                               .executor = around.executor,
                               .clock = around.clock,
                               .random = around.random,
                               .cache_directory = around.cache_directory};
    const auto first = must(Repository::open(watching, TestRepository::passphrase()));
    std::atomic<std::uint64_t> calls = 0;
    std::uint64_t deleted_by_other = 0;
    storage::FaultOptions options;
    options.before_call = [&](const storage::FaultCall& call) {
      const bool reads = call.operation == storage::FaultOperation::read ||
                         call.operation == storage::FaultOperation::get;
      if (!reads || ++calls < moment || calls > moment + 30) return;
      test.clock.advance(base::seconds(1));
      deleted_by_other +=
          must(prune(*test.open("b"), thorough, PruneRun::real, {}, {})).packs_deleted;
      test.clock.advance(base::seconds(1));
    };
    watched.set_options(options);
    const auto report = prune(*first, thorough, PruneRun::real, {}, {});
    ASSERT_TRUE(report.ok()) << moment << ": " << report.error().to_string();
    watched.set_options({});
    EXPECT_GT(deleted_by_other + report.value().packs_deleted, 0U) << moment;
    EXPECT_EQ(must(read_snapshot(*test.open("c"), stays.summary.root)), kept) << moment;
  }
}

TEST(Prune, ARenewalAtTheTimeOfACondemnationMayNotHaveSeenIt) {
  TestRepository test(
      {.versions = false, .retention = false, .consistent = true, .skew = base::seconds(10)});
  auto repository = test.open();
  forget(*repository, must(write_snapshot(*repository, {{"/f", noise(1, 200'000)}})).id);
  auto other = test.open("b");
  test.clock.advance(base::hours(2));
  const auto writer = must(Session::begin(*other, "backup"));
  test.clock.advance(base::seconds(1));
  EXPECT_EQ(run_prune(*repository).packs_deleted, 0U);
  test.clock.advance(base::seconds(5));
  ASSERT_TRUE(writer->renew().ok());
  EXPECT_EQ(run_prune(*repository).packs_deleted, 0U) << "their times may misorder";
  test.clock.advance(base::seconds(10));
  ASSERT_TRUE(writer->renew().ok());
  EXPECT_GT(run_prune(*repository).packs_deleted, 0U);
}

TEST(Prune, SupersededSegmentsGoWhenTheirSuccessorIsOldEnough) {
  TestRepository test({.versions = false, .retention = false, .consistent = false});
  auto repository = test.open();
  const TestFiles kept_files{{"/keep", noise(1, 50'000)}};
  const auto gone = must(
      write_snapshot(*repository, {{"/keep", noise(1, 50'000)}, {"/gone", noise(2, 200'000)}}));
  const auto kept = must(write_snapshot(*repository, kept_files));
  forget(*repository, gone.id);
  const auto segments = [&] { return must(test.storage.list_all(index_prefix)).size(); };
  const auto a_day = base::hours(25);
  test.clock.advance(a_day);
  (void)run_prune(*repository);  // condemns
  test.clock.advance(a_day);
  EXPECT_GT(run_prune(*repository).packs_deleted, 0U);
  const auto both = segments();
  test.clock.advance(base::hours(1));
  (void)run_prune(*repository);
  EXPECT_EQ(segments(), both) << "a stale listing may still miss the successor";
  test.clock.advance(a_day);
  (void)run_prune(*repository);
  EXPECT_LT(segments(), both);
  EXPECT_EQ(must(read_snapshot(*test.open("b"), kept.summary.root)), kept_files);
}

TEST(Prune, APackWhoseCopyIsYoungStaysForThisTime) {
  TestRepository test({.versions = false, .retention = false, .consistent = false});
  auto repository = test.open();
  const TestFiles files{{"/f", noise(1, 200'000)}};
  const auto kept = must(write_snapshot(*repository, files));
  std::vector<CondemnedPack> packs;
  for (const auto& [name, pack] : must(list_packs(*repository))) packs.push_back({pack.type, name});
  (void)must(write_condemnation(*repository, CondemnationStage::condemned, packs));
  const auto left = [&] {
    return std::count_if(packs.begin(), packs.end(), [&](const CondemnedPack& pack) {
      return test.storage.stat(pack_object_name(pack.type, pack.name)).ok();
    });
  };
  test.clock.advance(base::hours(25));
  (void)run_prune(*repository);
  EXPECT_EQ(left(), static_cast<std::ptrdiff_t>(packs.size()));
  test.clock.advance(storage_staleness_max + base::minutes(2));
  (void)run_prune(*repository);
  EXPECT_EQ(left(), 0);
  EXPECT_EQ(must(read_snapshot(*test.open("b"), kept.summary.root)), files);
}

// The segment that says where the copy lies is in this machine's index, and can't be read anew: the
// copy may be young, so the old place stays.
TEST(Prune, ASegmentThatCantBeReadForNowEndsIt) {
  TestRepository test({.versions = false, .retention = false, .consistent = false});
  auto repository = test.open();
  const TestFiles files{{"/f", noise(1, 200'000)}};
  (void)must(write_snapshot(*repository, files));
  std::vector<CondemnedPack> packs;
  for (const auto& [name, pack] : must(list_packs(*repository))) packs.push_back({pack.type, name});
  (void)must(write_condemnation(*repository, CondemnationStage::condemned, packs));
  test.clock.advance(base::hours(25));
  (void)run_prune(*repository);  // copies
  BadSectors disk(test.storage);
  for (const auto& segment : must(test.storage.list_all(index_prefix)))
    disk.add(segment.name, 0, segment.size);
  const auto around = test.environment();
  const auto again = must(Repository::open({.storage = disk,
                                            .files = around.files,
                                            .executor = around.executor,
                                            .clock = around.clock,
                                            .random = around.random,
                                            .cache_directory = around.cache_directory},
                                           TestRepository::passphrase()));
  const auto report = prune(*again, {}, PruneRun::real, {}, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), base::ErrorCode::io);
  for (const auto& pack : packs)
    EXPECT_TRUE(test.storage.stat(pack_object_name(pack.type, pack.name)).ok());
}

TEST(Prune, AStorageClockThatJumpsForwardEndsNoGrace) {
  TestRepository test({.versions = false, .retention = false, .consistent = false});
  TestClock local;
  const auto shared = test.environment();
  const auto repository = must(Repository::open({.storage = shared.storage,
                                                 .files = shared.files,
                                                 .executor = shared.executor,
                                                 .clock = local,
                                                 .random = shared.random,
                                                 .cache_directory = shared.cache_directory},
                                                TestRepository::passphrase()));
  const auto both_advance = [&](base::Duration duration) {
    test.clock.advance(duration);
    local.advance(duration);
  };
  forget(*repository, must(write_snapshot(*repository, {{"/f", noise(1, 200'000)}})).id);
  both_advance(base::hours(2));
  EXPECT_FALSE(run_prune(*repository).plan.condemn.empty());
  test.clock.advance(base::days(3));
  both_advance(base::hours(1));
  EXPECT_EQ(run_prune(*repository).packs_deleted, 0U);
  both_advance(base::hours(25));
  EXPECT_GT(run_prune(*repository).packs_deleted, 0U);
}

TEST(Prune, LeavesALiveSessionsPacksAlone) {
  TestRepository test;
  auto repository = test.open();
  const auto session = must(Session::begin(*repository, "backup"));
  test.clock.advance(base::seconds(1));
  forget(*repository, must(write_snapshot(*test.open("b"), {{"/f", noise(1, 200'000)}})).id);
  const auto report = run_prune(*test.open("c"));
  EXPECT_EQ(report.packs_deleted, 0U);
  EXPECT_TRUE(report.plan.condemn.empty());
}

TEST(Prune, RescuesWhatASnapshotNeedsOfACondemnedPack) {
  TestRepository test;
  auto repository = test.open();
  const TestFiles files{{"/f", noise(1, 200'000)}};
  const auto kept = must(write_snapshot(*repository, files));
  std::vector<CondemnedPack> packs;
  for (const auto& [name, pack] : must(list_packs(*repository))) packs.push_back({pack.type, name});
  (void)must(write_condemnation(*repository, CondemnationStage::condemned, packs));
  (void)run_prune(*repository);
  for (const auto& pack : packs) {
    EXPECT_FALSE(test.storage.stat(pack_object_name(pack.type, pack.name)).ok())
        << "a condemnation is irrevocable";
  }
  EXPECT_EQ(must(read_snapshot(*test.open("b"), kept.summary.root)), files);
}

TEST(Prune, ADamagedSnapshotStopsIt) {
  TestRepository test;
  auto repository = test.open();
  const auto damaged = must(write_snapshot(*repository, {{"/a", noise(1, 50'000)}}));
  forget(*repository, must(write_snapshot(*repository, {{"/b", noise(2, 50'000)}}, "other")).id);
  must(test.storage.damage(object_name(snapshots_prefix, damaged.id),
                           [](base::Bytes& bytes) { bytes[bytes.size() / 2] ^= 1; }));
  const auto before = stored_bytes(*repository);
  const auto report = prune(*test.open("b"), {}, PruneRun::real, {}, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), base::ErrorCode::damaged);
  EXPECT_EQ(stored_bytes(*repository), before);
}

TEST(Prune, AForgedSnapshotDoesNotStopIt) {
  TestRepository test;
  auto repository = test.open();
  (void)must(put_object(test.storage, snapshots_prefix, base::as_bytes("not a snapshot at all")));
  forget(*repository, must(write_snapshot(*repository, {{"/b", noise(2, 50'000)}})).id);
  const auto report = run_prune(*repository);
  EXPECT_GT(report.packs_deleted, 0U);
  EXPECT_FALSE(report.ignored.empty()) << "what was forged is named";
}

TEST(Prune, AClockThatWentBackStopsIt) {
  TestRepository test;
  auto repository = test.open();
  forget(*repository, must(write_snapshot(*repository, {{"/b", noise(2, 50'000)}})).id);
  test.clock.advance(base::hours(-1));
  const auto report = prune(*repository, {}, PruneRun::real, {}, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), base::ErrorCode::conflict);
}

TEST(Prune, HeldSnapshotsCantBeForgotten) {
  TestRepository test;
  auto repository = test.open();
  const auto snapshot = must(write_snapshot(*repository, {{"/f", {1}}}));
  must(write_note(*repository, snapshot.id, NoteAction::hold, "", "legal"));
  auto list = must(list_snapshots(*repository));
  ASSERT_TRUE(list.snapshots[0].is_held());
  EXPECT_FALSE(forget_snapshot(*repository, list.snapshots[0]).ok());
  test.clock.advance(base::seconds(1));
  must(write_note(*repository, snapshot.id, NoteAction::release, "", ""));
  list = must(list_snapshots(*repository));
  must(forget_snapshot(*repository, list.snapshots[0]));
}

// Snapshots that are late, and lack what they need.
class LateSnapshot : public testing::Test {
 protected:
  LateSnapshot() {
    const auto made = must(write_snapshot(*repository_, files_));
    summary_ = made.summary;
    made_ = made.id;
    test_.clock.advance(repository_->config().session_ttl + base::hours(1));
  }
  ObjectHash put_late_without_tree() {
    auto summary = summary_;
    summary.root.id = ChunkId{7};  // of nothing
    return put_late_snapshot(*repository_, summary);
  }
  bool is_there(const ObjectHash& snapshot) {
    return test_.storage.stat(object_name(snapshots_prefix, snapshot)).ok();
  }

  TestRepository test_;
  std::unique_ptr<Repository> repository_ = test_.open();
  const TestFiles files_{{"/f", noise(1, 200'000)}};
  SnapshotSummary summary_;
  ObjectHash made_{};
};

TEST_F(LateSnapshot, GoesIfItLacksSomethingButInNoDryRun) {
  const auto late = put_late_without_tree();
  (void)run_prune(*repository_, PruneRun::dry);
  EXPECT_TRUE(is_there(late));
  (void)run_prune(*repository_);
  EXPECT_FALSE(is_there(late));
  EXPECT_TRUE(is_there(made_));
}

TEST_F(LateSnapshot, StaysWhileItIsHeld) {
  const auto late = put_late_without_tree();
  must(write_note(*repository_, late, NoteAction::hold, "", "legal"));
  (void)run_prune(*repository_);
  EXPECT_TRUE(is_there(late));
}

TEST_F(LateSnapshot, StaysWhileItsTreeCantBeRead) {
  forget(*repository_, made_);
  const auto late = put_late_snapshot(*repository_, summary_);
  BadSectors disk(test_.storage);
  for (const auto& pack : must(test_.storage.list_all(tree_prefix)))
    disk.add(pack.name, 0, pack.size);
  const auto around = test_.environment("fresh");
  const auto repository = must(Repository::open({.storage = disk,
                                                 .files = around.files,
                                                 .executor = around.executor,
                                                 .clock = around.clock,
                                                 .random = around.random,
                                                 .cache_directory = around.cache_directory},
                                                TestRepository::passphrase()));
  const auto report = prune(*repository, {}, PruneRun::real, {}, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), base::ErrorCode::io);
  EXPECT_TRUE(is_there(late));
}

// A node that only the late one is found to lack, because it comes first.
TEST_F(LateSnapshot, HidesNoDamageOfOneThatCounts) {
  (void)put_late_snapshot(*repository_, summary_);
  for (const auto& pack : must(test_.storage.list_all(tree_prefix)))
    must(test_.storage.damage(pack.name, [](base::Bytes& bytes) { bytes[300] ^= 1; }));
  const auto before = must(list_packs(*repository_)).size();
  const auto report = prune(*test_.open("fresh"), {}, PruneRun::real, {}, {});
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(must(list_packs(*repository_)).size(), before);
}

}  // namespace
}  // namespace holdfast::repository
