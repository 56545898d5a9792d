// Mending: damage of the guaranteed size to objects of every kind is put right, through crashes;
// what can't be mended stays as it is; forged parity does no harm.
#include "repository/mend.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "bad_sectors.hpp"
#include "repository/object_name.hpp"
#include "repository/snapshot_list.hpp"
#include "repository_fixture.hpp"
#include "storage/fault.hpp"

namespace holdfast::repository {
namespace {

using Objects = std::map<std::string, base::Bytes>;

class Mend : public testing::Test {
 protected:
  explicit Mend(storage::Capabilities capabilities = {.versions = false,
                                                      .retention = false,
                                                      .consistent = true})
      : test(capabilities) {
    auto repository = test.open();
    snapshot = must(write_snapshot(*repository, files));
    must(write_note(*repository, snapshot.id, NoteAction::hold, "", "legal"));
    (void)must(protect(test.storage, test.executor, 5, {}, {}));
    whole = objects();
  }
  [[nodiscard]] Objects objects() {
    Objects found;
    for (const auto& info : must(test.storage.list_all(""))) {
      if (!info.name.starts_with(sessions_prefix))
        found[info.name] = must(test.storage.get(info.name, 1 << 30));
    }
    return found;
  }
  MendReport mended() { return must(mend(test.storage, test.executor, {}, {})); }
  [[nodiscard]] std::string first(std::string_view prefix) const {
    return whole.lower_bound(std::string(prefix))->first;
  }
  // Not one of the small ones, which are mended whatever is lost.
  [[nodiscard]] std::string large_pack() const {
    const auto larger = [](const auto& a, const auto& b) {
      const auto size = [](const auto& each) {
        return each.first.starts_with(data_prefix) ? each.second.size() : 0;
      };
      return size(a) < size(b);
    };
    return std::max_element(whole.begin(), whole.end(), larger)->first;
  }
  [[nodiscard]] std::string sidecar_of(const std::string& name) const {
    const auto hex = base::to_hex(*hash_of_name(name));
    return first("parity/" + hex.substr(0, 2) + "/" + hex);
  }
  void damage(const std::string& name, std::uint64_t begin, std::uint64_t size) {
    must(test.storage.damage(name, [&](base::Bytes& bytes) {
      for (auto at = begin; at < begin + size; ++at) bytes.at(at) ^= 0xff;
    }));
  }
  // As much of each object as is certain to be mended, at a place that `seed` chooses.
  std::vector<std::string> damage_everything(std::uint64_t seed) {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : whole) {
      if (!gets_parity(name)) continue;
      const auto loss = ParityLayout::choose(bytes.size(), 5).loss_max();
      const auto at = base::SeededRandom(seed++).below(bytes.size() - loss + 1);
      if (seed % 3 == 0) {
        must(test.storage.damage(name, [&](base::Bytes& all) { all.resize(all.size() - loss); }));
      } else {
        damage(name, at, loss);
      }
      names.push_back(name);
    }
    return names;
  }

