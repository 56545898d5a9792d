// Repair brings a damaged repository to a state that verifies, keeps what can be read, and names
// what was lost.
#include "repository/repair.hpp"

#include <gtest/gtest.h>

#include "pack_fixture.hpp"
#include "repository/condemnation.hpp"
#include "repository/object_name.hpp"
#include "repository/pack_list.hpp"
#include "repository/prune.hpp"
#include "repository/snapshot_list.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

TestFiles many_files() {
  TestFiles files;
  for (int i = 0; i < 30; ++i)
    files["/f" + std::to_string(i)] = noise(static_cast<std::uint64_t>(i), 10'000);
  return files;
}

std::vector<std::string> pack_names(Repository& repository, ChunkType type) {
  std::vector<std::string> names;
  for (const auto& [name, pack] : must(list_packs(repository))) {
    if (pack.type == type) names.push_back(pack_object_name(type, name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// After a repair: every snapshot reads back, each of its files is as it was, and files that were
// named are the only ones missing.
void expect_repaired(TestRepository& test, const RepairReport& report, const TestFiles& original) {
  auto repository = test.open("fresh");
  for (const auto& snapshot : must(list_snapshots(*repository)).snapshots) {
    const auto files = must(read_snapshot(*repository, snapshot.summary.root));
    for (const auto& [path, content] : files) EXPECT_EQ(content, original.at(path)) << path;
    for (const auto& [path, content] : original) {
      const bool named = std::any_of(report.lost.begin(), report.lost.end(),
                                     [&](const LostFile& lost) { return lost.path == path; });
      EXPECT_NE(files.contains(path), named) << path;
    }
  }
  EXPECT_TRUE(prune(*repository, {}, PruneRun::real, {}, {}).ok())
      << "a repaired repository can be pruned";
}

TEST(Repair, LeavesASoundRepositoryAsItIs) {
  TestRepository test;
  const auto files = many_files();
  const auto snapshot = must(write_snapshot(*test.open(), files));
  const auto report = must(repair(*test.open("b"), {}, {}));
  EXPECT_EQ(report.lost_count, 0U);
  EXPECT_TRUE(report.replaced.empty());
  EXPECT_EQ(must(read_snapshot(*test.open("c"), snapshot.summary.root)), files);
}

TEST(Repair, AMissingPackCostsItsFilesOnly) {
  TestRepository test;
  const auto files = many_files();
  auto repository = test.open();
  (void)must(write_snapshot(*repository, files));
  const std::vector<std::string> lost{pack_names(*repository, ChunkType::data).front()};
  (void)must(test.storage.remove(lost));
  const auto report = must(repair(*test.open("b"), {}, {}));
  EXPECT_GT(report.lost_count, 0U);
  EXPECT_LT(report.lost_count, files.size());
  ASSERT_EQ(report.replaced.size(), 1U);
  expect_repaired(test, report, files);
}

TEST(Repair, AFlippedByteCostsOneChunk) {
  TestRepository test;
  const auto files = many_files();
  auto repository = test.open();
  (void)must(write_snapshot(*repository, files));
  must(test.storage.damage(pack_names(*repository, ChunkType::data).front(),
                           [](base::Bytes& bytes) { bytes[bytes.size() / 2] ^= 4; }));
  const auto report = must(repair(*test.open("b"), {}, {}));
  EXPECT_GE(report.lost_count, 1U);
  EXPECT_LE(report.lost_count, 4U);
  expect_repaired(test, report, files);
}

TEST(Repair, ATruncatedPackKeepsItsBeginning) {
  TestRepository test;
  const auto files = many_files();
  auto repository = test.open();
  (void)must(write_snapshot(*repository, files));
  must(test.storage.damage(pack_names(*repository, ChunkType::data).front(),
                           [](base::Bytes& bytes) { bytes.resize(bytes.size() / 2); }));
  const auto report = must(repair(*test.open("b"), {}, {}));
  EXPECT_GE(report.lost_count, 1U);
  EXPECT_LT(report.lost_count, files.size() / 2);
  expect_repaired(test, report, files);
}

TEST(Repair, AllIndexSegmentsLost) {
  TestRepository test;
  const auto files = many_files();
  const auto snapshot = must(write_snapshot(*test.open(), files));
  std::vector<std::string> names;
  for (const auto& object : must(test.storage.list_all(index_prefix))) names.push_back(object.name);
  (void)must(test.storage.remove(names));
  const auto report = must(rebuild_index(*test.open("b"), {}, {}));
  EXPECT_TRUE(report.unreadable_packs.empty());
  EXPECT_EQ(must(read_snapshot(*test.open("c"), snapshot.summary.root)), files);
}

TEST(Repair, ADamagedSnapshotObjectIsRemovedAndNamed) {
  TestRepository test;
  const auto files = many_files();
  auto repository = test.open();
  const auto damaged = must(write_snapshot(*repository, {{"/x", noise(77, 5000)}}, "other"));
  const auto kept = must(write_snapshot(*repository, files));
  must(test.storage.damage(object_name(snapshots_prefix, damaged.id),
                           [](base::Bytes& bytes) { bytes.resize(20); }));
  const auto report = must(repair(*test.open("b"), {}, {}));
  ASSERT_EQ(report.removed_snapshots.size(), 1U);
  EXPECT_EQ(report.removed_snapshots[0], damaged.id);
  EXPECT_EQ(must(read_snapshot(*test.open("c"), kept.summary.root)), files);
}

TEST(Repair, HoldsGoOverToTheSuccessor) {
  TestRepository test;
  auto repository = test.open();
  const auto snapshot = must(write_snapshot(*repository, many_files()));
  must(write_note(*repository, snapshot.id, NoteAction::hold, "", "legal"));
  must(test.storage.damage(pack_names(*repository, ChunkType::data).front(),
                           [](base::Bytes& bytes) { bytes[200] ^= 4; }));
  (void)must(repair(*test.open("b"), {}, {}));
  const auto list = must(list_snapshots(*test.open("c")));
  ASSERT_EQ(list.snapshots.size(), 1U);
  EXPECT_TRUE(list.snapshots[0].is_held());
}

TEST(Repair, TheRosterInUseGetsASuccessorBeforeItGoes) {
  TestRepository test;
  const auto files = many_files();
  auto repository = test.open();
  const auto snapshot = must(write_snapshot(*repository, files));
  const auto name = must(test.storage.list_all(roster_prefix)).at(0).name;
  must(test.storage.damage(name, [](base::Bytes& bytes) { bytes[90] ^= 1; }));
  (void)must(repair(*repository, {}, {}));
  EXPECT_FALSE(test.storage.stat(name).ok());
  EXPECT_EQ(must(test.storage.list_all(roster_prefix)).size(), 1U);
  EXPECT_EQ(must(read_snapshot(*test.open("b"), snapshot.summary.root)), files);
}

TEST(Repair, APackOfADomainThatIsNotOnTheRosterStays) {
  TestRepository test;
  auto repository = test.open();
  (void)must(write_snapshot(*repository, many_files()));
  auto pack = must(test.storage.get(pack_names(*repository, ChunkType::data).front(), 1 << 20));
  pack[24] ^= 1;  // the domain
  const auto name = pack_object_name(ChunkType::data, codec::sha256(pack));
  must(test.storage.put(name, pack));
  const auto report = must(repair(*repository, {}, {}));
  EXPECT_TRUE(test.storage.stat(name).ok());
  EXPECT_EQ(report.lost_count, 0U);
  EXPECT_TRUE(report.removed_objects.empty());
  ASSERT_EQ(report.index.unreadable_packs.size(), 1U);
  EXPECT_EQ(report.index.unreadable_packs[0].name, name);
}

TEST(Repair, WhatANewerProgramWroteStays) {
  PackFixture fixture;
  const auto builder = must(PackBuilder::begin(fixture.target(), ChunkType::data));
  const auto content = noise(1, 1'000);
  const auto encoded = fixture.encoded(content);
  encoded[0] = 77;  // the codec
  must(builder->add(fixture.domain().id_of(ChunkType::data, content), encoded));
  const auto pack = fixture.commit(must(builder->finish())).info;
  const auto report = repair(*fixture.repository, {}, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), base::ErrorCode::unsupported);
  EXPECT_TRUE(fixture.test.storage.stat(pack_object_name(pack.type, pack.name)).ok());
}

std::string damaged_hold(TestRepository& test) {
  auto repository = test.open();
  const auto snapshot = must(write_snapshot(*repository, many_files()));
  must(write_note(*repository, snapshot.id, NoteAction::hold, "", "legal"));
  (void)must(list_snapshots(*repository));  // into this machine's cache
  auto name = must(test.storage.list_all(notes_prefix)).at(0).name;
  must(test.storage.damage(name, [](base::Bytes& bytes) { bytes[60] ^= 1; }));
  return name;
}

TEST(Repair, ADamagedHoldIsPutBackFromTheCache) {
  TestRepository test;
  const auto name = damaged_hold(test);
  const auto report = must(repair(*test.open(), {}, {}));
  EXPECT_EQ(report.put_back, std::vector<std::string>{name});
  EXPECT_TRUE(report.removed_objects.empty());
  EXPECT_TRUE(must(test.storage.list_all(mended_prefix)).empty());
  EXPECT_TRUE(must(list_snapshots(*test.open("fresh"))).snapshots.at(0).is_held());
}

TEST(Repair, ADamagedHoldThatIsInNoCacheIsNamedAsLost) {
  TestRepository test;
  const auto name = damaged_hold(test);
  const auto report = must(repair(*test.open("fresh"), {}, {}));
  EXPECT_EQ(report.removed_objects, std::vector<std::string>{name});
  EXPECT_EQ(report.lost_objects, std::vector<std::string>{name});
  EXPECT_FALSE(must(list_snapshots(*test.open("fresh"))).snapshots.at(0).unread_note);
}

TEST(Repair, ADamagedCondemnationGoesWhenNobodyIsAtWork) {
  TestRepository test;
  const auto files = many_files();
  auto repository = test.open();
  const auto snapshot = must(write_snapshot(*repository, files));
  const auto name = must(write_condemnation(*repository, CondemnationStage::condemned,
                                            {{ChunkType::data, ObjectHash{9}}}))
                        .object;
  auto session = must(Session::begin(*repository, "backup"));
  must(test.storage.damage(name, [](base::Bytes& bytes) { bytes[60] ^= 1; }));
  EXPECT_EQ(repair(*test.open("b"), {}, {}).error().code(), base::ErrorCode::conflict);
  EXPECT_TRUE(test.storage.stat(name).ok());
  session.reset();
  const auto report = must(repair(*test.open("b"), {}, {}));
  EXPECT_EQ(report.lost_objects, std::vector<std::string>{name});
  EXPECT_FALSE(test.storage.stat(name).ok());
  EXPECT_EQ(must(read_snapshot(*test.open("c"), snapshot.summary.root)), files);
}

}  // namespace
}  // namespace holdfast::repository
