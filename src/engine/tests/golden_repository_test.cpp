// A repository of each released format version, made once and kept for ever: every later program
// opens it with each of its keys, finds it sound, and restores from it what was backed up. Missing
// ones are made by HOLDFAST_ACCEPT_GOLDEN=1; one that is there is never made again.
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/keys.hpp"
#include "engine/verify.hpp"
#include "engine_fixture.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::engine {
namespace {

namespace fs = std::filesystem;

const fs::path golden = fs::path(HOLDFAST_TESTS_DIR) / "golden_repository/v1";
// What the snapshots record: below the system's own directory, wherever a test runs.
constexpr const char* recorded_root = "/tmp/holdfast-golden";

enum class Stage { first, second };

void set_time(const std::string& path, std::int64_t seconds, std::int64_t nanoseconds) {
  const std::array<timespec, 2> times{timespec{seconds, nanoseconds},
                                      timespec{seconds, nanoseconds}};
  CHECK(::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) == 0, "no time");
}

std::string repeated_noise(std::uint64_t seed, std::size_t size) {
  base::SeededRandom random(seed);
  const auto block = random.array<1024>();
  std::string text;
  while (text.size() < size) text.append(base::as_text(block));
  return text;
}

// The tree that was backed up, as it was at the first and the second snapshot.
void make_golden_tree(const std::string& top, Stage stage) {
  fs::create_directories(top + "/directory/empty");
  const auto write = [&](const std::string& name, std::string_view content) {
    std::ofstream(top + "/" + name, std::ios::binary) << content;
    fs::permissions(top + "/" + name, fs::perms{0644});
    set_time(top + "/" + name, 1'700'000'000, 123'456'789);
  };
  base::SeededRandom random(8);
  const auto noise = random.array<5000>();
  write("hello", stage == Stage::first ? "hello\n" : "hello again\n");
  write("empty", "");
  write("noise", base::as_text(noise));
  write("large", repeated_noise(9, 10 << 20));
  write("directory/\xff\xfe not UTF-8", "raw bytes make names");
  write("directory/before 1970", "old");
  set_time(top + "/directory/before 1970", -1, 999'999'999);
  write("directory/private", "for my eyes");
  fs::permissions(top + "/directory/private", fs::perms{04600});
  write("sparse", "");
  fs::resize_file(top + "/sparse", 3 << 20);
  {
    std::fstream file(top + "/sparse", std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(1 << 20);
    file << "an island between two holes";
  }
  set_time(top + "/sparse", 1'600'000'000, 0);
  fs::create_symlink("hello", top + "/symlink");
  set_time(top + "/symlink", 1'500'000'000, 5);
  fs::create_symlink("/nowhere/at/all", top + "/directory/dangling");
  set_time(top + "/directory/dangling", 1'500'000'000, 6);
  fs::create_hard_link(top + "/hello", top + "/directory/hello too");
  if (stage == Stage::second) write("new", "came later");
  for (const auto* name : {"/directory/empty", "/directory", ""}) {
    fs::permissions(top + name, fs::perms{0755});
    set_time(top + name, 1'650'000'000, 42);
  }
}

class GoldenRepository : public EngineTest {
 protected:
  void SetUp() override {
    const char* accept = std::getenv("HOLDFAST_ACCEPT_GOLDEN");
    if (!fs::exists(golden)) {
      ASSERT_TRUE(accept != nullptr && std::string_view(accept) == "1")
          << golden << " is missing; HOLDFAST_ACCEPT_GOLDEN=1 makes it";
      make();
    }
    fs::copy(golden, location().url, fs::copy_options::recursive);
  }
  // Three keys, three snapshots, a tag and a hold.
  static void make();
  static void back_up(std::string_view with, Stage stage);
  static LocationOptions place() {
    return {.url = golden, .cache_directory = std::string(recorded_root) + "/cache"};
  }

  std::vector<repository::SnapshotRecord> snapshots(Location& at) {
    auto list = must(repository::list_snapshots(at.repository()));
    EXPECT_TRUE(list.damaged.empty());
    return std::move(list.snapshots);
  }
  void expect_restores(Location& at, const repository::SnapshotRecord& snapshot, Stage stage) {
    const auto id = base::to_hex(snapshot.id);
    const source::FilesRestoreOptions options{
        .target = root() + "/restored-" + id,
        .path = std::string(base::as_text(snapshot.summary.paths.at(0)))};
    const auto report = must(engine::restore(at.repository(), id, options, {}, {}));
    EXPECT_EQ(report.files.totals.failures, 0U);
    const auto expected = root() + "/expected-" + id;
    make_golden_tree(expected, stage);
    EXPECT_EQ(differences(expected, options.target), std::vector<std::string>());
    struct stat sparse{};
    ASSERT_EQ(::stat((options.target + "/sparse").c_str(), &sparse), 0);
    EXPECT_LT(sparse.st_blocks * 512, 1 << 20) << "holes stay holes";
  }
};

void GoldenRepository::back_up(std::string_view with, Stage stage) {
  const auto files = std::string(recorded_root) + "/files";
  fs::remove_all(files);
  make_golden_tree(files, stage);
  BackupOptions options;
  options.capture.roots = {files};
  options.host = "golden";
  options.label = "tree";
  options.tags = {{"stage", stage == Stage::first ? "first" : "second"}};
  options.command = "holdfast backup";
  const auto at = must(Location::open(place(), bytes(with)));
  (void)must(engine::back_up(at->repository(), options, {}, {}));
}

void GoldenRepository::make() {
  fs::remove_all(recorded_root);
  repository::CreateOptions create;
  create.cost = {.memory_kib = 8 * 1024, .passes = 1};
  (void)must(Location::create(place(), create, bytes("golden")));
  back_up("golden", Stage::first);
  {
    const auto at = must(Location::open(place(), bytes("golden")));
    auto& repository = at->repository();
    (void)must(add_key(repository, bytes("golden"), bytes("golden writer"),
                       {.role = repository::SlotRole::writer, .label = "writer"}));
    (void)must(add_key(repository, bytes("golden"), bytes("golden reader"),
                       {.role = repository::SlotRole::reader, .label = "reader"}));
    const auto first = must(repository::list_snapshots(repository)).snapshots.at(0).id;
    must(
        repository::write_note(repository, first, repository::NoteAction::tag, "kept", "for ever"));
    must(repository::write_note(repository, first, repository::NoteAction::hold, "", "golden"));
  }
  back_up("golden", Stage::second);
  back_up("golden writer", Stage::second);
  fs::remove_all(recorded_root);
}

TEST_F(GoldenRepository, IsSoundWithEveryKeyThatReads) {
  for (const std::string with : {"golden", "golden reader"}) {
    const auto at = open(with, with);
    const auto report = must(verify(at->repository(), Level::sound, std::nullopt, {}, {}));
    EXPECT_EQ(report.damage_count, 0U);
    EXPECT_EQ(report.unchecked_count, 0U);
    EXPECT_EQ(report.snapshots, 3U);
    for (const auto& finding : report.findings) ADD_FAILURE() << finding.message;
  }
}

TEST_F(GoldenRepository, EverySnapshotRestores) {
  const auto at = open("golden");
  const auto all = snapshots(*at);
  ASSERT_EQ(all.size(), 3U);
  expect_restores(*at, all[0], Stage::first);
  expect_restores(*at, all[1], Stage::second);
  expect_restores(*at, all[2], Stage::second);
}

TEST_F(GoldenRepository, SnapshotsTellWhatTheyDid) {
  const auto at = open("golden");
  const auto all = snapshots(*at);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].summary.tags, (repository::Tags{{"kept", "for ever"}, {"stage", "first"}}));
  ASSERT_EQ(all[0].holds.size(), 1U);
  EXPECT_EQ(all[0].holds[0].reason, "golden");
  EXPECT_EQ(all[1].summary.tags, (repository::Tags{{"stage", "second"}}));
  EXPECT_EQ(all[1].summary.parent, all[0].id);
  EXPECT_EQ(all[2].summary.parent, std::nullopt) << "a domain of its own";
  EXPECT_NE(all[2].domain, all[0].domain);
  for (const auto& snapshot : all) {
    EXPECT_EQ(snapshot.summary.source, "files");
    EXPECT_EQ(snapshot.summary.host, "golden");
    EXPECT_EQ(snapshot.summary.label, "tree");
    EXPECT_EQ(snapshot.summary.program, "holdfast 0.1.0");
    const auto detail = must(repository::read_detail(at->repository(), snapshot.id));
    EXPECT_EQ(detail.command, "holdfast backup");
    EXPECT_TRUE(detail.warnings.empty());
    EXPECT_EQ(detail.statistics.at(0).first, "files");
  }
}

TEST_F(GoldenRepository, ItsKeysDoWhatTheyDid) {
  const auto keys = must(list_keys(open("golden")->repository(), bytes("golden")));
  EXPECT_EQ(keys.size(), 3U);
  const auto writer = open("golden writer", "writer");
  EXPECT_FALSE(writer->repository().keys().reader.has_value());
  EXPECT_EQ(snapshots(*writer).size(), 1U);
  const auto reader = open("golden reader", "reader");
  EXPECT_EQ(snapshots(*reader).size(), 3U);
  EXPECT_EQ(Location::open(location(), bytes("silver")).error().code(), base::ErrorCode::wrong_key);
}

TEST_F(GoldenRepository, TakesABackupOfToday) {
  make_tree();
  const auto at = open("golden");
  const auto report = EngineTest::back_up(*at);
  EXPECT_TRUE(differences(files(), restored(*at, base::to_hex(*report.snapshot))).empty());
  EXPECT_EQ(snapshots(*at).size(), 4U);
}

}  // namespace
}  // namespace holdfast::engine
