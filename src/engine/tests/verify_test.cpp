// The ladder of verification: each level finds what it promises, and names the files that suffer.
#include "engine/verify.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <utility>

#include "engine/keys.hpp"
#include "engine_fixture.hpp"
#include "repository/condemnation.hpp"
#include "repository/object_name.hpp"
#include "repository/path_key.hpp"
#include "repository/prune.hpp"
#include "repository/repair.hpp"
#include "repository/repository_reader.hpp"
#include "repository/session.hpp"
#include "repository/snapshot_list.hpp"
#include "repository/snapshot_writer.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::engine {
namespace {

using base::ErrorCode;
using repository::ChunkId;
using Kind = Finding::Kind;

class VerifyTest : public EngineTest {
 protected:
  VerifyTest() {
    write("a", noise(1, 100'000));
    write("b", noise(2, 100'000));
    write("c/small", "a few bytes");
    create();
    snapshot_ = base::to_hex(*back_up(*open()).snapshot);
  }
  // By another machine, whose cache knows nothing.
  [[nodiscard]] VerifyReport verified(Level level, const std::string& machine = "fresh") const {
    return must(verify(open(passphrase, machine)->repository(), level, std::nullopt, {}, {}));
  }
  [[nodiscard]] static bool names_object(const VerifyReport& report, const std::string& object,
                                         Kind kind = Kind::damage) {
    return std::any_of(report.findings.begin(), report.findings.end(), [&](const Finding& each) {
      return each.object == object && each.kind == kind;
    });
  }
  // Names of files that are reported as damaged, without the directory.
  [[nodiscard]] std::set<std::string> damaged_files(const VerifyReport& report) const {
    std::set<std::string> paths;
    for (const auto& finding : report.findings) {
      if (finding.path.empty()) continue;
      EXPECT_EQ(finding.kind, Kind::damage);
      EXPECT_EQ(finding.snapshot, snapshot_);
      EXPECT_FALSE(finding.message.empty());
      EXPECT_TRUE(finding.path.starts_with(files())) << finding.path;
      paths.insert(finding.path.substr(std::min(finding.path.size(), files().size() + 1)));
    }
    return paths;
  }
  // Where the middle of a file's first chunk lies: object and offset.
  [[nodiscard]] std::pair<std::string, std::uint64_t> place_of(const std::string& name) const {
    const auto at = open(passphrase, "finder");
    auto& repository = at->repository();
    const auto list = must(repository::list_snapshots(repository));
    const auto reader =
        must(repository::RepositoryReader::open(repository, repository::Following::nothing));
    repository::TreeCursor cursor(*reader, list.snapshots.at(0).summary.root);
    while (const auto entry = must(cursor.next())) {
      if (!base::as_text(entry->key).ends_with('\0' + name)) continue;
      repository::ExtentCursor extents(*reader, entry->content, entry->size);
      const auto extent = must(extents.next());
      const auto found =
          repository.index(repository::Repository::Segments::all)->find(extent->chunk);
      return {repository::pack_object_name(found->pack.type, found->pack.name),
              found->place.offset + found->place.stored_size / 2};
    }
    ADD_FAILURE() << "no " << name;
    return {};
  }
  static void expect_sound(const VerifyReport& report) {
    EXPECT_EQ(report.damage_count, 0U) << first_message(report);
    EXPECT_EQ(report.unchecked_count, 0U) << first_message(report);
    EXPECT_EQ(report.note_count, 0U) << first_message(report);
  }
  [[nodiscard]] static std::string first_message(const VerifyReport& report) {
    if (report.findings.empty()) return "";
    const auto& first = report.findings[0];
    return first.object + " " + first.path + ": " + first.message;
  }

  std::string snapshot_;
};

constexpr std::array all_levels = {Level::present, Level::intact, Level::readable, Level::sound};

TEST_F(VerifyTest, ASoundRepositoryIsSoundOnEveryLevel) {
  for (const auto level : all_levels) {
    const auto report = verified(level);
    expect_sound(report);
    EXPECT_TRUE(report.findings.empty());
    EXPECT_EQ(report.level, level);
    EXPECT_EQ(report.snapshots, 1U);
    EXPECT_EQ(report.packs, objects("data").size() + objects("tree").size());
    EXPECT_GT(report.chunks, 20U);
    if (level == Level::present) {
      EXPECT_EQ(report.bytes_read, 0U);
    } else {
      EXPECT_GT(report.bytes_read, 200'000U);
    }
  }
}

TEST_F(VerifyTest, ADeletedPackIsFoundOnEveryLevelAndItsFilesAreNamed) {
  const auto [pack, offset] = place_of("a");
  remove(pack);
  for (const auto level : all_levels) {
    const auto report = verified(level);
    EXPECT_TRUE(names_object(report, pack)) << level_name(level);
    EXPECT_GT(report.damage_count, 0U);
    EXPECT_EQ(report.unchecked_count, 0U);
    EXPECT_TRUE(damaged_files(report).contains("a"));
    EXPECT_FALSE(damaged_files(report).contains("c"));
  }
}

TEST_F(VerifyTest, ATruncatedPackIsFoundOnEveryLevel) {
  const auto [pack, offset] = place_of("a");
  truncate(pack, 1000);
  for (const auto level : all_levels) {
    const auto report = verified(level);
    EXPECT_TRUE(names_object(report, pack)) << level_name(level);
    EXPECT_TRUE(damaged_files(report).contains("a"));
  }
}

TEST_F(VerifyTest, AFlippedByteIsFoundByReadingAndItsFileIsNamed) {
  const auto [pack, offset] = place_of("a");
  flip_byte(pack, offset);
  expect_sound(verified(Level::present));
  const auto intact = verified(Level::intact);
  EXPECT_TRUE(names_object(intact, pack));
  for (const auto level : {Level::readable, Level::sound}) {
    const auto report = verified(level);
    EXPECT_TRUE(names_object(report, pack)) << level_name(level);
    EXPECT_EQ(damaged_files(report), std::set<std::string>{"a"}) << level_name(level);
  }
}

TEST_F(VerifyTest, AFlippedByteInAHeaderCostsAllThatLiesInThePack) {
  const auto [pack, offset] = place_of("a");
  flip_byte(pack, 60);  // in the sealed key
  expect_sound(verified(Level::present));
  EXPECT_TRUE(names_object(verified(Level::intact), pack));
  const auto report = verified(Level::readable);
  EXPECT_TRUE(names_object(report, pack));
  EXPECT_TRUE(damaged_files(report).contains("a"));
}

// Nothing of the content is lost, yet the object isn't what was written.
TEST_F(VerifyTest, AFlippedByteInADirectoryIsDamageOfThePack) {
  const auto [pack, offset] = place_of("a");
  const auto size = must(open()->repository().storage().stat(pack)).size;
  flip_byte(pack, size - 20);
  EXPECT_TRUE(names_object(verified(Level::intact), pack));
  EXPECT_TRUE(names_object(verified(Level::readable), pack));
}

TEST_F(VerifyTest, ADamagedTreeNamesWhereItIs) {
  for (const auto& pack : objects("tree")) flip_byte(pack, 300);
  const auto report = verified(Level::readable);
  EXPECT_GT(report.damage_count, 0U);
  EXPECT_EQ(report.unchecked_count, 0U);
  EXPECT_TRUE(std::any_of(report.findings.begin(), report.findings.end(), [&](const Finding& each) {
    return each.snapshot == snapshot_;
  })) << "which snapshot suffers";
}

TEST_F(VerifyTest, AMissingIndexSegmentIsFoundAndRebuilt) {
  for (const auto& segment : objects("index")) remove(segment);
  for (const auto level : all_levels) {
    EXPECT_GT(verified(level).damage_count, 0U) << level_name(level);
  }
  const auto at = open(passphrase, "mender");
  (void)must(repository::rebuild_index(at->repository(), {}, {}));
  expect_sound(verified(Level::sound, "later"));
}

TEST_F(VerifyTest, ADamagedIndexSegmentIsFound) {
  const auto segment = objects("index").at(0);
  flip_byte(segment, 200);
  EXPECT_TRUE(names_object(verified(Level::present), segment));
}

// A machine that has read it before has it in its cache: that proves nothing about the storage.
TEST_F(VerifyTest, ADamagedSnapshotIsFoundWhateverTheCacheHas) {
  const auto at = open();
  ASSERT_EQ(must(repository::list_snapshots(at->repository())).snapshots.size(), 1U);
  flip_byte("snapshots/" + snapshot_, 100);
  for (const auto level : {Level::intact, Level::readable, Level::sound}) {
    const auto report = verified(level, "a");
    EXPECT_TRUE(names_object(report, "snapshots/" + snapshot_)) << level_name(level);
  }
  EXPECT_TRUE(names_object(verified(Level::present), "snapshots/" + snapshot_));
}

TEST_F(VerifyTest, DamageOfAnySmallObjectIsFoundWhateverTheCacheHas) {
  (void)verified(Level::sound, "a");
  for (const std::string prefix : {"index", "roster"}) {
    const auto name = objects(prefix).at(0);
    const auto at = open();  // before it happens
    flip_byte(name, 90);
    const auto report = must(verify(at->repository(), Level::intact, std::nullopt, {}, {}));
    EXPECT_TRUE(names_object(report, name)) << name;
    flip_byte(name, 90);
  }
  expect_sound(verified(Level::intact, "a"));
}

// What verification finds, a repair mends, down to the smallest object.
TEST_F(VerifyTest, ARepairLeavesASoundRepository) {
  {
    const auto at = open();
    auto& repository = at->repository();
    const auto id = must(repository::list_snapshots(repository)).snapshots.at(0).id;
    must(repository::write_note(repository, id, repository::NoteAction::tag, "key", "value"));
    const auto slot = must(add_key(repository, bytes(passphrase), bytes("reads"),
                                   {.role = repository::SlotRole::reader, .label = "reader"}));
    must(repository.write_roster(repository.roster().writers));
    flip_byte("keys/" + slot, 10);
  }
  flip_byte(objects("notes").at(0), 60);
  flip_byte(objects("roster").at(0), 60);
  flip_byte(objects("index").at(0), 60);
  flip_byte("snapshots/" + snapshot_, 60);
  EXPECT_GE(verified(Level::sound, "a").damage_count, 5U);
  {
    const auto at = open();  // whose cache still has the snapshot
    const auto report = must(repository::repair(at->repository(), {}, {}));
    EXPECT_EQ(report.lost_count, 0U);
    EXPECT_EQ(report.removed_objects.size(), 3U);
    EXPECT_EQ(report.replaced.size(), 1U);
  }
  for (const std::string machine : {"a", "later"}) expect_sound(verified(Level::sound, machine));
  EXPECT_TRUE(differences(files(), restored(*open(passphrase, "later"))).empty());
}

TEST_F(VerifyTest, OneSnapshotIsVerifiedByItself) {
  write("d", noise(4, 100'000));
  const auto second = base::to_hex(*back_up(*open()).snapshot);
  const auto [pack, offset] = place_of("a");
  ASSERT_FALSE(snapshot_ == second);
  const auto at = open(passphrase, "fresh");
  const auto whole = must(verify(at->repository(), Level::readable, std::nullopt, {}, {}));
  const auto one = must(verify(at->repository(), Level::readable, snapshot_, {}, {}));
  expect_sound(one);
  EXPECT_EQ(one.snapshots, 1U);
  EXPECT_LT(one.packs, whole.packs);
  EXPECT_EQ(verify(at->repository(), Level::present, "0000", {}, {}).error().code(),
            ErrorCode::not_found);
}

TEST_F(VerifyTest, ForeignObjectsAreNotesAndNoDamage) {
  const auto at = open();
  auto& storage = at->repository().storage();
  must(storage.put("data/readme", base::as_bytes("x")));
  must(storage.put("snapshots/readme", base::as_bytes("x")));
  const auto forged = repository::sign_object(repository::snapshot_magic, at->repository().id(),
                                              codec::SigningKey(base::SystemRandom().array<32>()),
                                              base::as_bytes("forged"));
  must(repository::put_object(storage, repository::snapshots_prefix, forged));
  const auto report = verified(Level::sound);
  EXPECT_EQ(report.damage_count, 0U) << first_message(report);
  EXPECT_EQ(report.unchecked_count, 0U);
  EXPECT_EQ(report.note_count, 3U);
}

TEST_F(VerifyTest, AWriterChecksWhatNeedsNoKey) {
  const auto at = open();
  (void)must(add_key(at->repository(), bytes(passphrase), bytes("writes"),
                     {.role = repository::SlotRole::writer, .label = "web"}));
  const auto writer = open("writes", "writer");
  for (const auto level : {Level::present, Level::intact}) {
    const auto report = must(verify(writer->repository(), level, std::nullopt, {}, {}));
    EXPECT_EQ(report.damage_count, 0U) << first_message(report);
  }
  for (const auto level : {Level::readable, Level::sound}) {
    EXPECT_EQ(verify(writer->repository(), level, std::nullopt, {}, {}).error().code(),
              ErrorCode::permission_denied);
  }
  const auto [pack, offset] = place_of("a");
  flip_byte(pack, offset);
  const auto report = must(verify(writer->repository(), Level::intact, std::nullopt, {}, {}));
  EXPECT_TRUE(names_object(report, pack));
}

TEST_F(VerifyTest, ProgressCountsPacksAndAStopIsHeeded) {
  const auto at = open(passphrase, "fresh");
  Progress last;
  const auto progress = [&](const Progress& now) {
    EXPECT_EQ(now.items, last.items + 1);
    EXPECT_GT(now.bytes, last.bytes);
    EXPECT_FALSE(now.current.empty());
    last = now;
  };
  const auto report = must(verify(at->repository(), Level::intact, std::nullopt, progress, {}));
  EXPECT_EQ(last.items, report.packs);
  EXPECT_EQ(last.items_total, report.packs);
  EXPECT_EQ(last.bytes, last.bytes_total);
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = verify(at->repository(), Level::intact, std::nullopt, {}, stop.get_token());
  EXPECT_EQ(stopped.error().code(), ErrorCode::cancelled) << "never passed";
}

TEST(VerifyLevel, NamesAndBack) {
  for (const auto level : all_levels) EXPECT_EQ(parse_level(level_name(level)).value(), level);
  const auto unknown = parse_level("Sound");
  EXPECT_EQ(unknown.error().code(), ErrorCode::invalid_argument);
  EXPECT_FALSE(unknown.error().hint().empty());
}

TEST_F(VerifyTest, takes_a_prune_in_the_midst_for_no_damage) {
  // The first snapshot's packs are rewritten while its successor, which needs parts of them, is
  // read.
  std::filesystem::remove(files() + "/a");
  const auto second = open();
  (void)back_up(*second);
  const auto list = must(repository::list_snapshots(second->repository()));
  must(repository::forget_snapshot(second->repository(),
                                   must(repository::choose_snapshot(list, snapshot_))));
  const auto verifying = open(passphrase, "verifier");
  std::uint64_t deleted = 0;
  bool pruned = false;
  const auto prune_once = [&](const Progress&) {
    if (std::exchange(pruned, true)) return;
    const auto at = open(passphrase, "pruner");
    deleted = must(repository::prune(at->repository(), {.garbage_share_max = 0.01},
                                     repository::PruneRun::real, {}, {}))
                  .packs_deleted;
  };
  const auto report =
      must(verify(verifying->repository(), Level::readable, std::nullopt, prune_once, {}));
  EXPECT_GT(deleted, 0U);
  EXPECT_EQ(report.damage_count, 0U);
  EXPECT_EQ(report.unchecked_count, 0U);
}

TEST_F(VerifyTest, damage_in_a_copy_that_kept_no_times_is_damage) {
  // As `cp -r` leaves it an hour and more after the backup: all of its objects look as new as the
  // copy.
  const auto copied_at = std::filesystem::file_time_type::clock::now() + std::chrono::hours(5);
  for (const auto* prefix : {"config/", "snapshots/", "sessions/", "index/", "data/", "tree/"}) {
    for (const auto& object : objects(prefix))
      std::filesystem::last_write_time(object_path(object), copied_at);
  }
  const auto packs = objects("tree/");
  ASSERT_FALSE(packs.empty());
  for (const auto& pack : packs) remove(pack);
  EXPECT_GT(verified(Level::present).damage_count, 0U);
  const auto at = open();
  const auto pruned = repository::prune(at->repository(), {}, repository::PruneRun::real, {}, {});
  ASSERT_FALSE(pruned.ok());
  EXPECT_FALSE(objects("snapshots/").empty());
}

// A writer is believed about where its chunks lie; whether they do is what a verification is for.
TEST_F(VerifyTest, AnIndexThatPlacesAChunkWronglyIsDamage) {
  const auto [object, middle] = place_of("a");
  {
    const auto at = open();
    auto& repository = at->repository();
    using Segments = repository::Repository::Segments;
    const auto* index = must(repository.refresh_index(Segments::all));
    for (const auto& name : index->segments()) {
      auto segment = must(repository.read_segment(name, Segments::all));
      segment.superseded = {name};
      for (auto& chunk : segment.chunks) {
        const auto& pack = segment.packs.at(chunk.pack);
        if (repository::pack_object_name(pack.type, pack.name) == object &&
            chunk.offset + chunk.stored_size / 2 == middle)
          ++chunk.offset;
      }
      (void)must(repository.write_segment(segment, repository.own_domain(),
                                          repository::Repository::SignAs::admin));
    }
  }
  expect_sound(verified(Level::intact));
  for (const auto level : {Level::readable, Level::sound}) {
    const auto report = verified(level);
    EXPECT_TRUE(names_object(report, object)) << level_name(level);
    EXPECT_EQ(damaged_files(report), std::set<std::string>{"a"}) << level_name(level);
  }
  (void)must(repository::rebuild_index(open()->repository(), {}, {}));
  expect_sound(verified(Level::sound, "later"));
}

class LateSnapshotTest : public VerifyTest {
 protected:
  // Of a tree that isn't there, or of the snapshot's.
  enum class Tree { absent, there };
  [[nodiscard]] std::string put_late(Tree tree) const {
    const auto at = open();
    auto& repository = at->repository();
    auto summary = must(repository::list_snapshots(repository)).snapshots.at(0).summary;
    if (tree == Tree::absent) summary.root.id = ChunkId{7};
    const auto body = repository::encode_snapshot(repository.id(), repository.own_domain(),
                                                  repository.config().box_public_key, summary, {},
                                                  repository.environment().random);
    const auto object = repository::sign_object(repository::snapshot_magic, repository.id(),
                                                *repository.keys().writer, body);
    const auto hash =
        must(repository::put_object(repository.storage(), repository::snapshots_prefix, object))
            .hash;
    std::filesystem::last_write_time(
        object_path(repository::object_name(repository::snapshots_prefix, hash)),
        std::filesystem::file_time_type::clock::now() + std::chrono::hours(5));
    return base::to_hex(hash);
  }
};

TEST_F(LateSnapshotTest, OneThatIsNotCompleteIsANoteUnlessItIsNamed) {
  const auto late = put_late(Tree::absent);
  for (const auto level : all_levels) {
    const auto whole = verified(level);
    EXPECT_EQ(whole.damage_count, 0U) << level_name(level) << ": " << first_message(whole);
    EXPECT_EQ(whole.unchecked_count, 0U) << level_name(level);
    EXPECT_EQ(whole.note_count, 1U) << level_name(level);
    const auto at = open(passphrase, "fresh");
    const auto one = must(verify(at->repository(), level, late, {}, {}));
    EXPECT_GT(one.damage_count, 0U) << level_name(level);
  }
}

TEST_F(LateSnapshotTest, ARestoreOfItWarns) {
  const auto late = put_late(Tree::there);
  const auto at = open();
  const source::FilesRestoreOptions options{.target = root() + "/restored", .path = files()};
  const auto report = must(engine::restore(at->repository(), late, options, {}, {}));
  ASSERT_EQ(report.files.notes.size(), 1U);
  EXPECT_NE(report.files.notes[0].find("late"), std::string::npos);
  const auto latest = must(engine::restore(
      at->repository(), "latest", {.target = root() + "/latest", .path = files()}, {}, {}));
  EXPECT_EQ(base::to_hex(latest.snapshot), snapshot_);
  EXPECT_TRUE(latest.files.notes.empty());
}

TEST_F(VerifyTest, AGapInOneTreeHidesNothingInAnother) {
  const auto trees = objects("tree");
  repository::ObjectHash other{};
  {
    const auto at = open();
    auto writer = must(repository::SnapshotWriter::begin(at->repository(), {.source = "files",
                                                                            .host = "test",
                                                                            .label = "other",
                                                                            .paths = {},
                                                                            .tags = {},
                                                                            .command = {},
                                                                            .program = {},
                                                                            .started = {},
                                                                            .rewrite_of = {}}));
    repository::Entry entry;
    entry.key = must(repository::key_of_path("/x"));
    entry.attributes = {0xff};  // nothing that makes sense
    must(writer->add(std::move(entry)));
    other = must(writer->commit({})).id;
  }
  for (const auto& pack : trees) flip_byte(pack, 300);
  const auto report = verified(Level::sound);
  const auto named = [&](const std::string& snapshot) {
    return std::count_if(report.findings.begin(), report.findings.end(),
                         [&](const Finding& each) { return each.snapshot == snapshot; });
  };
  EXPECT_GT(named(snapshot_), 0);
  EXPECT_EQ(named(base::to_hex(other)), 1);
}

TEST_F(VerifyTest, ADamagedHoldIsFoundOnEveryLevel) {
  {
    const auto at = open();
    const auto id = must(repository::list_snapshots(at->repository())).snapshots.at(0).id;
    must(repository::write_note(at->repository(), id, repository::NoteAction::hold, "", "legal"));
  }
  const auto note = objects("notes").at(0);
  flip_byte(note, 60);
  for (const auto level : all_levels) {
    EXPECT_TRUE(names_object(verified(level), note)) << level_name(level);
  }
}

}  // namespace
}  // namespace holdfast::engine