  TestRepository test;
  const TestFiles files{{"/a", noise(1, 200'000)}, {"/b", noise(2, 30)}, {"/c", noise(3, 9'000)}};
  CommittedSnapshot snapshot;
  Objects whole;
};

TEST_F(Mend, NothingToDo) {
  const auto report = mended();
  EXPECT_EQ(report.checked, static_cast<std::uint64_t>(std::count_if(
                                whole.begin(), whole.end(),
                                [](const auto& each) { return gets_parity(each.first); })));
  EXPECT_TRUE(report.mended.empty() && report.unmendable.empty() && report.renewed.empty() &&
              report.ignored.empty());
  EXPECT_EQ(objects(), whole);
}

TEST_F(Mend, EveryObjectDamagedAtOnce) {
  for (const std::uint64_t seed : {1U, 100U, 1000U}) {
    const auto names = damage_everything(seed);
    ASSERT_NE(objects(), whole);
    EXPECT_FALSE(Repository::open(test.environment("none"), TestRepository::passphrase()).ok());
    const auto report = mended();
    EXPECT_EQ(report.mended, names);
    EXPECT_TRUE(report.unmendable.empty());
    EXPECT_EQ(objects(), whole);
  }
  EXPECT_EQ(must(read_snapshot(*test.open("fresh"), snapshot.summary.root)), files);
}

TEST_F(Mend, TooMuchDamageChangesNothing) {
  const auto pack = large_pack();
  const auto size = whole.at(pack).size();
  ASSERT_GT(size, 10'000U);
  damage(pack, 0, size / 2);
  const auto damaged = objects();
  const auto report = mended();
  EXPECT_TRUE(report.mended.empty());
  ASSERT_EQ(report.unmendable.size(), 1U);
  EXPECT_EQ(report.unmendable[0].name, pack);
  EXPECT_EQ(report.unmendable[0].error.code(), base::ErrorCode::damaged);
  EXPECT_EQ(objects(), damaged);
}

TEST_F(Mend, AnAbsentObjectStaysAbsent) {
  const std::vector<std::string> names{first(snapshots_prefix)};
  (void)must(test.storage.remove(names));
  const auto report = mended();
  EXPECT_TRUE(report.mended.empty() && report.unmendable.empty());
  EXPECT_FALSE(objects().contains(names[0]));
}

TEST_F(Mend, SectorsThatCannotBeRead) {
  BadSectors disk(test.storage);
  const auto pack = large_pack();
  const auto segment = first(index_prefix);
  disk.add(pack, whole.at(pack).size() / 2, 1);
  disk.add(segment, 0, 1);
  const auto report = must(mend(disk, test.executor, {}, {}));
  EXPECT_EQ(report.mended, (std::vector<std::string>{pack, segment}));
  EXPECT_EQ(objects(), whole);
  EXPECT_EQ(must(get_object(disk, pack, 1 << 30)), whole.at(pack)) << "it lies elsewhere now";
}

TEST_F(Mend, ACrashAtEveryCall) {
  std::uint64_t crashes = 0;
  const std::vector<std::string> victims{large_pack(), first(snapshots_prefix)};
  for (std::uint64_t call = 1;; ++call) {
    for (const auto& victim : victims) damage(victim, 10, 100);
    damage(sidecar_of(victims[1]), 3, 1);
    storage::FaultOptions options;
    options.crash_at_call = call;
    storage::FaultStorage faulty(test.storage, test.clock, call, options);
    const auto report = mend(faulty, test.executor, {}, {});
    if (report.ok()) break;
    ++crashes;
    for (const auto& victim : victims) {
      const auto copy = test.storage.get(std::string(mended_prefix) + victim, 1 << 30);
      EXPECT_TRUE(test.storage.stat(victim).ok() || (copy.ok() && copy.value() == whole.at(victim)))
          << "one of the two is always there; call " << call;
    }
    EXPECT_TRUE(mended().unmendable.empty());
    // A sidecar that went before its successor came is one for protect to make.
    (void)must(protect(test.storage, test.executor, 5, {}, {}));
    ASSERT_EQ(objects(), whole) << call;
  }
  EXPECT_GT(crashes, 20U);
  EXPECT_EQ(objects(), whole);
}

TEST_F(Mend, EveryHalfWayState) {
  const auto pack = large_pack();
  const auto copy = std::string(mended_prefix) + pack;
  const std::vector<std::string> names{pack};
  const auto bytes = whole.at(pack);
  const auto settle = [&](const std::string& what) {
    EXPECT_TRUE(mended().unmendable.empty()) << what;
    EXPECT_EQ(objects(), whole) << what;
  };
  damage(pack, 0, 10);
  (void)must(test.storage.put(copy, bytes));
  settle("the copy is stored");
  (void)must(test.storage.remove(names));
  (void)must(test.storage.put(copy, bytes));
  EXPECT_EQ(must(drop_sidecars_of_gone(test.storage)), 0U) << "its parity may be needed yet";
  settle("the damaged object is gone");
  (void)must(test.storage.put(copy, bytes));
  settle("the object is right again");
  (void)must(test.storage.put(copy, base::ByteView(bytes).first(100)));
  settle("the copy is damaged, the object right");
  (void)must(test.storage.put(copy, base::ByteView(bytes).first(100)));
  damage(pack, 0, 10);
  settle("both are damaged");
  (void)must(test.storage.remove(names));
  (void)must(test.storage.put(copy, base::ByteView(bytes).first(bytes.size() - 100)));
  settle("the object is gone and its copy damaged");
  (void)must(test.storage.remove(names));
  (void)must(test.storage.put(copy, base::ByteView(bytes).first(100)));
  const auto report = mended();
  ASSERT_EQ(report.unmendable.size(), 1U) << "beyond repair";
  EXPECT_TRUE(test.storage.stat(copy).ok()) << "what is left stays";
}

TEST_F(Mend, ForgettingTakesACopyAlong) {
  auto repository = test.open();
  auto record = must(list_snapshots(*repository)).snapshots.at(0);
  record.holds.clear();
  const auto copy = std::string(mended_prefix) + first(snapshots_prefix);
  (void)must(test.storage.put(copy, whole.at(first(snapshots_prefix))));
  must(forget_snapshot(*repository, record));
  EXPECT_TRUE(mended().mended.empty());
  EXPECT_TRUE(must(test.storage.list_all(snapshots_prefix)).empty());
}

TEST_F(Mend, DamagedSidecarsServeAndAreRenewed) {
  const auto pack = large_pack();
  const auto sidecar = sidecar_of(pack);
  damage(sidecar, 20, 1);
  damage(pack, 5, 100);
  const auto report = mended();
  EXPECT_EQ(report.mended, std::vector<std::string>{pack});
  EXPECT_EQ(report.renewed, std::vector<std::string>{sidecar});
  EXPECT_EQ(objects(), whole);
}

TEST_F(Mend, ForgedParityDoesNoHarm) {
  const auto pack = large_pack();
  const auto prefix = sidecar_prefix({.object = *hash_of_name(pack), .percent = 100});
  const auto forge = [&](base::ByteView bytes) {
    return object_name(prefix, must(put_object(test.storage, prefix, bytes)).hash);
  };
  const auto other = make_sidecar(pack, noise(77, whole.at(pack).size()), 100);
  const std::vector<std::string> forged{forge(base::as_bytes("nonsense")), forge(other),
                                        forge(make_sidecar(first(index_prefix), noise(1, 9), 100))};
  damage(pack, 5, 100);
  const auto report = mended();
  EXPECT_EQ(report.mended, std::vector<std::string>{pack}) << "the right sidecar is tried too";
  EXPECT_EQ(report.renewed.size(), forged.size());
  for (const auto& name : forged) EXPECT_FALSE(test.storage.stat(name).ok());
  EXPECT_EQ(must(test.storage.get(pack, 1 << 30)), whole.at(pack));
  // With forged parity alone nothing is mended, and nothing changed.
  (void)must(test.storage.remove(std::vector<std::string>{sidecar_of(pack)}));
  for (const auto& info : must(test.storage.list_all(prefix)))
    (void)must(test.storage.remove(std::vector<std::string>{info.name}));
  (void)forge(other);
  damage(pack, 5, 100);
  const auto before = objects();
  EXPECT_EQ(mended().unmendable.size(), 1U);
  EXPECT_EQ(objects(), before);
}

TEST_F(Mend, ForgedCopiesAreIgnored) {
  const auto bytes = base::as_bytes("x");
  const auto probe = std::string(mended_prefix) + object_name(probe_prefix, codec::sha256(bytes));
  for (const auto& name : {std::string("mended/readme"), probe})
    (void)must(test.storage.put(name, bytes));
  const auto report = mended();
  EXPECT_EQ(report.ignored.size(), 2U);
  EXPECT_TRUE(report.mended.empty());
}

TEST_F(Mend, OutageIsNoDamage) {
  const auto before = objects();
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    storage::FaultOptions options;
    options.unavailable_before = 0.2;
    storage::FaultStorage faulty(test.storage, test.clock, seed, options);
    const auto report = mend(faulty, test.executor, {}, {});
    if (!report.ok()) {
      EXPECT_EQ(report.error().code(), base::ErrorCode::unavailable);
    }
    EXPECT_EQ(objects(), before);
  }
}

class MendVersions : public Mend {
 protected:
  MendVersions() : Mend({.versions = true, .retention = true, .consistent = true}) {}
};

TEST_F(MendVersions, OnAStorageThatKeepsVersions) {
  const auto names = damage_everything(7);
  EXPECT_EQ(mended().mended, names);
  EXPECT_EQ(objects(), whole);
  // An overwritten object needs no mending: its older version is right.
  const auto pack = large_pack();
  (void)must(test.storage.remove(std::vector<std::string>{pack}));
  (void)must(test.storage.put(pack, base::as_bytes("overwritten")));
  EXPECT_TRUE(mended().mended.empty());
  EXPECT_EQ(must(get_object(test.storage, pack, 1 << 30)), whole.at(pack));
}

}  // namespace
}  // namespace holdfast::repository
