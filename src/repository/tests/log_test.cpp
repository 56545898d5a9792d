// Pieces of logs: stored, listed, read; damaged and foreign ones are told apart.
#include "repository/log.hpp"

#include <gtest/gtest.h>

#include "repository/object_name.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

class LogTest : public testing::Test {
 protected:
  LogHead head(std::uint64_t start, std::uint64_t end) const {
    LogHead made;
    made.stream = "database/1";
    made.lineage = 1;
    made.start = start;
    made.end = end;
    made.marks = {{.position = start, .at = {5}}, {.position = end, .at = {9}}};
    made.resume = noise(1, 7);
    return made;
  }

  TestRepository test;
  std::unique_ptr<Repository> repository = test.open();
};

TEST_F(LogTest, WhatIsStoredIsListedAndRead) {
  const auto bytes = noise(1, 100'000);
  const auto stored = must(store_log_piece(*repository, head(50, 100'050), bytes));
  must(store_log_piece(*repository, head(100'050, 100'050), {}));
  auto other = head(0, 0);
  other.stream = "database/2";
  must(store_log_piece(*repository, other, {}));

  const auto listed = must(list_log(*repository, "database/1"));
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].name, stored.name);
  EXPECT_EQ(listed[0].start, 50U);
  EXPECT_EQ(listed[0].end, 100'050U);
  EXPECT_EQ(listed[0].lineage, 1U);
  EXPECT_EQ(listed[0].size, stored.size);
  const auto read = must(read_log_piece(*repository, listed[0]));
  EXPECT_EQ(read.content, bytes);
  EXPECT_EQ(read.head.marks, head(50, 100'050).marks);
  EXPECT_EQ(read.head.resume, noise(1, 7));
  EXPECT_EQ(must(read_log_head(*repository, listed[1])).end, 100'050U);
  EXPECT_EQ(must(list_streams(*repository)),
            (std::vector<std::string>{"database/1", "database/2"}));
}

TEST_F(LogTest, TextShrinksOnStorage) {
  const base::Bytes zeros(1 << 20);
  const auto stored = must(store_log_piece(*repository, head(0, 1 << 20), zeros));
  EXPECT_LT(stored.size, 10'000U);
  EXPECT_EQ(must(read_log_piece(*repository, stored)).content, zeros);
}

TEST_F(LogTest, HowALineageBeganIsAPieceToo) {
  LogHead fork;
  fork.stream = "database/1";
  fork.kind = LogKind::lineage;
  fork.lineage = 2;
  fork.start = fork.end = fork.fork = 77;
  fork.parent = 1;
  must(store_log_piece(*repository, fork, base::as_bytes("1\t0/4D\tno reason\n")));
  const auto listed = must(list_log(*repository, "database/1"));
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].kind, LogKind::lineage);
  const auto read = must(read_log_piece(*repository, listed[0]));
  EXPECT_EQ(base::as_text(read.content), "1\t0/4D\tno reason\n");
  EXPECT_EQ(read.head.parent, 1U);
}

TEST_F(LogTest, DamageIsSeenAndNotTakenForAbsence) {
  const auto stored = must(store_log_piece(*repository, head(0, 1000), noise(1, 1000)));
  must(test.storage.damage(stored.name,
                           [](base::Bytes& bytes) { bytes.at(bytes.size() / 2) ^= 1; }));
  EXPECT_EQ(read_log_piece(*repository, stored).error().code(), base::ErrorCode::damaged);
}

TEST_F(LogTest, ANameThatLiesIsDamage) {
  auto stored = must(store_log_piece(*repository, head(0, 1000), noise(1, 1000)));
  const auto bytes = must(test.storage.get(stored.name, log_piece_max));
  auto lie = head(1000, 2000);
  const auto prefix = log_piece_prefix(stored.stream, lie);
  const auto object = must(put_object(test.storage, prefix, bytes));
  stored.name = object_name(prefix, object.hash);
  stored.start = 1000;
  stored.end = 2000;
  EXPECT_EQ(read_log_piece(*repository, stored).error().code(), base::ErrorCode::damaged);
}

// Anybody who may put an object can call it a piece. It covers nothing, ends nothing, and nothing
// is removed for its sake.
TEST_F(LogTest, AForgedPieceTakesNobodysPlace) {
  const auto first = must(store_log_piece(*repository, head(0, 1000), noise(1, 1000)));
  must(store_log_piece(*repository, head(1000, 2000), noise(2, 1000)));
  const codec::SigningKey burglar(test.random.array<32>());
  const auto lie = head(0, 5000);
  const auto object = sign_object(log_magic, repository->id(), burglar, base::as_bytes("forged"));
  must(put_object(test.storage, log_piece_prefix(first.stream, lie), object));
  LogMap map(must(list_log(*repository, "database/1")));
  EXPECT_EQ(map.newest()->end, 5000U);  // by the names
  EXPECT_EQ(map.covered().size(), 2U);
  EXPECT_TRUE(must(replaced_pieces(*repository, map)).empty());
  const auto last = must(last_head(*repository, map, 1, 5000));
  ASSERT_TRUE(last);
  EXPECT_EQ(last->end, 2000U);
  EXPECT_EQ(map.newest()->end, 2000U);
  EXPECT_FALSE(must(last_head(*repository, map, 2, 5000)));
}

TEST_F(LogTest, AWholePieceReplacesWhatItCovers) {
  must(store_log_piece(*repository, head(0, 1000), noise(1, 1000)));
  must(store_log_piece(*repository, head(0, 2000), noise(1, 2000)));
  const auto replaced =
      must(replaced_pieces(*repository, LogMap(must(list_log(*repository, "database/1")))));
  ASSERT_EQ(replaced.size(), 1U);
  EXPECT_EQ(replaced[0].end, 1000U);
}

TEST_F(LogTest, ForeignNamesArePassedOver) {
  const auto stored = must(store_log_piece(*repository, head(0, 10), noise(1, 10)));
  for (const auto& name :
       {log_stream_prefix(stored.stream) + "readme", std::string("log/x"),
        log_stream_prefix(stored.stream) + "3-00000001-0000000000000000-0000000000000000-" +
            std::string(64, '0'),
        log_stream_prefix(stored.stream) + "1-00000001-0000000000000002-0000000000000001-" +
            std::string(64, '0')}) {
    auto upload = must(test.storage.begin_put());
    must(upload->append(base::as_bytes("x")));
    must(upload->commit(name, {}));
  }
  EXPECT_EQ(must(list_log(*repository, "database/1")).size(), 1U);
}

}  // namespace
}  // namespace holdfast::repository
