// Opening: who gets in, with what, and what is refused.
#include "repository/repository.hpp"

#include <gtest/gtest.h>

#include "repository/object_name.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

base::ErrorCode open_code(TestRepository& test, std::string_view passphrase = "test passphrase") {
  const auto opened = Repository::open(test.environment("z"), base::as_bytes(passphrase));
  return opened.ok() ? base::ErrorCode::internal : opened.error().code();
}

TEST(Repository, AFullSlotMayDoEverything) {
  TestRepository test;
  const auto repository = test.open();
  EXPECT_TRUE(repository->keys().reader && repository->keys().writer && repository->keys().admin);
  EXPECT_EQ(repository->own_domain().id(), repository->keys().domain);
}

TEST(Repository, AWrongPassphraseOpensNothing) {
  TestRepository test;
  EXPECT_EQ(open_code(test, "wrong"), base::ErrorCode::wrong_key);
  EXPECT_EQ(open_code(test, ""), base::ErrorCode::wrong_key);
}

TEST(Repository, AnEmptyPlaceIsNoRepository) {
  TestRepository test;
  storage::MemoryStorage empty(test.clock);
  Environment environment = test.environment();
  const auto opened =
      Repository::open({empty, environment.files, environment.executor, environment.clock,
                        environment.random, environment.cache_directory},
                       TestRepository::passphrase());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), base::ErrorCode::not_found);
}

TEST(Repository, IsNotMadeTwice) {
  TestRepository test;
  const auto again = Repository::create(test.environment(), {}, TestRepository::passphrase());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), base::ErrorCode::already_exists);
}

TEST(Repository, ADamagedConfigIsNamed) {
  TestRepository test;
  const auto name = must(test.storage.list_all(config_prefix)).at(0).name;
  must(test.storage.damage(name, [](base::Bytes& bytes) { bytes[40] ^= 1; }));
  EXPECT_EQ(open_code(test), base::ErrorCode::damaged);
}

TEST(Repository, EveryFlippedBitOfAKeySlotIsNoticed) {
  TestRepository test;
  const auto name = must(test.storage.list_all(keys_prefix)).at(0).name;
  for (std::size_t at = 0; at < 300; at += 37) {
    const auto flip = [at](base::Bytes& bytes) { bytes[at % bytes.size()] ^= 0x10; };
    must(test.storage.damage(name, flip));
    EXPECT_NE(open_code(test), base::ErrorCode::internal) << "byte " << at;
    must(test.storage.damage(name, flip));
  }
  EXPECT_EQ(open_code(test), base::ErrorCode::internal);
}

TEST(Repository, AnOlderRosterIsRefusedWhereANewerOneWasSeen) {
  TestRepository test;
  auto repository = test.open();
  must(repository->write_roster(repository->roster().writers));
  const auto rosters = must(test.storage.list_all(roster_prefix));
  ASSERT_EQ(rosters.size(), 2U);
  const std::vector<std::string> newest{rosters[1].name};
  (void)must(test.storage.remove(newest));
  const auto opened = Repository::open(test.environment("a"), TestRepository::passphrase());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), base::ErrorCode::damaged);
}

TEST(Repository, WhatAnybodyPutsAmongTheRostersStopsNothing) {
  TestRepository test;
  auto repository = test.open();
  const codec::SigningKey stranger(test.random.array<32>());
  (void)must(put_object(test.storage, numbered_prefix(roster_prefix, 7),
                        sign_object(roster_magic, repository->id(), stranger,
                                    encode_roster({.sequence = 7, .writers = {}}))));
  must(test.storage.put("roster/readme", base::as_bytes("x")));
  repository = test.open("fresh");
  EXPECT_EQ(repository->roster().sequence, 1U);
  must(repository->write_roster(repository->roster().writers));
  EXPECT_EQ(test.open("another")->roster().sequence, 2U);
}

TEST(Repository, ASegmentOfAnotherWriterIsReadButNotTrusted) {
  TestRepository test;
  auto repository = test.open();
  const auto other_seed = test.random.array<32>();
  const codec::SigningKey other(other_seed);
  auto writers = repository->roster().writers;
  writers.push_back({.verify_key = other.verify_key(),
                     .domain = repository->keys().domain,
                     .sealed_id_key = writers[0].sealed_id_key,
                     .created = {},
                     .label = "other"});
  must(repository->write_roster(writers));
  base::Bytes body;
  base::ByteWriter out(body);
  out.raw(repository->own_domain().id());
  repository->own_domain().seal_receipt(repository->id(), index_magic, encode_segment({}),
                                        test.random, out);
  const auto stored = must(put_object(test.storage, index_prefix,
                                      sign_object(index_magic, repository->id(), other, body)));
  EXPECT_TRUE(repository->read_segment(stored.hash, Repository::Segments::all).ok());
  const auto trusted = repository->read_segment(stored.hash, Repository::Segments::trusted);
  ASSERT_FALSE(trusted.ok());
  EXPECT_EQ(trusted.error().code(), base::ErrorCode::wrong_key);
}

TEST(Repository, StorageNowIsTheStoragesClock) {
  TestRepository test;
  auto repository = test.open();
  EXPECT_EQ(must(repository->storage_now()), test.clock.now());
  EXPECT_TRUE(must(test.storage.list_all(probe_prefix)).empty());
}

}  // namespace
}  // namespace holdfast::repository
