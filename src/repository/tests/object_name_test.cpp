// Names, and the one way to read an object: absence, damage and outage stay apart, older versions
// are seen through.
#include "repository/object_name.hpp"

#include <gtest/gtest.h>

#include "repository_fixture.hpp"
#include "storage/fault.hpp"

namespace holdfast::repository {
namespace {

using base::ErrorCode;

constexpr storage::Capabilities with_versions{
    .versions = true, .retention = false, .consistent = true};

class ObjectName : public testing::Test {
 protected:
  TestClock clock_;
  storage::MemoryStorage plain_{clock_};
  storage::MemoryStorage versioned_{clock_, {.capabilities = with_versions, .capacity = {}}};
};

ObjectHash any_hash() {
  ObjectHash hash;
  for (std::size_t i = 0; i < hash.size(); ++i) hash[i] = static_cast<base::Byte>(0xa0 + i);
  return hash;
}

TEST_F(ObjectName, Names) {
  const auto hash = any_hash();
  const auto hex = base::to_hex(hash);
  EXPECT_EQ(object_name(index_prefix, hash), "index/" + hex);
  EXPECT_EQ(pack_object_name(ChunkType::data, hash), "data/a0/" + hex);
  EXPECT_EQ(pack_object_name(ChunkType::tree, hash), "tree/a0/" + hex);
  EXPECT_EQ(numbered_prefix(roster_prefix, 7), "roster/00000007-");
  EXPECT_EQ(numbered_prefix(roster_prefix, ~0U), "roster/4294967295-");
  EXPECT_EQ(short_name(hash), "a0a1a2a3a4");
  for (const auto& name : {object_name(index_prefix, hash), pack_object_name(ChunkType::data, hash),
                           numbered_prefix(roster_prefix, 7) + hex}) {
    EXPECT_EQ(hash_of_name(name), hash);
    EXPECT_TRUE(storage::is_valid_name(name));
  }
}

TEST_F(ObjectName, ForeignNames) {
  EXPECT_EQ(hash_of_name(""), std::nullopt);
  EXPECT_EQ(hash_of_name("index/readme"), std::nullopt);
  EXPECT_EQ(hash_of_name(std::string(63, 'a')), std::nullopt);
  EXPECT_EQ(hash_of_name("index/" + std::string(64, 'g')), std::nullopt);
  EXPECT_EQ(number_of_name("roster/00000012-ab", roster_prefix), 12U);
  EXPECT_EQ(number_of_name("roster/4294967296-ab", roster_prefix), std::nullopt);
  EXPECT_EQ(number_of_name("roster/12", roster_prefix), std::nullopt);
  EXPECT_EQ(number_of_name("roster/x-ab", roster_prefix), std::nullopt);
  EXPECT_EQ(number_of_name("keys/12-ab", roster_prefix), std::nullopt);
}

TEST_F(ObjectName, WhatIsPutIsGot) {
  const auto bytes = noise(1, 1000);
  const auto stored = must(put_object(plain_, notes_prefix, bytes));
  EXPECT_EQ(stored.hash, codec::sha256(bytes));
  EXPECT_EQ(stored.stored_at, clock_.now());
  EXPECT_EQ(must(get_object(plain_, object_name(notes_prefix, stored.hash), 1000)), bytes);
}

TEST_F(ObjectName, PuttingTwiceIsStoringOnceAndTellsWhen) {
  const auto bytes = noise(1, 10);
  const auto first = must(put_object(plain_, notes_prefix, bytes));
  clock_.advance(base::seconds(5));
  const auto second = must(put_object(plain_, notes_prefix, bytes));
  EXPECT_EQ(second.hash, first.hash);
  EXPECT_EQ(second.stored_at, first.stored_at);
  EXPECT_EQ(must(plain_.list_all(notes_prefix)).size(), 1U);
}

TEST_F(ObjectName, AbsenceDamageAndMisuse) {
  const auto name = object_name(notes_prefix, any_hash());
  EXPECT_EQ(get_object(plain_, name, 100).error().code(), ErrorCode::not_found);
  must(plain_.put(name, base::as_bytes("not those bytes")));
  const auto wrong = get_object(plain_, name, 100);
  EXPECT_EQ(wrong.error().code(), ErrorCode::damaged);
  EXPECT_NE(wrong.error().to_string().find(name), std::string::npos);
  EXPECT_FALSE(wrong.error().hint().empty());
  EXPECT_EQ(get_object(plain_, "notes/readme", 100).error().code(), ErrorCode::invalid_argument);
}

TEST_F(ObjectName, EveryFlippedByteIsDamaged) {
  const auto bytes = noise(1, 50);
  const auto name = object_name(notes_prefix, must(put_object(plain_, notes_prefix, bytes)).hash);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto flip = [i](base::Bytes& content) { content[i] ^= 1; };
    must(plain_.damage(name, flip));
    ASSERT_EQ(get_object(plain_, name, 100).error().code(), ErrorCode::damaged);
    must(plain_.damage(name, flip));
  }
  EXPECT_TRUE(get_object(plain_, name, 100).ok());
  EXPECT_EQ(get_object(plain_, name, 49).error().code(), ErrorCode::damaged) << "longer than asked";
}

TEST_F(ObjectName, AnOverwrittenObjectIsSeenThrough) {
  const auto bytes = noise(1, 50);
  const auto name =
      object_name(notes_prefix, must(put_object(versioned_, notes_prefix, bytes)).hash);
  const std::vector<std::string> names{name};
  (void)must(versioned_.remove(names));
  EXPECT_EQ(must(get_object(versioned_, name, 100)), bytes) << "under a delete marker";
  must(versioned_.put(name, base::as_bytes("forged")));
  EXPECT_EQ(must(get_object(versioned_, name, 100)), bytes) << "under a forged version";
  (void)must(versioned_.remove(names));
  must(versioned_.put(name, noise(2, 5000)));
  EXPECT_EQ(must(get_object(versioned_, name, 100)), bytes) << "under one that is too long";
}

TEST_F(ObjectName, NoVersionIsRight) {
  const auto name = object_name(notes_prefix, any_hash());
  must(versioned_.put(name, base::as_bytes("one")));
  const std::vector<std::string> names{name};
  (void)must(versioned_.remove(names));
  EXPECT_EQ(get_object(versioned_, name, 100).error().code(), ErrorCode::not_found);
  must(versioned_.put(name, base::as_bytes("two")));
  EXPECT_EQ(get_object(versioned_, name, 100).error().code(), ErrorCode::damaged);
}

TEST_F(ObjectName, AnOutageIsNeitherAbsenceNorDamage) {
  storage::FaultStorage broken(plain_, clock_, 1, {.unavailable_before = 1});
  const auto bytes = noise(1, 10);
  EXPECT_EQ(put_object(broken, notes_prefix, bytes).error().code(), ErrorCode::unavailable);
  const auto stored = must(put_object(plain_, notes_prefix, bytes));
  const auto name = object_name(notes_prefix, stored.hash);
  EXPECT_EQ(get_object(broken, name, 100).error().code(), ErrorCode::unavailable);
}

// The current version is forged, and the storage fails while older ones are looked at: nobody
// knows.
TEST_F(ObjectName, AnOutageBehindADamagedVersionIsAnOutage) {
  const auto bytes = noise(1, 50);
  const auto name =
      object_name(notes_prefix, must(put_object(versioned_, notes_prefix, bytes)).hash);
  const std::vector<std::string> names{name};
  (void)must(versioned_.remove(names));
  must(versioned_.put(name, base::as_bytes("forged")));
  for (const auto failing_call : {2U, 3U, 4U}) {
    storage::FaultStorage broken(versioned_, clock_, 1, {});
    storage::FaultOptions options;
    options.before_call = [&](const storage::FaultCall& call) {
      // Options hold from the next call on.
      if (call.number + 1 == failing_call) broken.set_options({.unavailable_before = 1});
    };
    broken.set_options(options);
    ASSERT_EQ(get_object(broken, name, 100).error().code(), ErrorCode::unavailable)
        << "call " << failing_call;
  }
}

}  // namespace
}  // namespace holdfast::repository
