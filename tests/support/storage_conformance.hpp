// The conformance suite of storages: what every driver and every decorator must do, whatever it is
// built on. One source file of a test binary includes this header; it, and any other that includes
// storage_under_test.hpp, adds cases.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "storage_under_test.hpp"

namespace holdfast::storage {

TEST_P(StorageConformance, StoresAndReturnsWhatWasPut) {
  const base::Bytes content = random_bytes(300'000, 1);
  put("packs/ab/one", content);
  const auto got = storage().get("packs/ab/one", content.size());
  ASSERT_WORKS(got);
  EXPECT_EQ(got.value(), content);
  const auto about = storage().stat("packs/ab/one");
  ASSERT_WORKS(about);
  EXPECT_EQ(about.value().size, content.size());
  EXPECT_EQ(about.value().name, "packs/ab/one");
  EXPECT_EQ(listed(""), std::vector<std::string>{"packs/ab/one"});
}

TEST_P(StorageConformance, StoresAnEmptyObject) {
  put("empty/one", {});
  const auto upload = storage().begin_put();
  ASSERT_WORKS(upload);
  ASSERT_WORKS(upload.value()->commit("empty/never-appended", {}));
  for (const std::string name : {"empty/one", "empty/never-appended"}) {
    const auto got = storage().get(name, 0);
    ASSERT_WORKS(got);
    EXPECT_TRUE(got.value().empty());
    EXPECT_EQ(storage().stat(name).value().size, 0U);
    EXPECT_TRUE(storage().read(name, Range{0, 0}, {}).ok());
    base::Bytes one(1);
    EXPECT_FAILS(base::ErrorCode::damaged, storage().read(name, Range{0, 1}, one));
  }
}

TEST_P(StorageConformance, StoresAHundredMebibytesFromUnevenPieces) {
  constexpr std::size_t size = 100 * base::MiB;
  const base::Bytes content = random_bytes(size, 2);
  const auto upload = storage().begin_put();
  ASSERT_WORKS(upload);
  base::SeededRandom random(3);
  for (std::size_t at = 0; at < size;) {
    const std::size_t limit = random.below(4) == 0 ? 20 * base::MiB : 300'000;
    const std::size_t piece = std::min<std::size_t>(size - at, 1 + random.below(limit));
    ASSERT_WORKS(upload.value()->append(base::ByteView(content).subspan(at, piece)));
    at += piece;
  }
  ASSERT_WORKS(upload.value()->commit("large", {}));
  const auto got = storage().get("large", size);
  ASSERT_WORKS(got);
  EXPECT_TRUE(got.value() == content) << "the content differs";
  base::Bytes tail(1000);
  ASSERT_WORKS(storage().read("large", Range{size - tail.size(), tail.size()}, tail));
  EXPECT_TRUE(std::equal(tail.begin(), tail.end(), content.end() - 1000));
}

TEST_P(StorageConformance, IsInvisibleUntilCommit) {
  const auto upload = storage().begin_put();
  ASSERT_WORKS(upload);
  ASSERT_WORKS(upload.value()->append(random_bytes(3 * base::MiB, 4)));
  EXPECT_FAILS(base::ErrorCode::not_found, storage().stat("later"));
  EXPECT_TRUE(listed("").empty());
  ASSERT_WORKS(upload.value()->commit("later", {}));
  EXPECT_EQ(listed(""), std::vector<std::string>{"later"});
}

TEST_P(StorageConformance, AbortedUploadsLeaveNothing) {
  {
    const auto upload = storage().begin_put();
    ASSERT_WORKS(upload);
    ASSERT_WORKS(upload.value()->append(random_bytes(base::MiB, 5)));
  }
  EXPECT_TRUE(listed("").empty());
  const auto versions = storage().list_versions({});
  ASSERT_WORKS(versions);
  EXPECT_TRUE(versions.value().objects.empty());
}

TEST_P(StorageConformance, UploadsDoNotMix) {
  const base::Bytes first = random_bytes(700'000, 6);
  const base::Bytes second = random_bytes(500'000, 7);
  const auto a = storage().begin_put();
  const auto b = storage().begin_put();
  ASSERT_WORKS(a);
  ASSERT_WORKS(b);
  for (std::size_t at = 0; at < first.size(); at += 100'000) {
    ASSERT_WORKS(a.value()->append(base::ByteView(first).subspan(at, 100'000)));
    if (at < second.size()) {
      ASSERT_WORKS(b.value()->append(base::ByteView(second).subspan(at, 100'000)));
    }
  }
  ASSERT_WORKS(b.value()->commit("mix/b", {}));
  ASSERT_WORKS(a.value()->commit("mix/a", {}));
  EXPECT_EQ(storage().get("mix/a", first.size()).value(), first);
  EXPECT_EQ(storage().get("mix/b", second.size()).value(), second);
}

TEST_P(StorageConformance, NeverOverwrites) {
  put("taken", {1, 2, 3});
  EXPECT_FAILS(base::ErrorCode::already_exists, storage().put("taken", base::Bytes{4, 5}));
  EXPECT_FAILS(base::ErrorCode::already_exists, storage().put("taken", base::Bytes{1, 2, 9}));
  EXPECT_EQ(storage().get("taken", 10).value(), (base::Bytes{1, 2, 3}));
}

TEST_P(StorageConformance, RepeatedCommitFindsTheNameTaken) {
  const auto upload = storage().begin_put();
  ASSERT_WORKS(upload);
  ASSERT_WORKS(upload.value()->append(base::Bytes{1}));
  ASSERT_WORKS(upload.value()->commit("once", {}));
  EXPECT_FAILS(base::ErrorCode::already_exists, upload.value()->commit("once", {}));
  EXPECT_EQ(storage().get("once", 10).value(), (base::Bytes{1}));
}

TEST_P(StorageConformance, OneOfManyRacersWins) {
  constexpr int racers = 8;
  for (int round = 0; round < 12; ++round) {
    const std::string name = "race/" + std::to_string(round);
    std::atomic<int> wins = 0;
    std::atomic<int> losses = 0;
    std::atomic<int> winner = -1;
    std::vector<std::unique_ptr<io::Task>> tasks;
    for (int racer = 0; racer < racers; ++racer) {
      tasks.push_back(executor_.spawn("racer", [&, racer] {
        const auto result = storage().put(name, base::Bytes(2000, static_cast<base::Byte>(racer)));
        if (result.ok()) {
          ++wins;
          winner = racer;
        } else if (result.error().code() == base::ErrorCode::already_exists) {
          ++losses;
        } else {
          ADD_FAILURE() << result.error().to_string();
        }
      }));
    }
    tasks.clear();
    EXPECT_EQ(wins, 1);
    EXPECT_EQ(losses, racers - 1);
    EXPECT_EQ(storage().get(name, 2000).value(),
              base::Bytes(2000, static_cast<base::Byte>(winner.load())));
  }
}

TEST_P(StorageConformance, ReadsRanges) {
  const base::Bytes content = random_bytes(100'000, 8);
  put("ranges", content);
  const auto expect_range = [&](std::uint64_t offset, std::uint64_t size) {
    base::Bytes out(size);
    ASSERT_WORKS(storage().read("ranges", Range{offset, size}, out));
    EXPECT_TRUE(std::equal(out.begin(), out.end(), content.begin() + static_cast<long>(offset)));
  };
  expect_range(0, 100'000);
  expect_range(0, 1);
  expect_range(99'999, 1);
  expect_range(4095, 8193);
  expect_range(4095, 8193);  // once more: from a cache, if there is one
  expect_range(4095, 1);
  expect_range(100'000, 0);
}

TEST_P(StorageConformance, RangesPastTheEndAreDamage) {
  put("short", random_bytes(1000, 9));
  base::Bytes out(10);
  for (const std::uint64_t offset : {std::uint64_t{991}, std::uint64_t{1000}, std::uint64_t{5000},
                                     std::uint64_t{INT64_MAX} - 5, UINT64_MAX - 5, UINT64_MAX}) {
    EXPECT_FAILS(base::ErrorCode::damaged, storage().read("short", Range{offset, 10}, out));
  }
  EXPECT_FAILS(base::ErrorCode::damaged, storage().read("short", Range{1001, 0}, {}));
  EXPECT_FAILS(base::ErrorCode::damaged, storage().get("short", 999));
  EXPECT_TRUE(storage().get("short", 1000).ok());
}

TEST_P(StorageConformance, AbsenceIsNotFound) {
  put("dir/there", {1});
  base::Bytes out(1);
  for (const std::string name : {"absent", "dir/absent", "dir", "dir/there/below", "no/such/dir"}) {
    EXPECT_FAILS(base::ErrorCode::not_found, storage().stat(name));
    EXPECT_FAILS(base::ErrorCode::not_found, storage().get(name, 100));
    EXPECT_FAILS(base::ErrorCode::not_found, storage().read(name, Range{0, 1}, out));
  }
  EXPECT_TRUE(listed("no/such/").empty());
  EXPECT_TRUE(listed("dir/there/").empty());
}

TEST_P(StorageConformance, RefusesInvalidNames) {
  base::Bytes out(1);
  for (const std::string name : {"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "A",
                                 "a b", "a\\b", "a%41", "\xc3\xa4", "a\nb"}) {
    EXPECT_FAILS(base::ErrorCode::invalid_argument, storage().put(name, base::Bytes{1}));
    EXPECT_FAILS(base::ErrorCode::invalid_argument, storage().stat(name));
    EXPECT_FAILS(base::ErrorCode::invalid_argument, storage().get(name, 100));
    EXPECT_FAILS(base::ErrorCode::invalid_argument, storage().read(name, Range{0, 1}, out));
    const std::vector<std::string> names = {name};
    const auto removed = storage().remove(names);
    ASSERT_WORKS(removed);
    ASSERT_TRUE(removed.value()[0].error.has_value());
    EXPECT_EQ(removed.value()[0].error->code(), base::ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(listed("").empty());
}

TEST_P(StorageConformance, TakesEveryValidNameByte) {
  put("abcdefghijklmnopqrstuvwxyz/0123456789/._-", {1});
  put(".a/..b/c..", {2});
  const std::string longest =
      std::string(200, 'a') + "/" + std::string(200, 'b') + "/" + std::string(110, 'c');
  ASSERT_EQ(longest.size(), 512U);
  put(longest, {3});
  EXPECT_EQ(storage().get(longest, 1).value(), base::Bytes{3});
  EXPECT_EQ(listed("").size(), 3U);
}

TEST_P(StorageConformance, RemovesInBatches) {
  put_all({"r/a", "r/b", "r/c", "keep"});
  const std::vector<std::string> names = {"r/a", "r/absent", "r/c", "no/dir/absent", "r/a"};
  const auto removed = storage().remove(names);
  ASSERT_WORKS(removed);
  ASSERT_EQ(removed.value().size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(removed.value()[i].name, names[i]);
    EXPECT_FALSE(removed.value()[i].error) << removed.value()[i].error->to_string();
  }
  EXPECT_EQ(listed(""), (std::vector<std::string>{"keep", "r/b"}));
  base::Bytes out(1);
  EXPECT_FAILS(base::ErrorCode::not_found, storage().stat("r/a"));
  EXPECT_FAILS(base::ErrorCode::not_found, storage().read("r/a", Range{0, 1}, out));
  EXPECT_TRUE(storage().remove({}).value().empty());
}

TEST_P(StorageConformance, ReadsNothingOfWhatWasReadBeforeItsRemoval) {
  put("gone", {1, 2, 3});
  base::Bytes out(3);
  ASSERT_WORKS(storage().read("gone", Range{0, 3}, out));
  ASSERT_WORKS(storage().get("gone", 3));
  const std::vector<std::string> names = {"gone"};
  ASSERT_WORKS(storage().remove(names));
  EXPECT_FAILS(base::ErrorCode::not_found, storage().read("gone", Range{0, 3}, out));
  EXPECT_FAILS(base::ErrorCode::not_found, storage().get("gone", 3));
  put("gone", {7, 8});
  EXPECT_EQ(storage().get("gone", 3).value(), (base::Bytes{7, 8}));
}

TEST_P(StorageConformance, RefusesTooLargeBatches) {
  const std::vector<std::string> most(1000, "absent");
  const auto removed = storage().remove(most);
  ASSERT_WORKS(removed);
  EXPECT_EQ(removed.value().size(), 1000U);
  const std::vector<std::string> too_many(1001, "absent");
  EXPECT_FAILS(base::ErrorCode::invalid_argument, storage().remove(too_many));
}

TEST_P(StorageConformance, OutageIsNeverAbsence) {
  put("there", {1});
  if (!place().go_offline()) return;  // the heap is always there
  base::Bytes out(1);
  const std::vector<std::string> names = {"there", "absent"};
  EXPECT_FAILS(base::ErrorCode::unavailable, storage().stat("absent"));
  EXPECT_FAILS(base::ErrorCode::unavailable, storage().get("absent", 100));
  EXPECT_FAILS(base::ErrorCode::unavailable, storage().read("absent", Range{0, 1}, out));
  EXPECT_FAILS(base::ErrorCode::unavailable, storage().list({}));
  EXPECT_FAILS(base::ErrorCode::unavailable, storage().list_versions({}));
  EXPECT_FAILS(base::ErrorCode::unavailable, storage().remove(names));
  EXPECT_FAILS(base::ErrorCode::unavailable, storage().put("new", base::Bytes{1}));
  EXPECT_FAILS(base::ErrorCode::unavailable, storage().free_bytes());
  place().come_back();
  EXPECT_EQ(listed(""), std::vector<std::string>{"there"});
  EXPECT_FAILS(base::ErrorCode::not_found, storage().stat("absent"));
}

TEST_P(StorageConformance, StorageTimeIsOneAndMovesOn) {
  base::Time last;
  for (int i = 0; i < 5; ++i) {
    const std::string name = "time/" + std::to_string(i);
    const auto stored = storage().put(name, base::Bytes{1});
    ASSERT_WORKS(stored);
    // Clocks of file systems and servers tick coarsely.
    EXPECT_GE(stored.value().stored_at, last - base::seconds(2));
    last = stored.value().stored_at;
    EXPECT_EQ(storage().stat(name).value().stored_at, last);
    EXPECT_EQ(storage().list_all(name).value().at(0).stored_at, last);
  }
  EXPECT_GT(last.nanoseconds, 0);
}

TEST_P(StorageConformance, DescribesItself) {
  EXPECT_FALSE(storage().describe().empty());
  const auto free = storage().free_bytes();
  ASSERT_WORKS(free);
  if (free.value()) {
    EXPECT_GT(*free.value(), 0U);
  }
}

TEST_P(StorageConformance, RetentionLocksVersions) {
  const base::Time far{storage().put("probe", base::Bytes{1}).value().stored_at + base::days(10)};
  PutOptions locked;
  locked.retain_until = far;
  if (!storage().capabilities().retention) {
    EXPECT_FAILS(base::ErrorCode::unsupported, storage().retain("probe", far));
    EXPECT_FAILS(base::ErrorCode::unsupported, storage().put("locked", base::Bytes{1}, locked));
    EXPECT_FAILS(base::ErrorCode::not_found, storage().stat("locked"));
    return;
  }
  const auto stored = storage().put("locked", base::Bytes{1, 2}, locked);
  ASSERT_WORKS(stored);
  EXPECT_EQ(storage().stat("locked").value().retained_until, far);
  ASSERT_WORKS(storage().retain("locked", far + base::days(1)));
  EXPECT_GE(storage().stat("locked").value().retained_until, far + base::days(1));
  ASSERT_WORKS(storage().retain("probe", far));
  EXPECT_GE(storage().stat("probe").value().retained_until, far);
  EXPECT_FAILS(base::ErrorCode::not_found, storage().retain("absent", far));
  const std::vector<std::string> names = {"locked"};
  const auto removed = storage().remove(names);
  ASSERT_WORKS(removed);
  if (place().removes_for_good()) {
    EXPECT_TRUE(removed.value()[0].error);
    EXPECT_GE(removed.value()[0].locked_until, far);
    EXPECT_EQ(storage().get("locked", 10).value(), (base::Bytes{1, 2}));
    return;
  }
  EXPECT_FALSE(removed.value()[0].error);
  EXPECT_FAILS(base::ErrorCode::not_found, storage().stat("locked"));
  EXPECT_EQ(storage().get("locked", 10, stored.value().version).value(), (base::Bytes{1, 2}));
}

TEST_P(StorageConformance, VersionsStayBehindDeletes) {
  put("v/a", {1});
  if (!storage().capabilities().versions) {
    const auto versions = storage().list_versions({});
    ASSERT_WORKS(versions);
    EXPECT_EQ(names_of(versions.value().objects), listed(""));
    EXPECT_TRUE(storage().stat("v/a").value().version.empty());
    return;
  }
  const std::vector<std::string> names = {"v/a"};
  ASSERT_WORKS(storage().remove(names));
  if (place().removes_for_good()) {
    EXPECT_TRUE(storage().list_versions({}).value().objects.empty());
    return;
  }
  put("v/a", {2, 2});
  ASSERT_WORKS(storage().remove(names));
  put("v/b", {3, 3, 3});
  EXPECT_EQ(listed(""), std::vector<std::string>{"v/b"});
  for (const std::size_t page_size : {1, 2, 100}) {
    ListOptions options;
    options.page_size = page_size;
    std::vector<ObjectInfo> all;
    do {
      const auto page = storage().list_versions(options);
      ASSERT_WORKS(page);
      all.insert(all.end(), page.value().objects.begin(), page.value().objects.end());
      options.continuation = page.value().next;
    } while (!options.continuation.empty());
    ASSERT_EQ(names_of(all), (std::vector<std::string>{"v/a", "v/a", "v/a", "v/a", "v/b"}));
    EXPECT_EQ(all[0].kind, ObjectInfo::Kind::delete_marker);
    EXPECT_EQ(all[1].kind, ObjectInfo::Kind::object);
    EXPECT_EQ(all[2].kind, ObjectInfo::Kind::delete_marker);
    EXPECT_EQ(storage().get("v/a", 10, all[1].version).value(), (base::Bytes{2, 2}));
    EXPECT_EQ(storage().get("v/a", 10, all[3].version).value(), (base::Bytes{1}));
    EXPECT_FAILS(base::ErrorCode::not_found, storage().get("v/a", 10, all[0].version));
    EXPECT_FAILS(base::ErrorCode::not_found, storage().get("v/a", 10, "no-such-version"));
  }
}

TEST_P(StorageConformance, AVersionIsReadLockedAndRemovedByItsName) {
  const ObjectVersion none{"v/a", "no-such-version"};
  base::Bytes out(2);
  if (!storage().capabilities().versions) {
    EXPECT_FAILS(base::ErrorCode::unsupported, storage().stat_version(none));
    EXPECT_FAILS(base::ErrorCode::unsupported, storage().read_version(none, {0, 2}, out));
    EXPECT_FAILS(base::ErrorCode::unsupported, storage().retain_version(none, {}));
    EXPECT_FAILS(base::ErrorCode::unsupported, storage().remove_versions({&none, 1}));
    return;
  }
  const auto stored = storage().put("v/a", base::Bytes{1, 2, 3});
  ASSERT_WORKS(stored);
  const ObjectVersion first{"v/a", stored.value().version};
  ASSERT_WORKS(storage().read_version(first, {1, 2}, out));
  EXPECT_EQ(out, (base::Bytes{2, 3}));
  EXPECT_FAILS(base::ErrorCode::damaged, storage().read_version(first, {2, 2}, out));
  EXPECT_FAILS(base::ErrorCode::not_found, storage().read_version(none, {0, 2}, out));
  EXPECT_EQ(storage().stat_version(first).value().size, 3U);
  EXPECT_FAILS(base::ErrorCode::not_found, storage().stat_version(none));
  put("v/b", {4});
  const ObjectVersion other{"v/b", storage().stat("v/b").value().version};
  if (storage().capabilities().retention) {
    const base::Time far{stored.value().stored_at + base::days(10)};
    ASSERT_WORKS(storage().retain_version(other, far));
    EXPECT_EQ(storage().stat_version(other).value().retained_until, far);
    EXPECT_FAILS(base::ErrorCode::not_found, storage().retain_version(none, far));
    const auto kept = storage().remove_versions({&other, 1});
    ASSERT_WORKS(kept);
    EXPECT_TRUE(kept.value().at(0).error);
    EXPECT_EQ(kept.value().at(0).locked_until, far);
  }
  const auto removed = storage().remove_versions({&first, 1});
  ASSERT_WORKS(removed);
  EXPECT_FALSE(removed.value().at(0).error);
  EXPECT_EQ(listed(""), std::vector<std::string>{"v/b"});
  EXPECT_FAILS(base::ErrorCode::not_found, storage().stat_version(first));
  const auto again = storage().remove_versions({&first, 1});
  ASSERT_WORKS(again);
  EXPECT_FALSE(again.value().at(0).error) << "absence counts as gone";
}

}  // namespace holdfast::storage

#include "storage_conformance_list.hpp"
