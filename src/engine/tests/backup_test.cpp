// Backing up a real directory: everything once, then only what changed.
#include "engine/backup.hpp"

#include <filesystem>

#include "engine/keys.hpp"
#include "engine/version.hpp"
#include "engine_fixture.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::engine {
namespace {

using base::ErrorCode;

class BackupTest : public EngineTest {
 protected:
  BackupTest() {
    make_tree();
    create();
  }
  [[nodiscard]] std::vector<std::string> all_objects() const { return objects(""); }
};

TEST_F(BackupTest, ReportsWhatItDid) {
  const auto at = open();
  const auto report = back_up(*at);
  ASSERT_TRUE(report.snapshot);
  EXPECT_FALSE(report.parent);
  EXPECT_EQ(report.capture.files, 6U);
  EXPECT_EQ(report.capture.others, 1U);
  EXPECT_EQ(report.capture.unchanged, 0U);
  EXPECT_EQ(report.capture.bytes_read, 370'011U);
  EXPECT_GE(report.bytes_new, 370'011U);
  EXPECT_GT(report.bytes_stored, 320'000U);
  EXPECT_LT(report.bytes_stored, 370'000U) << "what compresses is compressed";
  EXPECT_EQ(report.warning_count, 0U);
  EXPECT_TRUE(report.warnings.empty());
  EXPECT_GT(report.duration_seconds, 0);
}

TEST_F(BackupTest, TheSnapshotTellsOfIt) {
  const auto at = open();
  auto options = backup_options();
  options.tags = {{"env", "test"}};
  options.label = "shop";
  options.command = "holdfast backup there";
  const auto report = must(engine::back_up(at->repository(), options, {}, {}));
  const auto list = must(repository::list_snapshots(at->repository()));
  ASSERT_EQ(list.snapshots.size(), 1U);
  const auto& snapshot = list.snapshots[0];
  EXPECT_EQ(snapshot.id, *report.snapshot);
  EXPECT_EQ(snapshot.summary.source, "files");
  EXPECT_EQ(snapshot.summary.host, "test");
  EXPECT_EQ(snapshot.summary.label, "shop");
  EXPECT_EQ(snapshot.summary.tags, options.tags);
  EXPECT_EQ(snapshot.summary.program, program_name_and_version());
  ASSERT_EQ(snapshot.summary.paths.size(), 1U);
  EXPECT_EQ(base::as_text(snapshot.summary.paths[0]), files());
  EXPECT_LE(snapshot.summary.started, snapshot.summary.finished);
  EXPECT_FALSE(snapshot.late);
  const auto detail = must(repository::read_detail(at->repository(), *report.snapshot));
  EXPECT_EQ(detail.command, "holdfast backup there");
  const std::pair<std::string, std::uint64_t> files_statistic{"files", 6};
  EXPECT_EQ(detail.statistics.at(0), files_statistic);
}

TEST_F(BackupTest, AnUnchangedRunReadsNothing) {
  let_it_settle();
  const auto at = open();
  const auto first = back_up(*at);
  const auto second = back_up(*at);
  EXPECT_EQ(second.parent, first.snapshot);
  EXPECT_EQ(second.capture.bytes_read, 0U);
  // Nothing but perhaps the directory above, in which other tests come and go.
  EXPECT_LE(second.capture.changed + second.capture.added, 1U);
  EXPECT_EQ(second.capture.bytes, first.capture.bytes);
  EXPECT_LT(second.bytes_new, 10'000U);
  EXPECT_NE(second.snapshot, first.snapshot);
  EXPECT_TRUE(differences(files(), restored(*at)).empty());
}

TEST_F(BackupTest, OnlyWhatChangedIsReadAndStored) {
  let_it_settle();
  const auto first = back_up(*open());
  write("below/small", "other bytes");
  write("new", noise(9, 5'000));
  std::filesystem::remove(files() + "/below/deeper/text");
  const auto at = open();
  const auto second = back_up(*at);
  EXPECT_EQ(second.parent, first.snapshot);
  EXPECT_EQ(second.capture.bytes_read, 5'011U);
  EXPECT_LT(second.bytes_new, 20'000U) << "and the nodes above them";
  EXPECT_EQ(second.capture.added, 1U);
  EXPECT_TRUE(differences(files(), restored(*at)).empty());
}

TEST_F(BackupTest, WhatMovedIsReadAndNotStoredAgain) {
  (void)back_up(*open());
  std::filesystem::rename(files() + "/large", files() + "/below/moved");
  const auto second = back_up(*open());
  EXPECT_GE(second.capture.bytes_read, 300'000U);
  EXPECT_LT(second.bytes_new, 20'000U);
}

TEST_F(BackupTest, AnotherMachineOfTheSameKeyDeduplicates) {
  (void)back_up(*open());
  const auto other = open(passphrase, "b");
  auto options = backup_options();
  options.host = "other";
  const auto report = must(engine::back_up(other->repository(), options, {}, {}));
  EXPECT_FALSE(report.parent) << "another host's is no parent";
  EXPECT_LT(report.bytes_new, 10'000U);
}

TEST_F(BackupTest, WithoutItsCacheAMachineGoesOn) {
  let_it_settle();
  const auto first = back_up(*open());
  std::filesystem::remove_all(location().cache_directory);
  const auto second = back_up(*open());
  EXPECT_EQ(second.parent, first.snapshot);
  EXPECT_EQ(second.capture.bytes_read, 0U) << "the parent's tree comes from the repository";
  EXPECT_LT(second.bytes_new, 10'000U) << "the directory above has changed";
}

TEST_F(BackupTest, APreviewStoresNothing) {
  const auto before = all_objects();
  const auto at = open();
  const auto report = must(preview_backup(at->repository(), backup_options(), {}, {}));
  EXPECT_FALSE(report.snapshot);
  EXPECT_EQ(report.capture.files, 6U);
  EXPECT_EQ(report.capture.bytes, 370'011U);
  EXPECT_EQ(all_objects(), before);
}

// What a preview says is what the backup then reports, and leaves no trace behind that would change
// it.
TEST_F(BackupTest, APreviewSaysWhatWouldBeNew) {
  const auto expect_equal = [&](const std::string& what, const BackupOptions& options,
                                std::string_view with = passphrase,
                                const std::string& machine = "a") {
    SCOPED_TRACE(what);
    // The node that tells of the directories above, which others may change meanwhile, is new in
    // both.
    std::filesystem::last_write_time(files(), std::filesystem::file_time_type::clock::now());
    const auto before = all_objects();
    const auto told = must(preview_backup(open(with, machine)->repository(), options, {}, {}));
    EXPECT_EQ(all_objects(), before);
    EXPECT_EQ(told.bytes_stored, 0U);
    const auto done = must(engine::back_up(open(with, machine)->repository(), options, {}, {}));
    EXPECT_EQ(told.bytes_new, done.bytes_new);
    EXPECT_EQ(told.parent, done.parent);
    EXPECT_EQ(told.capture.bytes_read, done.capture.bytes_read);
    EXPECT_EQ(told.capture.unchanged, done.capture.unchanged);
    return done.bytes_new;
  };
  EXPECT_GE(expect_equal("the first", backup_options()), 370'011U);
  EXPECT_LT(expect_equal("nothing but a time has changed", backup_options()), 100'000U);

  write("new/random", noise(50, 200'000));
  write("new/random again", noise(50, 200'000));
  for (int i = 0; i < 300; ++i) {
    write("new/small" + std::to_string(i), noise(1'000 + i % 150, 700));
  }
  const auto added = expect_equal("with content that is there twice", backup_options());
  EXPECT_GE(added, 200'000U + 150 * 700);
  EXPECT_LT(added, 400'000U + 300 * 700);

  auto full = backup_options();
  full.capture.trust_stat = source::FilesCaptureOptions::TrustStat::none;
  EXPECT_LT(expect_equal("every byte read again", full), 100'000U);

  auto other = backup_options();
  other.host = "other";
  (void)expect_equal("another machine of the same key", other, passphrase, "b");

  (void)must(add_key(open()->repository(), bytes(passphrase), bytes("writes"),
                     {.role = repository::SlotRole::writer}));
  EXPECT_GE(expect_equal("a writer", backup_options(), "writes", "writer"), 370'011U);
  EXPECT_LT(expect_equal("a writer again", backup_options(), "writes", "writer"), 100'000U);
}

TEST_F(BackupTest, APreviewNeedsWhatABackupNeeds) {
  (void)must(add_key(open()->repository(), bytes(passphrase), bytes("reads"),
                     {.role = repository::SlotRole::reader}));
  EXPECT_EQ(preview_backup(open("reads")->repository(), backup_options(), {}, {}).error().code(),
            ErrorCode::permission_denied);
}

TEST_F(BackupTest, AMissingRootMakesNoSnapshot) {
  const auto at = open();
  auto options = backup_options();
  options.capture.roots = {files() + "/absent"};
  const auto report = engine::back_up(at->repository(), options, {}, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), ErrorCode::not_found);
  EXPECT_TRUE(objects("snapshots").empty());
  EXPECT_TRUE(objects("sessions").empty()) << "the session has ended";
}

// A snapshot that no reader would take must not be written.
TEST_F(BackupTest, OversizeTextsAreRefusedBeforeAnythingIsStored) {
  const auto at = open();
  const auto before = all_objects();
  const std::string huge(100'000, 'x');
  std::vector<BackupOptions> refused(4, backup_options());
  refused[0].tags = {{"key", huge}};
  refused[1].host = huge;
  refused[2].label = huge;
  for (int i = 0; i < 2'000; ++i) refused[3].tags.emplace_back(std::to_string(i), "");
  for (const auto& options : refused) {
    const auto report = engine::back_up(at->repository(), options, {}, {});
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code(), ErrorCode::invalid_argument);
  }
  EXPECT_EQ(repository::write_note(at->repository(), {}, repository::NoteAction::tag, "key", huge)
                .error()
                .code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(all_objects(), before);
}

TEST_F(BackupTest, AStopIsHeededAndTheNextRunGoesOn) {
  const auto at = open();
  std::stop_source stop;
  stop.request_stop();
  const auto report = engine::back_up(at->repository(), backup_options(), {}, stop.get_token());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), ErrorCode::cancelled);
  EXPECT_TRUE(objects("snapshots").empty());
  (void)back_up(*at);
  EXPECT_TRUE(differences(files(), restored(*at)).empty());
}

TEST_F(BackupTest, ProgressOnlyGrows) {
  for (int i = 0; i < 300; ++i) write("many/" + std::to_string(i), noise(100 + i, 2'000));
  const auto at = open();
  Progress last;
  const auto progress = [&](const Progress& now) {
    EXPECT_GE(now.items, last.items);
    EXPECT_GE(now.bytes, last.bytes);
    last = now;
  };
  const auto report = must(engine::back_up(at->repository(), backup_options(), progress, {}));
  EXPECT_LE(last.items, report.capture.files + report.capture.directories + report.capture.others);
  EXPECT_LE(last.bytes, report.capture.bytes);
}

}  // namespace
}  // namespace holdfast::engine
