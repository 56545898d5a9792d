// Protecting: every object gets its parity, once; what is gone takes it along; interruptions and
// damage are no obstacle.
#include "repository/parity.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "repository/object_name.hpp"
#include "repository/prune.hpp"
#include "repository/snapshot_list.hpp"
#include "repository/stats.hpp"
#include "repository_fixture.hpp"
#include "storage/fault.hpp"

namespace holdfast::repository {
namespace {

std::vector<std::string> names_below(storage::Storage& storage, std::string_view prefix) {
  std::vector<std::string> names;
  for (const auto& info : must(storage.list_all(prefix))) names.push_back(info.name);
  return names;
}

// Every object of the kinds that get parity has a right sidecar of `percent`, and there are no
// others.
void expect_protected(storage::Storage& storage, unsigned percent) {
  std::vector<std::string> wanted;
  must(each_parity_object(storage, [&](const storage::ObjectInfo& info) -> base::Result<void> {
    const auto bytes = TRY(get_object(storage, info.name, 1 << 30));
    const auto sidecar = make_sidecar(info.name, bytes, percent);
    wanted.push_back(sidecar_prefix({.object = *hash_of_name(info.name), .percent = percent}) +
                     base::to_hex(codec::sha256(sidecar)));
    EXPECT_EQ(must(storage.get(wanted.back(), 1 << 30)), sidecar) << info.name;
    return {};
  }));
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(names_below(storage, parity_prefix), wanted);
}

class Protect : public testing::Test {
 protected:
  Protect() {
    auto repository = test.open();
    (void)must(write_snapshot(*repository, {{"/a", noise(1, 100'000)}, {"/b", noise(2, 30)}}));
    test.clock.advance(base::seconds(1));
    second = must(write_snapshot(*repository, {{"/a", noise(3, 70'000)}}, "other")).id;
    must(write_note(*repository, second, NoteAction::tag, "k", "v"));
  }
  ProtectReport protected_by(unsigned percent) {
    return must(protect(test.storage, test.executor, percent, {}, {}));
  }

  TestRepository test;
  ObjectHash second{};
};

TEST_F(Protect, EveryObjectOnce) {
  std::uint64_t last = 0;
  std::uint64_t calls = 0;
  const auto report = must(protect(test.storage, test.executor, 5,
                                   [&](std::uint64_t done, std::uint64_t total) {
                                     EXPECT_EQ(done, ++last);
                                     EXPECT_LE(done, total);
                                     ++calls;
                                   },
                                   {}));
  EXPECT_EQ(calls, report.objects);
  EXPECT_GT(report.objects, 8U);
  EXPECT_EQ(report.added, report.objects);
  EXPECT_EQ(report.had + report.dropped, 0U);
  EXPECT_TRUE(report.skipped.empty());
  expect_protected(test.storage, 5);
  std::uint64_t size = 0;
  for (const auto& info : must(test.storage.list_all(parity_prefix))) size += info.size;
  EXPECT_EQ(report.bytes_added, size);
  for (const auto kind :
       {"config/", "keys/", "roster/", "index/", "snapshots/", "notes/", "tree/", "data/"}) {
    const auto names = names_below(test.storage, kind);
    ASSERT_FALSE(names.empty()) << kind;
    EXPECT_TRUE(gets_parity(names.front()));
  }
  EXPECT_FALSE(gets_parity(names_below(test.storage, parity_prefix).front()));
  EXPECT_FALSE(gets_parity("data/x"));

  const auto again = protected_by(5);
  EXPECT_EQ(again.had, report.objects);
  EXPECT_EQ(again.added + again.dropped, 0U);
}

TEST_F(Protect, AMoreOfParityTakesThePlaceOfLess) {
  (void)protected_by(5);
  const auto report = protected_by(20);
  EXPECT_EQ(report.added, report.objects);
  EXPECT_EQ(report.dropped, report.objects);
  expect_protected(test.storage, 20);
  EXPECT_EQ(protected_by(5).added, 0U) << "less is there already";
  expect_protected(test.storage, 20);
}

TEST_F(Protect, NewObjectsAndGoneOnes) {
  (void)protected_by(5);
  (void)must(write_snapshot(*test.open(), {{"/c", noise(9, 50'000)}}, "third"));
  const std::vector<std::string> names{object_name(snapshots_prefix, second)};
  (void)must(test.storage.remove(names));
  const auto report = protected_by(5);
  EXPECT_GT(report.added, 2U);
  EXPECT_EQ(report.dropped, 1U);
  expect_protected(test.storage, 5);
}

TEST_F(Protect, PruneDropsTheParityOfWhatIsGone) {
  (void)protected_by(5);
  auto repository = test.open();
  for (const auto& snapshot : must(list_snapshots(*repository)).snapshots) {
    if (snapshot.id == second) must(forget_snapshot(*repository, snapshot));
  }
  const auto before = names_below(test.storage, parity_prefix).size();
  const auto pruned = must(prune(*repository, {}, PruneRun::real, {}, {}));
  EXPECT_GT(pruned.packs_deleted, 0U);
  EXPECT_LT(names_below(test.storage, parity_prefix).size(), before);
  EXPECT_EQ(must(drop_sidecars_of_gone(test.storage)), 0U) << "prune left none";
  (void)protected_by(5);
  expect_protected(test.storage, 5);
}

TEST_F(Protect, DamagedObjectsAreNamedAndGetNone) {
  const auto pack = names_below(test.storage, data_prefix).front();
  must(test.storage.damage(pack, [](base::Bytes& bytes) { bytes[100] ^= 1; }));
  const auto empty = object_name(notes_prefix, codec::sha256(base::as_bytes("was longer")));
  (void)must(test.storage.put(empty, {}));
  const auto report = protected_by(5);
  ASSERT_EQ(report.skipped.size(), 2U);
  for (const auto& skipped : report.skipped)
    EXPECT_EQ(skipped.error.code(), base::ErrorCode::damaged);
  EXPECT_EQ(report.added + 2, report.objects);
  EXPECT_FALSE(must(list_sidecars(test.storage)).contains(*hash_of_name(pack)));
}

TEST_F(Protect, InterruptedAtEveryCall) {
  std::uint64_t crashes = 0;
  for (std::uint64_t call = 1;; ++call) {
    storage::FaultOptions options;
    options.crash_at_call = call;
    storage::FaultStorage faulty(test.storage, test.clock, call, options);
    const auto report = protect(faulty, test.executor, 5, {}, {});
    if (report.ok()) break;
    ++crashes;
    if (call % 7 == 0) {
      (void)protected_by(5);
      expect_protected(test.storage, 5);
      (void)must(test.storage.remove(names_below(test.storage, parity_prefix)));
    }
  }
  EXPECT_GT(crashes, 20U);
  expect_protected(test.storage, 5);
}

TEST_F(Protect, ChecksTellDamagedAndForgedApart) {
  (void)protected_by(5);
  const auto check = [&] {
    return must(check_sidecars(test.storage, test.executor, must(list_sidecars(test.storage)), {}));
  };
  const auto good = check();
  EXPECT_TRUE(good.damaged.empty() && good.forged.empty());
  EXPECT_EQ(good.bytes_read, must(repository_stats(*test.open())).sidecar_bytes);
  const auto damaged = names_below(test.storage, parity_prefix).front();
  must(test.storage.damage(damaged, [](base::Bytes& bytes) { bytes.pop_back(); }));
  const auto pack = names_below(test.storage, data_prefix).front();
  const auto segment = names_below(test.storage, index_prefix).front();
  const auto prefix = sidecar_prefix({.object = *hash_of_name(pack), .percent = 7});
  for (const auto& forged : {base::Bytes{1, 2, 3}, make_sidecar(segment, noise(1, 50), 7),
                             make_sidecar(pack, noise(1, 50), 8)})
    (void)must(put_object(test.storage, prefix, forged));
  const auto bad = check();
  ASSERT_EQ(bad.damaged.size(), 1U);
  EXPECT_EQ(bad.damaged[0].name, damaged);
  EXPECT_EQ(bad.forged.size(), 3U);
}

TEST_F(Protect, OutageAndInterruptionAreErrors) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(protect(test.storage, test.executor, 5, {}, stop.get_token()).error().code(),
            base::ErrorCode::cancelled);
  storage::FaultOptions options;
  options.unavailable_before = 1;
  storage::FaultStorage faulty(test.storage, test.clock, 1, options);
  EXPECT_EQ(protect(faulty, test.executor, 5, {}, {}).error().code(), base::ErrorCode::unavailable);
  EXPECT_EQ(drop_sidecars_of_gone(faulty).error().code(), base::ErrorCode::unavailable);
}

TEST_F(Protect, ForeignNamesAreToldAndLeftAlone) {
  (void)must(test.storage.put("parity/readme", base::as_bytes("x")));
  (void)protected_by(5);
  std::vector<IgnoredObject> ignored;
  const auto listing = must(list_sidecars(test.storage, &ignored));
  ASSERT_EQ(ignored.size(), 1U);
  EXPECT_EQ(ignored[0].name, "parity/readme");
  EXPECT_EQ(must(drop_sidecars_of_gone(test.storage)), 0U);
  EXPECT_TRUE(test.storage.stat("parity/readme").ok());
}

TEST_F(Protect, StatsCountSidecars) {
  const auto before = must(repository_stats(*test.open()));
  EXPECT_EQ(before.sidecars + before.sidecar_bytes, 0U);
  const auto report = protected_by(5);
  const auto after = must(repository_stats(*test.open()));
  EXPECT_EQ(after.sidecars, report.added);
  EXPECT_EQ(after.sidecar_bytes, report.bytes_added);
  EXPECT_EQ(after.total_bytes, before.total_bytes + report.bytes_added);
}

}  // namespace
}  // namespace holdfast::repository
