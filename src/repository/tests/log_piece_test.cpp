// The encoding of pieces: every byte that is cut off or changed is noticed.
#include "repository/log_piece.hpp"

#include <gtest/gtest.h>

#include "repository_fixture.hpp"

namespace holdfast::repository {
namespace {

class LogPieceTest : public testing::Test {
 protected:
  base::Bytes encode(const LogHead& head, base::ByteView content) {
    return encode_log_piece(repository->id(), repository->own_domain(),
                            repository->config().box_public_key, head, content, test.random);
  }
  base::Result<LogContent> decode(base::ByteView body) {
    return decode_log_piece(repository->id(), repository->own_domain(), *repository->keys().reader,
                            body);
  }

  TestRepository test;
  std::unique_ptr<Repository> repository = test.open();
  LogHead head{.stream = "s", .lineage = 3, .start = 10, .end = 110};
};

TEST_F(LogPieceTest, ComesBack) {
  const auto content = noise(3, 100);
  const auto made = must(decode(encode(head, content)));
  EXPECT_EQ(made.content, content);
  EXPECT_EQ(made.head.stream, "s");
  EXPECT_EQ(made.head.lineage, 3U);
}

TEST_F(LogPieceTest, CutOrChangedItIsDamaged) {
  const auto body = encode(head, noise(3, 100));
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode(base::ByteView(body).first(size)).ok()) << size;
  }
  for (std::size_t at = 16; at < body.size(); ++at) {
    auto changed = body;
    changed[at] ^= 1;
    EXPECT_FALSE(decode(changed).ok()) << at;
  }
}

TEST_F(LogPieceTest, MarksLieWithin) {
  head.marks = {{.position = 111, .at = {}}};
  EXPECT_EQ(decode(encode(head, noise(3, 100))).error().code(), base::ErrorCode::damaged);
  head.marks = {{.position = 50, .at = {}}, {.position = 40, .at = {}}};
  EXPECT_EQ(decode(encode(head, noise(3, 100))).error().code(), base::ErrorCode::damaged);
}

TEST_F(LogPieceTest, ContentOfAnotherLengthIsDamaged) {
  EXPECT_EQ(decode(encode(head, noise(3, 99))).error().code(), base::ErrorCode::damaged);
}

TEST_F(LogPieceTest, TheNameSaysWhereItLies) {
  const ShortId stream{1, 2, 3};
  const auto prefix = log_piece_prefix(stream, head);
  EXPECT_EQ(prefix,
            "log/01020300000000000000000000000000/1-00000003-000000000000000a-000000000000006e-");
  const auto piece =
      parse_log_piece({.name = prefix + std::string(64, 'a'), .size = 5, .stored_at = {7}});
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->stream, stream);
  EXPECT_EQ(piece->start, 10U);
  EXPECT_EQ(piece->end, 110U);
  EXPECT_EQ(piece->stored_at, base::Time{7});
}

}  // namespace
}  // namespace holdfast::repository
