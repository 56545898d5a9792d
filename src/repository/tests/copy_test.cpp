// Copies hold what their originals hold, bring only what is missing, survive interruption, and
// stand on their own.
#include "repository/copy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "repository/object_name.hpp"
#include "repository/prune.hpp"
#include "repository_fixture.hpp"
#include "storage/fault.hpp"

namespace holdfast::repository {
namespace {

enum class Sharing { one_domain, two_domains };

// A second repository beside a TestRepository's.
class Target {
 public:
  Target(TestRepository& test, Sharing sharing) : test_(test), storage(test.clock) {
    const auto source = test.open();
    CreateOptions options;
    options.config = TestRepository::small_config();
    options.cost = {.memory_kib = 8 * 1024, .passes = 1};
    if (sharing == Sharing::one_domain) options.shared_domain = &source->keys();
    must(Repository::create(environment(storage), options, TestRepository::passphrase()));
  }

  Environment environment(storage::Storage& place) {
    const auto around = test_.environment("target");
    return {.storage = place,
            .files = around.files,
            .executor = around.executor,
            .clock = around.clock,
            .random = around.random,
            .cache_directory = around.cache_directory};
  }
  std::unique_ptr<Repository> open() { return open(storage); }
  std::unique_ptr<Repository> open(storage::Storage& place) {
    return must(Repository::open(environment(place), TestRepository::passphrase()));
  }

 private:
  TestRepository& test_;

