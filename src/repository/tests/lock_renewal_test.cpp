// What is needed stays locked as long as maintenance runs; what isn't goes when its lock ends.
#include "repository/lock_renewal.hpp"

#include <gtest/gtest.h>

#include "burglar_fixture.hpp"
#include "repository/prune.hpp"

namespace holdfast::repository {
namespace {

PruneReport run_prune(TestRepository& test) {
  return must(prune(*test.open("maintainer"), {}, PruneRun::real, {}, {}));
}

void forget(Repository& repository, const ObjectHash& id) {
  const auto list = must(list_snapshots(repository));
  must(forget_snapshot(repository, must(choose_snapshot(list, base::to_hex(id)))));
}

// When the first of the objects that a reader needs could be deleted.
base::Time first_unlock(TestRepository& test, const std::vector<std::string_view>& prefixes) {
  auto& storage = test.environment().storage;
  auto first = test.clock.now() + base::days(1000);
  for (const auto prefix : prefixes) {
    for (const auto& info : must(storage.list_all(prefix)))
      first = std::min(first, must(storage.stat(info.name)).retained_until.value_or(base::Time{}));
  }
  return first;
}

TEST(LockRenewal, ExtendsWhatIsNeededWhenHalfIsGone) {
  TestRepository test(locked_bucket());
  auto repository = test.open();
  const TestFiles files{{"/f", noise(1, 200'000)}};
  const auto kept = must(write_snapshot(*repository, files));
  must(write_note(*repository, kept.id, NoteAction::hold, "", "evidence"));
  EXPECT_EQ(run_prune(test).locks.renewed, 0U) << "all is young";
  test.clock.advance(base::days(16));
  const auto report = run_prune(test);
  EXPECT_EQ(report.locks.failed_count, 0U);
  EXPECT_GT(report.locks.renewed, 6U);
  const std::vector<std::string_view> needed{config_prefix, keys_prefix,      roster_prefix,
                                             index_prefix,  snapshots_prefix, notes_prefix,
                                             data_prefix,   tree_prefix};
  EXPECT_GE(first_unlock(test, needed), test.clock.now() + base::days(29));
  EXPECT_EQ(run_prune(test).locks.renewed, 0U) << "once is enough";
  for (int i = 0; i < 20; ++i) {
    test.clock.advance(base::days(14));
    (void)run_prune(test);
    ASSERT_GT(first_unlock(test, needed), test.clock.now() + base::days(14));
  }
  EXPECT_EQ(must(read_snapshot(*test.open("b"), kept.summary.root)), files);
}

TEST(LockRenewal, WhatIsGarbageGoesWhenItsLockEnds) {
  TestRepository test(locked_bucket());
  auto repository = test.open();
  const TestFiles kept_files{{"/keep", noise(1, 200'000)}};
  const auto gone = must(
      write_snapshot(*repository, {{"/keep", noise(1, 200'000)}, {"/gone", noise(2, 300'000)}}));
  const auto kept = must(write_snapshot(*repository, kept_files));
  const auto bytes = [&] {
    std::uint64_t sum = 0;
    for (const auto& [name, pack] : must(list_packs(*repository))) sum += pack.size;
    return sum;
  };
  const auto before = bytes();
  forget(*repository, gone.id);
  EXPECT_EQ(must(list_snapshots(*test.open("b"))).snapshots.size(), 1U)
      << "forgotten, although it is locked";
  EXPECT_EQ(must(list_snapshots(*repository)).forgotten.size(), 1U);
  bool was_held_back = false;
  for (int day = 0; day < 29; ++day) {
    const auto report = run_prune(test);
    EXPECT_EQ(report.packs_deleted, 0U) << day;
    was_held_back = was_held_back || report.bytes_locked > 250'000;
    test.clock.advance(base::days(1));
  }
  EXPECT_TRUE(was_held_back) << "the report counts what is condemned and locked";
  EXPECT_GE(bytes(), before);
  for (int day = 0; day < 40; ++day) {
    (void)run_prune(test);
    test.clock.advance(base::days(1));
  }
  EXPECT_LT(bytes(), before - 200'000);
  EXPECT_TRUE(must(list_snapshots(*repository)).forgotten.empty());
  EXPECT_EQ(must(read_snapshot(*test.open("c"), kept.summary.root)), kept_files);
  // Sessions, probes and condemnations of all these runs don't pile up for ever.
  test.clock.advance(base::days(40));
  (void)run_prune(test);
  test.clock.advance(base::days(40));
  (void)run_prune(test);
  const auto left = [&](std::string_view prefix) {
    storage::ListOptions options;
    options.prefix = prefix;
    return must(test.storage.list_versions(options)).objects.size();
  };
  EXPECT_LT(left(sessions_prefix), 4U);
  EXPECT_LT(left(probe_prefix), 12U);
}

TEST(LockRenewal, DoesNothingWhereNothingIsLocked) {
  TestRepository test;
  must(write_snapshot(*test.open(), {{"/f", noise(1, 10'000)}}));
  const auto report = run_prune(test);
  EXPECT_EQ(report.locks.objects, 0U);
  EXPECT_EQ(report.packs_locked, 0U);
}

TEST(LockRenewal, WhatCannotBeLockedIsReported) {
  TestRepository test(locked_bucket());
  auto repository = test.open();
  LockRenewal renewal(*repository, test.clock.now(), {});
  must(renewal.add("data/absent"));
  const auto report = must(renewal.finish());
  EXPECT_EQ(report.failed_count, 0U) << "absence is not a lock's business";
  EXPECT_GT(report.objects, 3U);
}

}  // namespace
}  // namespace holdfast::repository
