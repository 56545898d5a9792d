// Key slots, and what each role can and can't do on a real repository.
#include "engine/keys.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "engine/verify.hpp"
#include "engine_fixture.hpp"
#include "repository/identity.hpp"
#include "repository/object_name.hpp"
#include "repository/prune.hpp"
#include "repository/repair.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::engine {
namespace {

using base::ErrorCode;
using repository::SlotRole;
using Deduplication = AddKeyOptions::Deduplication;

class KeysTest : public EngineTest {
 protected:
  KeysTest() {
    make_tree();
    create();
  }
  std::string add(SlotRole role, std::string_view with,
                  Deduplication deduplication = Deduplication::own) {
    return must(add_key(open()->repository(), bytes(passphrase), bytes(with),
                        {.role = role, .label = "added", .deduplication = deduplication}));
  }
  std::vector<KeySlot> keys(std::string_view with = passphrase) {
    return must(list_keys(open(with)->repository(), bytes(with)));
  }
  std::string full_slot() {
    for (const auto& key : keys()) {
      if (key.info.role == SlotRole::full) return key.id;
    }
    return {};
  }
  ErrorCode restore_code(Location& at) {
    const source::FilesRestoreOptions options{.target = root() + "/refused"};
    const auto result = engine::restore(at.repository(), "latest", options, {}, {});
    EXPECT_FALSE(std::filesystem::exists(options.target));
    return result.error().code();
  }
};

TEST_F(KeysTest, ListsItsSlotsAndSaysWhichIsMine) {
  const auto added = add(SlotRole::reader, "reads");
  const auto slots = keys();
  ASSERT_EQ(slots.size(), 2U);
  for (const auto& slot : slots) {
    const bool is_added = slot.id == added;
    EXPECT_EQ(slot.is_current, !is_added);
    EXPECT_EQ(slot.info.role, is_added ? SlotRole::reader : SlotRole::full);
    EXPECT_EQ(slot.info.label, is_added ? "added" : "first");
    EXPECT_EQ(slot.info.cost.memory_kib, 8U * 1024) << "the new slot costs what mine costs";
  }
  const auto read = must(list_keys(open("reads")->repository(), bytes("reads")));
  EXPECT_EQ(read.size(), 2U);
}

TEST_F(KeysTest, DamagedSlotsAreLeftOutAndNamed) {
  const auto added = add(SlotRole::reader, "reads");
  const auto at = open();
  flip_byte("keys/" + added, 10);
  std::vector<std::string> damaged;
  const auto slots = must(list_keys(at->repository(), bytes(passphrase), &damaged));
  EXPECT_EQ(slots.size(), 1U);
  ASSERT_EQ(damaged.size(), 1U);
  EXPECT_NE(damaged[0].find(added), std::string::npos);
}

// The point of write-only clients: whoever breaks into the machine can neither read nor delete.
TEST_F(KeysTest, AWriterBacksUpAgainAndAgainAndReadsNothing) {
  (void)back_up(*open());
  (void)add(SlotRole::writer, "writes");
  let_it_settle();
  const auto writer = open("writes", "writer");
  auto& repository = writer->repository();
  EXPECT_FALSE(repository.keys().reader.has_value());
  EXPECT_FALSE(repository.keys().admin.has_value());

  const auto first = back_up(*writer);
  EXPECT_FALSE(first.parent);
  EXPECT_GE(first.bytes_new, 370'011U) << "a domain of its own deduplicates alone";
  const auto second = back_up(*open("writes", "writer"));
  EXPECT_EQ(second.parent, first.snapshot);
  EXPECT_EQ(second.capture.bytes_read, 0U) << "incremental from its own cache";
  EXPECT_LT(second.bytes_new, 10'000U) << "nothing but perhaps the directory above";

  const auto list = must(repository::list_snapshots(repository));
  EXPECT_EQ(list.snapshots.size(), 2U) << "its own";
  EXPECT_TRUE(list.damaged.empty());
  EXPECT_EQ(restore_code(*writer), ErrorCode::permission_denied);
  EXPECT_EQ(repository::forget_snapshot(repository, list.snapshots[0]).error().code(),
            ErrorCode::permission_denied);
  EXPECT_EQ(repository::read_detail(repository, list.snapshots[0].id).error().code(),
            ErrorCode::permission_denied);

  // What it wrote is restored by who may read.
  const auto at = open();
  EXPECT_EQ(must(repository::list_snapshots(at->repository())).snapshots.size(), 3U);
  EXPECT_TRUE(differences(files(), restored(*at, base::to_hex(*second.snapshot))).empty());
}

TEST_F(KeysTest, AWriterWithoutItsCacheReadsEverythingAgainAndStoresNothingTwice) {
  (void)add(SlotRole::writer, "writes");
  let_it_settle();
  (void)back_up(*open("writes", "writer"));
  std::filesystem::remove_all(location("writer").cache_directory);
  const auto again = back_up(*open("writes", "writer"));
  EXPECT_FALSE(again.parent);
  EXPECT_GE(again.capture.bytes_read, 370'011U);
  EXPECT_LT(again.bytes_new, 10'000U) << "its own segments are readable to it";
}

TEST_F(KeysTest, AWriterThatSharesDeduplicatesOnlyAgainstWhatItMayTrust) {
  (void)back_up(*open());
  (void)add(SlotRole::writer, "shares", Deduplication::shared);
  const auto writer = open("shares", "writer");
  EXPECT_EQ(writer->repository().own_domain().id(), open()->repository().own_domain().id());
  const auto report = back_up(*writer);
  EXPECT_GE(report.bytes_new, 370'011U)
      << "chunks that another writer, not vouched for, claims to have stored aren't relied on";
  EXPECT_TRUE(differences(files(), restored(*open())).empty());
}

TEST_F(KeysTest, AReaderRestoresAndWritesNothing) {
  (void)back_up(*open());
  (void)add(SlotRole::reader, "reads");
  const auto reader = open("reads", "reader");
  EXPECT_TRUE(differences(files(), restored(*reader)).empty());
  const auto before = objects("");
  EXPECT_EQ(engine::back_up(reader->repository(), backup_options(), {}, {}).error().code(),
            ErrorCode::permission_denied);
  EXPECT_EQ(objects(""), before);
}

TEST_F(KeysTest, OnlyAFullKeyAddsAndRemoves) {
  const auto reader = add(SlotRole::reader, "reads");
  (void)add(SlotRole::writer, "writes");
  for (const std::string_view with : {"reads", "writes"}) {
    const auto at = open(with);
    EXPECT_EQ(add_key(at->repository(), bytes(with), bytes("more"), {}).error().code(),
              ErrorCode::permission_denied);
    EXPECT_EQ(remove_key(at->repository(), reader).error().code(), ErrorCode::permission_denied);
  }
  EXPECT_EQ(keys().size(), 3U);
}

TEST_F(KeysTest, ASecondFullKeyIsAsGoodAsTheFirst) {
  (void)back_up(*open());
  (void)add(SlotRole::full, "second");
  const auto first = full_slot();
  const auto at = open("second", "b");
  EXPECT_TRUE(differences(files(), restored(*at)).empty());
  for (const auto& key : keys("second")) {
    if (!key.is_current) EXPECT_EQ(must(remove_key(at->repository(), key.id)), key.id);
  }
  EXPECT_EQ(Location::open(location(), bytes(passphrase)).error().code(), ErrorCode::wrong_key);
  EXPECT_EQ(keys("second").size(), 1U);
}

TEST_F(KeysTest, TheLastFullSlotStays) {
  (void)add(SlotRole::reader, "reads");
  (void)add(SlotRole::writer, "writes");
  const auto at = open();
  const auto removed = remove_key(at->repository(), full_slot());
  ASSERT_FALSE(removed.ok());
  EXPECT_EQ(removed.error().code(), ErrorCode::conflict);
  EXPECT_EQ(removed.error().retry(), base::Retry::never);
  EXPECT_FALSE(removed.error().hint().empty());
  EXPECT_EQ(keys().size(), 3U);
}

TEST_F(KeysTest, RemovesByPrefix) {
  const auto added = add(SlotRole::reader, "reads");
  const auto at = open();
  EXPECT_EQ(remove_key(at->repository(), added.substr(0, 3)).error().code(), ErrorCode::not_found)
      << "too short";
  EXPECT_EQ(remove_key(at->repository(), "").error().code(), ErrorCode::not_found);
  EXPECT_EQ(remove_key(at->repository(), "00000000").error().code(), ErrorCode::not_found);
  EXPECT_EQ(must(remove_key(at->repository(), added.substr(0, 8))), added);
  EXPECT_EQ(Location::open(location(), bytes("reads")).error().code(), ErrorCode::wrong_key);
}

TEST_F(KeysTest, AddingNeedsThePassphraseAgain) {
  EXPECT_EQ(add_key(open()->repository(), bytes("wrong"), bytes("new"), {}).error().code(),
            ErrorCode::wrong_key);
  EXPECT_EQ(keys().size(), 1U);
}

TEST_F(KeysTest, AChangedPasswordMakesTheOldOneUseless) {
  (void)back_up(*open());
  const auto old = full_slot();
  const auto id = must(change_password(open()->repository(), bytes(passphrase), bytes("fresh")));
  EXPECT_NE(id, old);
  EXPECT_EQ(Location::open(location(), bytes(passphrase)).error().code(), ErrorCode::wrong_key);
  const auto slots = keys("fresh");
  ASSERT_EQ(slots.size(), 1U);
  EXPECT_EQ(slots[0].info.role, SlotRole::full);
  EXPECT_EQ(slots[0].info.label, "first");
  EXPECT_TRUE(differences(files(), restored(*open("fresh"))).empty());
  EXPECT_EQ(change_password(open("fresh")->repository(), bytes("wrong"), bytes("x")).error().code(),
            ErrorCode::wrong_key);
}

TEST_F(KeysTest, AWriterChangesItsOwnPassword) {
  (void)add(SlotRole::writer, "writes");
  let_it_settle();
  const auto first = back_up(*open("writes", "writer"));
  (void)must(
      change_password(open("writes", "writer")->repository(), bytes("writes"), bytes("changed")));
  const auto second = back_up(*open("changed", "writer"));
  EXPECT_EQ(second.parent, first.snapshot);
  EXPECT_EQ(second.capture.bytes_read, 0U);
  EXPECT_EQ(keys().size(), 2U);
}

TEST_F(KeysTest, NoSecretIsInAnyObject) {
  (void)add(SlotRole::writer, "a passphrase for writing");
  (void)back_up(*open());
  const auto at = open();
  const auto& keyring = at->repository().keys();
  const std::vector<std::string> secrets = {
      std::string(base::as_text(keyring.reader->private_key.view())),
      std::string(base::as_text(keyring.admin->seed())),
      std::string(base::as_text(keyring.writer->seed())),
      std::string(base::as_text(keyring.id_key.view())),
      std::string(passphrase),
      "a passphrase for writing"};
  for (const auto& name : objects("")) {
    const auto object = must(at->repository().storage().get(name, 1 << 20));
    for (const auto& secret : secrets) {
      EXPECT_EQ(base::as_text(object).find(secret), std::string_view::npos) << name;
    }
    for (const std::string_view plain : {"a few bytes", "below", "line 17"}) {
      EXPECT_EQ(base::as_text(object).find(plain), std::string_view::npos)
          << name << " shows contents or names";
    }
  }
}

// What one key may not rely on is no reason for another's to pass it over.
TEST_F(KeysTest, AMachineThatWasUsedWithAWritersKeyRestoresEverythingWithAReaders) {
  (void)back_up(*open());
  (void)add(SlotRole::writer, "writes");
  const auto writer = open("writes", "shared");
  (void)must(verify(writer->repository(), Level::present, std::nullopt, {}, {}));
  EXPECT_TRUE(differences(files(), restored(*open(passphrase, "shared"))).empty());
}

TEST_F(KeysTest, WhatANewMachineStoredIsReadAfterAProcessThatDidNotKnowIt) {
  const auto before = open();
  (void)add(SlotRole::writer, "writes");
  (void)back_up(*open("writes", "writer"));
  std::vector<repository::IgnoredObject> ignored;
  (void)must(before->repository().refresh_index(repository::Repository::Segments::all, &ignored));
  EXPECT_FALSE(ignored.empty());
  EXPECT_TRUE(differences(files(), restored(*open())).empty());
}

TEST_F(KeysTest, WritersThatShareAMachineTrustTheirOwnSegmentsOnly) {
  (void)add(SlotRole::writer, "one", Deduplication::shared);
  (void)add(SlotRole::writer, "two", Deduplication::shared);
  let_it_settle();
  (void)back_up(*open("one", "shared"));
  EXPECT_GE(back_up(*open("two", "shared")).bytes_new, 370'011U);
}

TEST_F(KeysTest, WhoWasEnrolledWhileAPruneRunsIsKnownToIt) {
  (void)back_up(*open());
  const auto pruning = open();
  (void)add(SlotRole::writer, "writes");
  (void)back_up(*open("writes", "writer"));
  const auto report =
      must(repository::prune(pruning->repository(), {}, repository::PruneRun::real, {}, {}));
  EXPECT_EQ(report.snapshots, 2U);
  EXPECT_TRUE(report.ignored.empty());
}

// The same rights as a passphrase gives, without anybody's passphrase.
class IdentityTest : public KeysTest {
 protected:
  IdentityTest() {
    base::SeededRandom random(1);
    identity_ = codec::make_box_key_pair(random);
    const auto file = repository::format_identity_file(identity_);
    text_ = base::as_text(file.view());
  }
  std::string add_for_it(SlotRole role) {
    return must(add_key_for(open()->repository(), bytes(passphrase), identity_.public_key,
                            {.role = role, .label = "machine"}));
  }

  codec::BoxKeyPair identity_;
  std::string text_;
};

TEST_F(IdentityTest, OpensTheSlotThatWasMadeForItsRecipient) {
  (void)back_up(*open());
  EXPECT_EQ(Location::open(location(), bytes(text_)).error().code(), ErrorCode::wrong_key);
  const auto id = add_for_it(SlotRole::full);
  EXPECT_TRUE(differences(files(), restored(*open(text_, "b"))).empty());
  for (const auto& key : keys(text_)) {
    EXPECT_EQ(key.is_current, key.id == id);
    if (key.id != id) continue;
    EXPECT_EQ(key.info.type, repository::SlotType::recipient);
    EXPECT_EQ(key.info.recipient, identity_.public_key);
    EXPECT_EQ(key.info.label, "machine");
  }
}

TEST_F(IdentityTest, AsAWriterItBacksUpAndReadsNothing) {
  (void)add_for_it(SlotRole::writer);
  let_it_settle();
  const auto first = back_up(*open(text_, "writer"));
  const auto second = back_up(*open(text_, "writer"));
  EXPECT_EQ(second.parent, first.snapshot);
  EXPECT_EQ(second.capture.bytes_read, 0U);
  EXPECT_EQ(restore_code(*open(text_, "writer")), ErrorCode::permission_denied);
  EXPECT_TRUE(differences(files(), restored(*open(), base::to_hex(*second.snapshot))).empty());
}

TEST_F(IdentityTest, AsAReaderItRestoresAndWritesNothing) {
  (void)back_up(*open());
  (void)add_for_it(SlotRole::reader);
  const auto reader = open(text_, "reader");
  EXPECT_TRUE(differences(files(), restored(*reader)).empty());
  EXPECT_EQ(engine::back_up(reader->repository(), backup_options(), {}, {}).error().code(),
            ErrorCode::permission_denied);
}

TEST_F(IdentityTest, WithFullRightsItStandsInForThePassphrase) {
  (void)add_for_it(SlotRole::full);
  const auto at = open(text_);
  (void)must(add_key(at->repository(), bytes(text_), bytes("another"), {.role = SlotRole::full}));
  std::size_t removed = 0;
  const auto all = must(list_keys(at->repository(), bytes(text_)));
  for (const auto& key : all) {
    if (key.is_current) continue;
    (void)must(remove_key(at->repository(), removed++ == 0 ? key.id : key.id.substr(0, 8)));
  }
  const auto left = must(list_keys(at->repository(), bytes(text_)));
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(remove_key(at->repository(), left[0].id).error().code(), ErrorCode::conflict);
}

// Which of two opened would be left to the order of their names.
TEST_F(IdentityTest, ARecipientHasOneSlot) {
  const auto id = add_for_it(SlotRole::writer);
  const auto before = objects("");
  const auto again = add_key_for(open()->repository(), bytes(passphrase), identity_.public_key,
                                 {.role = SlotRole::full});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), ErrorCode::already_exists);
  EXPECT_NE(again.error().hint().find(id.substr(0, 8)), std::string::npos);
  EXPECT_EQ(add_key(open()->repository(), bytes(passphrase), bytes(text_), {}).error().code(),
            ErrorCode::already_exists)
      << "its identity as the new passphrase is the same";
  EXPECT_EQ(objects(""), before) << "nothing was enrolled";
  (void)must(remove_key(open()->repository(), id));
  EXPECT_EQ(Location::open(location(), bytes(text_)).error().code(), ErrorCode::wrong_key);
  (void)add_for_it(SlotRole::full);
  EXPECT_TRUE(open(text_)->repository().keys().admin.has_value());
}

TEST_F(IdentityTest, HasNoPasswordToChange) {
  (void)add_for_it(SlotRole::full);
  const auto before = objects("");
  for (const auto& [old_one, new_one] :
       {std::pair<std::string, std::string>{text_, "fresh"}, {passphrase, text_}}) {
    const auto changed =
        change_password(open(old_one)->repository(), bytes(old_one), bytes(new_one));
    ASSERT_FALSE(changed.ok());
    EXPECT_EQ(changed.error().code(), ErrorCode::invalid_argument);
    EXPECT_NE(changed.error().hint().find("key generate"), std::string::npos);
  }
  EXPECT_EQ(objects(""), before);
}

TEST_F(IdentityTest, ARepositoryCanBeginWithOne) {
  auto other = location();
  other.url = root() + "/other";
  (void)must(Location::create(other, small_repository(), bytes(text_)));
  EXPECT_EQ(Location::open(other, bytes(passphrase)).error().code(), ErrorCode::wrong_key);
  EXPECT_TRUE(must(Location::open(other, bytes(text_)))->repository().keys().admin.has_value());
}

// A slip of the finger must not become the passphrase of a new repository.
TEST_F(IdentityTest, ADamagedOneMakesAndOpensNothing) {
  auto wrong = text_;
  wrong[30] = wrong[30] == 'a' ? 'b' : 'a';
  auto other = location();
  other.url = root() + "/other";
  EXPECT_EQ(Location::create(other, small_repository(), bytes(wrong)).error().code(),
            ErrorCode::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(root() + "/other/keys"));
  EXPECT_EQ(Location::open(location(), bytes(wrong)).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(add_key(open()->repository(), bytes(passphrase), bytes(wrong), {}).error().code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(keys().size(), 1U);
}

TEST_F(IdentityTest, OnlyAFullKeyAddsOne) {
  (void)add(SlotRole::reader, "reads");
  const auto at = open("reads");
  EXPECT_EQ(add_key_for(at->repository(), bytes("reads"), identity_.public_key, {}).error().code(),
            ErrorCode::permission_denied);
}

// A machine whose enrolment can't be read is a machine, not nobody: what it stored stays.
class DamagedRosterTest : public KeysTest {
 protected:
  DamagedRosterTest() {
    first_ = *back_up(*open()).snapshot;
    (void)add(SlotRole::writer, "writes");
    (void)back_up(*open("writes", "writer"));
    // Old enough for a prune to take what belongs to nobody.
    const auto then = std::filesystem::file_time_type::clock::now() - std::chrono::days(3);
    for (const auto& name : packs()) std::filesystem::last_write_time(object_path(name), then);
    packs_ = packs();
    EXPECT_EQ(objects("roster").size(), 2U);
    newest_ = objects("roster").back();
    flip_byte(newest_, 90);
  }
  [[nodiscard]] std::vector<std::string> packs() const {
    auto names = objects("data");
    for (const auto& name : objects("tree")) names.push_back(name);
    return names;
  }
  // An administrator's, who was never here before.
  [[nodiscard]] std::unique_ptr<Location> open_elsewhere() const {
    return open(passphrase, "elsewhere");
  }
  void expect_all_there() {
    EXPECT_EQ(packs(), packs_);
    EXPECT_EQ(objects("snapshots").size(), 2U);
    EXPECT_EQ(objects("roster").size(), 2U);
    flip_byte(newest_, 90);
    const auto report =
        must(verify(open(passphrase, "again")->repository(), Level::sound, std::nullopt, {}, {}));
    EXPECT_EQ(report.damage_count, 0U);
    EXPECT_EQ(report.unchecked_count, 0U);
    EXPECT_EQ(report.snapshots, 2U);
  }

  repository::ObjectHash first_{};
  std::string newest_;
  std::vector<std::string> packs_;
};

TEST_F(DamagedRosterTest, APruneRefuses) {
  for (const auto run : {repository::PruneRun::dry, repository::PruneRun::real}) {
    const auto at = open_elsewhere();
    const auto report = repository::prune(at->repository(), {}, run, {}, {});
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code(), ErrorCode::damaged);
    EXPECT_NE(report.error().message().find(newest_), std::string::npos);
    EXPECT_FALSE(report.error().hint().empty());
  }
  expect_all_there();
}

TEST_F(DamagedRosterTest, ARepairRefuses) {
  const auto report = repository::repair(open_elsewhere()->repository(), {}, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), ErrorCode::damaged);
  EXPECT_EQ(repository::rebuild_index(open_elsewhere()->repository(), {}, {}).error().code(),
            ErrorCode::damaged);
  expect_all_there();
}

TEST_F(DamagedRosterTest, NobodyIsEnrolledOrForgotten) {
  const auto at = open_elsewhere();
  EXPECT_EQ(at->repository().write_roster(at->repository().roster().writers).error().code(),
            ErrorCode::damaged)
      << "the next roster would leave out who is on the damaged one";
  const auto list = must(repository::list_snapshots(at->repository()));
  EXPECT_EQ(repository::forget_snapshot(at->repository(), list.snapshots.at(0)).error().code(),
            ErrorCode::damaged)
      << "a machine that isn't known here may hold it";
  expect_all_there();
}

TEST_F(DamagedRosterTest, RestoresGoOnWhereverTheyAreMade) {
  for (const std::string machine : {"a", "elsewhere"}) {
    const auto at = open(passphrase, machine);
    EXPECT_TRUE(differences(files(), restored(*at, base::to_hex(first_), machine)).empty());
  }
}

TEST_F(DamagedRosterTest, AVerificationNamesIt) {
  for (const auto level : {Level::present, Level::intact, Level::sound}) {
    const auto report = must(verify(open_elsewhere()->repository(), level, std::nullopt, {}, {}));
    const auto named =
        std::count_if(report.findings.begin(), report.findings.end(), [&](const Finding& each) {
          return each.object == newest_ && each.kind == Finding::Kind::damage;
        });
    EXPECT_EQ(named, 1) << level_name(level);
  }
}

}  // namespace
}  // namespace holdfast::engine
