// Retention of logs: the base and the clock must agree on what goes.
#include "../log_expiry.hpp"

#include "log_fixture.hpp"

namespace holdfast::engine {
namespace {

class LogExpiryTest : public LogTestBase {
 protected:
  LogExpiryReport expire(std::optional<base::Time> from) const {
    return expire_log(*test.workplace, component(), "ssd", repository(), list(), from, {}).value();
  }
  [[nodiscard]] std::vector<std::uint64_t> starts() const {
    std::vector<std::uint64_t> made;
    const auto left = pieces();
    for (const auto& piece : left) made.push_back(piece.start);
    return made;
  }
  using Starts = std::vector<std::uint64_t>;
};

TEST_F(LogExpiryTest, WhatLiesBeforeTheBaseGoes) {
  add_piece(0, 100, 1);
  add_piece(100, 200, 2);
  add_piece(200, 300, 3);
  add_base(150, 210);
  const auto began = list().snapshots.front().summary.started;
  add_piece(300, 400, 4);
  // The piece in which the base ended stays, and all after it.
  const auto report = expire(std::min(began, list().snapshots.front().stored_at));
  EXPECT_EQ(report.pieces, 2U);
  EXPECT_EQ(starts(), (Starts{200, 300}));
  const auto evidence = test.catalog->evidence().list(0, 100).value();
  EXPECT_EQ(evidence.back().kind, "deletion");
}

TEST_F(LogExpiryTest, WithoutABaseFromThenOnAllOfItStays) {
  add_base(50, 60);
  add_piece(0, 100, 1);
  EXPECT_EQ(expire(test.clock.now() + base::hours(1)).pieces, 0U);
  EXPECT_EQ(expire(std::nullopt).pieces, 0U);
  EXPECT_EQ(starts(), (Starts{0}));
}

TEST_F(LogExpiryTest, WhatALongerPieceHoldsGoesAnyhow) {
  add_piece(0, 50, 1);
  add_piece(50, 100, 2);
  add_piece(0, 200, 3);
  EXPECT_EQ(expire(std::nullopt).pieces, 2U);
  EXPECT_EQ(starts(), (Starts{0}));
}

TEST(PiecesBefore, ClockAndPositionAgree) {
  const auto piece = [](std::uint32_t lineage, std::uint64_t end, std::int64_t stored_at) {
    repository::LogPiece made;
    made.lineage = lineage;
    made.end = end;
    made.stored_at = {stored_at};
    return made;
  };
  const LogBase base{.source = "7", .lineage = 2, .start = 90, .end = 100};
  const auto gone = pieces_before(
      {piece(1, 500, 9), piece(2, 100, 9), piece(2, 101, 9), piece(2, 50, 10), piece(3, 10, 9)},
      base, {10});
  ASSERT_EQ(gone.size(), 2U);
  EXPECT_EQ(gone[0].lineage, 1U);
  EXPECT_EQ(gone[1].end, 100U);
}

}  // namespace
}  // namespace holdfast::engine