 public:
  storage::MemoryStorage storage;
};

TestFiles varied_files() {
  TestFiles files;
  files["/empty"] = {};
  files["/large"] = noise(3, 300'000);
  files["/zeros"] = base::Bytes(100'000);
  for (int i = 0; i < 200; ++i) {
    files["/dir/small" + std::to_string(i)] =
        noise(100 + static_cast<std::uint64_t>(i), 10 + static_cast<std::size_t>(i) * 5);
  }
  return files;
}

base::Result<CopiedSnapshot> copy_newest(TestRepository& test, Repository& to,
                                         CopyOptions options = {}) {
  const auto from = test.open("copier");
  const auto reader = must(RepositoryReader::open(*from, Following::nothing));
  const auto list = must(list_snapshots(*from));
  return copy_snapshot(*from, *reader, list.snapshots.back(), to, options);
}

TestFiles content_of(Repository& repository, const ObjectHash& id) {
  for (const auto& one : must(list_snapshots(repository)).snapshots) {
    if (one.id == id) return must(read_snapshot(repository, one.summary.root));
  }
  ADD_FAILURE() << "the snapshot is not there";
  return {};
}

class Copy : public testing::TestWithParam<Sharing> {
 protected:
  TestRepository test;
  Target target{test, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Domains, Copy, testing::Values(Sharing::one_domain, Sharing::two_domains),
                         [](const auto& one) {
                           return one.param == Sharing::one_domain ? "one_domain" : "two_domains";
                         });

TEST_P(Copy, HoldsWhatTheOriginalHolds) {
  const auto files = varied_files();
  const auto original = must(write_snapshot(*test.open(), files));
  const auto to = target.open();
  EXPECT_EQ(share_domain(*test.open(), *to), GetParam() == Sharing::one_domain);
  const auto copied = must(copy_newest(test, *to));
  EXPECT_EQ(copied.outcome, CopiedSnapshot::Outcome::copied);
  EXPECT_GT(copied.totals.bytes_copied, 300'000U);
  EXPECT_GT(copied.totals.chunks_copied, 50U);
  // On its own: opened anew, without the original.
  must(test.storage.remove(std::vector<std::string>{object_name(snapshots_prefix, original.id)}));
  EXPECT_EQ(content_of(*target.open(), copied.id), files);
}

TEST_P(Copy, KeepsWhatTheOriginalSaysOfItself) {
  const auto original = must(write_snapshot(*test.open(), varied_files()));
  test.clock.advance(base::hours(5));
  const auto to = target.open();
  const auto copied = must(copy_newest(test, *to));
  const auto record = must(choose_snapshot(must(list_snapshots(*to)), base::to_hex(copied.id)));
  EXPECT_EQ(record.summary.started, original.summary.started);
  EXPECT_EQ(record.summary.finished, original.summary.finished);
  EXPECT_EQ(record.summary.host, original.summary.host);
  EXPECT_EQ(record.summary.label, original.summary.label);
  EXPECT_EQ(record.summary.program, original.summary.program);
  ASSERT_EQ(record.summary.tags.size(), 1U);
  EXPECT_EQ(record.summary.tags[0].first, copied_from_tag);
  EXPECT_EQ(record.summary.tags[0].second,
            base::to_hex(original.id) + "@" + base::to_hex(test.open()->id()));
}

TEST_P(Copy, ACopyIsMadeOnce) {
  must(write_snapshot(*test.open(), varied_files()));
  const auto to = target.open();
  const auto first = must(copy_newest(test, *to));
  const auto again = must(copy_newest(test, *to));
  EXPECT_EQ(again.outcome, CopiedSnapshot::Outcome::was_there);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(must(list_snapshots(*to)).snapshots.size(), 1U);
}

TEST_P(Copy, OnlyWhatIsMissingTravels) {
  auto files = varied_files();
  must(write_snapshot(*test.open(), files));
  const auto to = target.open();
  const auto first = must(copy_newest(test, *to));
  test.clock.advance(base::hours(1));
  files["/more"] = noise(9, 20'000);
  must(write_snapshot(*test.open(), files));
  const auto second = must(copy_newest(test, *target.open()));
  EXPECT_LT(second.totals.bytes_copied, first.totals.bytes_copied / 3);
  EXPECT_GT(second.totals.chunks_present, 50U);
  EXPECT_EQ(content_of(*target.open(), second.id), files);
}

TEST_P(Copy, AnInterruptedCopyGoesOn) {
  const auto files = varied_files();
  must(write_snapshot(*test.open(), files));
  bool crashed = false;
  for (std::uint64_t crash_at : {20U, 35U, 60U}) {
    storage::FaultStorage fault(target.storage, test.clock, 1, {});
    const auto to = target.open(fault);
    storage::FaultOptions options;
    options.crash_at_call = crash_at;
    fault.set_options(options);
    crashed = !copy_newest(test, *to).ok() || crashed;
  }
  EXPECT_TRUE(crashed);
  test.clock.advance(base::hours(2));
  const auto copied = must(copy_newest(test, *target.open()));
  EXPECT_EQ(content_of(*target.open(), copied.id), files);
}

TEST_P(Copy, AMissingPackOfTheOriginalStopsIt) {
  must(write_snapshot(*test.open(), varied_files()));
  const auto packs = must(test.storage.list_all(data_prefix));
  must(test.storage.remove(std::vector<std::string>{packs.front().name}));
  const auto to = target.open();
  const auto copied = copy_newest(test, *to);
  ASSERT_FALSE(copied.ok());
  EXPECT_TRUE(must(list_snapshots(*to)).snapshots.empty());
}

// Many files of a snapshot that goes lie between those of one that stays, so that a prune moves
// what stays. When it comes: before the n-th read of the copy, for many n.
TEST_P(Copy, FollowsAPruneOfTheOriginalAtAnyMoment) {
  TestFiles both;
  TestFiles kept;
  for (std::uint64_t i = 0; i < 16; ++i) {
    const auto name = "/" + std::to_string(100 + i);
    kept[name + "keep"] = both[name + "keep"] = noise(2 * i, 10'000);
    both[name + "gone"] = noise(2 * i + 1, 30'000);
  }
  std::uint64_t reads_min = 3;
  for (std::uint64_t moment = 1; moment <= reads_min; ++moment) {
    TestRepository world;
    Target place(world, GetParam());
    const auto machine = world.open();
    const auto gone = must(write_snapshot(*machine, both));
    must(write_snapshot(*machine, kept));
    const auto list = must(list_snapshots(*machine));
    must(forget_snapshot(*machine, must(choose_snapshot(list, base::to_hex(gone.id)))));
    // `from` has read the index before.
    storage::FaultStorage watched(world.storage, world.clock, 1, {});
    auto around = world.environment("copier");
    const Environment watching{.storage = watched,
                               .files = around.files,
                               .executor = around.executor,
                               .clock = around.clock,
                               .random = around.random,
                               .cache_directory = around.cache_directory};
    const auto from = must(Repository::open(watching, TestRepository::passphrase()));
    const auto reader = must(RepositoryReader::open(*from, Following::prunes));
    const auto snapshot = must(list_snapshots(*from)).snapshots.back();
    std::atomic<std::uint64_t> reads = 0;
    std::atomic<bool> is_pruned = false;
    storage::FaultOptions options;
    options.before_call = [&](const storage::FaultCall& call) {
      if (call.operation != storage::FaultOperation::read || ++reads != moment) return;
      const auto report =
          must(prune(*world.open("b"), {.garbage_share_max = 0.01}, PruneRun::real, {}, {}));
      is_pruned = report.packs_deleted > 0 && report.bytes_rewritten > 0;
    };
    watched.set_options(options);
    const auto to = place.open();
    const auto copied = copy_snapshot(*from, *reader, snapshot, *to);
    ASSERT_TRUE(copied.ok()) << moment << ": " << copied.error().to_string();
    ASSERT_TRUE(is_pruned) << moment;
    watched.set_options({});
    EXPECT_EQ(content_of(*place.open(), copied.value().id), kept) << moment;
    reads_min = std::max<std::uint64_t>(reads_min, std::min<std::uint64_t>(reads, 12));
    if (moment + 1 > reads) break;
  }
}

TEST_P(Copy, CanBeStopped) {
  must(write_snapshot(*test.open(), varied_files()));
  std::stop_source stop;
  stop.request_stop();
  const auto to = target.open();
  const auto copied = copy_newest(test, *to, {.stop = stop.get_token()});
  ASSERT_FALSE(copied.ok());
  EXPECT_EQ(copied.error().code(), base::ErrorCode::cancelled);
  EXPECT_TRUE(must(list_snapshots(*to)).snapshots.empty());
}

TEST_P(Copy, OfACopyNamesTheFirstOriginal) {
  const auto original = must(write_snapshot(*test.open(), varied_files()));
  const auto to = target.open();
  must(copy_newest(test, *to));
  const auto record = must(list_snapshots(*to)).snapshots.back();
  EXPECT_EQ(origin_of(*to, record),
            base::to_hex(original.id) + "@" + base::to_hex(test.open()->id()));
}

TEST(CopyAlone, OntoItselfIsRefused) {
  TestRepository test;
  must(write_snapshot(*test.open(), varied_files()));
  const auto same = test.open("other");
  const auto copied = copy_newest(test, *same);
  ASSERT_FALSE(copied.ok());
  EXPECT_EQ(copied.error().code(), base::ErrorCode::invalid_argument);
}

TEST_P(Copy, IsHeldWhileItsOriginalIs) {
  const auto original = must(write_snapshot(*test.open(), varied_files()));
  must(write_note(*test.open(), original.id, NoteAction::hold, "", "legal"));
  const auto to = target.open();
  (void)must(copy_newest(test, *to));
  auto record = must(list_snapshots(*to)).snapshots.at(0);
  ASSERT_EQ(record.holds.size(), 1U);
  EXPECT_EQ(record.holds[0].reason, "legal");
  // Held for another reason, too, after it was copied; and a run that ended between snapshot and
  // hold.
  must(write_note(*test.open(), original.id, NoteAction::hold, "", "audit"));
  EXPECT_EQ(must(copy_newest(test, *to)).outcome, CopiedSnapshot::Outcome::was_there);
  EXPECT_EQ(must(list_snapshots(*to)).snapshots.at(0).holds.size(), 2U);
  EXPECT_EQ(must(copy_newest(test, *to)).outcome, CopiedSnapshot::Outcome::was_there);
  EXPECT_EQ(must(list_snapshots(*to)).snapshots.at(0).holds.size(), 2U);
}

// A note of an older program, or of somebody who means harm.
TEST_P(Copy, ATagThatANoteSetIsNoOrigin) {
  const auto to = target.open();
  const auto decoy = must(write_snapshot(*to, {{"/decoy", {1}}}));
  const auto original = must(write_snapshot(*test.open(), varied_files()));
  base::Bytes receipt;
  base::ByteWriter fields(receipt);
  fields.raw(decoy.id);
  fields.u8(1);  // tag
  fields.sized("copied-from");
  fields.sized(base::to_hex(original.id) + "@" + base::to_hex(test.open()->id()));
  fields.i64(test.clock.now().nanoseconds);
  base::Bytes body;
  base::ByteWriter out(body);
  out.raw(to->own_domain().id());
  to->own_domain().seal_receipt(to->id(), note_magic, receipt, test.random, out);
  (void)must(put_object(target.storage, notes_prefix,
                        sign_object(note_magic, to->id(), *to->keys().writer, body)));
  const auto copied = must(copy_newest(test, *to));
  EXPECT_EQ(copied.outcome, CopiedSnapshot::Outcome::copied);
  EXPECT_EQ(content_of(*target.open(), copied.id), varied_files());
}

}  // namespace
}  // namespace holdfast::repository
