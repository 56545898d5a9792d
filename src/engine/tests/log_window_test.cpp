// Windows: how far a log leads from a base, over gaps and timelines.
#include "engine/log_window.hpp"

#include "codec/signature.hpp"
#include "log_fixture.hpp"
#include "repository/object_name.hpp"
#include "repository/signed_object.hpp"

namespace holdfast::engine {
namespace {

using repository::LogRange;
using Beyond = LogStanding::Beyond;

class LogWindowTest : public LogTestBase {
 protected:
  [[nodiscard]] LogWindow window(const LogBase& base) const {
    return log_window(repository(), pieces(), base).value();
  }
  static constexpr std::int64_t second = base::nanoseconds_per_second;
};

TEST_F(LogWindowTest, ABaseSaysWhichLogGoesWithIt) {
  add_base(100, 200, 3);
  const auto snapshots = list();
  const auto base = log_base(repository(), snapshots.snapshots.front()).value();
  ASSERT_TRUE(base);
  EXPECT_EQ(base->source, "7");
  EXPECT_EQ(base->lineage, 3U);
  EXPECT_EQ(base->start, 100U);
  EXPECT_EQ(base->end, 200U);
}

TEST_F(LogWindowTest, ReachesToTheFirstGap) {
  add_piece(0, 150, 1);
  add_piece(150, 300, 2);
  add_piece(310, 400, 3);
  const auto found = window({.source = "7", .lineage = 1, .start = 100, .end = 200});
  EXPECT_EQ(found.ranges, (std::vector<LogRange>{{1, 200, 300}}));
  ASSERT_TRUE(found.end);
  EXPECT_EQ(found.end->position, 300U);
  EXPECT_EQ(found.end->at.nanoseconds, 2 * second);
}

TEST_F(LogWindowTest, FollowsTheHighestTimelineThatLeavesIt) {
  add_piece(0, 500, 1);
  add_fork(2, 1, 300);
  add_piece(256, 400, 2, 2);
  add_fork(3, 1, 450);
  add_piece(448, 700, 3, 3);
  const auto found = window({.source = "7", .lineage = 1, .start = 100, .end = 200});
  EXPECT_EQ(found.ranges, (std::vector<LogRange>{{1, 200, 450}, {3, 450, 700}}));
  // A base from beyond the fork stays on its own timeline.
  const auto later = window({.source = "7", .lineage = 1, .start = 460, .end = 480});
  EXPECT_EQ(later.ranges, (std::vector<LogRange>{{1, 480, 500}}));
}

TEST_F(LogWindowTest, AForgedEndIsNoEnd) {
  add_piece(0, 300, 1);
  const auto stored = pieces().front();
  repository::LogHead lie;
  lie.lineage = 1;
  lie.start = 300;
  lie.end = 900;
  const codec::SigningKey burglar(test.random.array<32>());
  const auto object = repository::sign_object(repository::log_magic, repository().id(), burglar,
                                              base::as_bytes("forged"));
  ASSERT_TRUE(repository::put_object(repository().storage(),
                                     repository::log_piece_prefix(stored.stream, lie), object)
                  .ok());
  const auto found = window({.source = "7", .lineage = 1, .start = 100, .end = 200});
  EXPECT_EQ(found.ranges, (std::vector<LogRange>{{1, 200, 300}}));
  EXPECT_EQ(found.end->position, 300U);
}

TEST_F(LogWindowTest, NothingNewIsKnownToBeNothingNew) {
  add_piece(0, 200, 5);
  const auto found = window({.source = "7", .lineage = 1, .start = 100, .end = 200});
  EXPECT_TRUE(found.ranges.empty());
  ASSERT_TRUE(found.end);
  EXPECT_EQ(found.end->at.nanoseconds, 5 * second);
  // Of a log that ends before the base nothing follows.
  EXPECT_FALSE(window({.source = "7", .lineage = 1, .start = 250, .end = 260}).end);
}

TEST_F(LogWindowTest, StandsWhereTheNewestBaseLeads) {
  EXPECT_FALSE(log_standing(repository(), list(), component()).value().end);
  add_base(100, 200);
  add_piece(0, 300, 1);
  auto standing = log_standing(repository(), list(), component()).value();
  EXPECT_EQ(standing.end->position, 300U);
  EXPECT_EQ(standing.beyond, Beyond::nothing);
  add_piece(310, 400, 2);
  standing = log_standing(repository(), list(), component()).value();
  EXPECT_EQ(standing.end->position, 300U);
  EXPECT_EQ(standing.beyond, Beyond::unreachable);
  add_base(320, 330);
  standing = log_standing(repository(), list(), component()).value();
  EXPECT_EQ(standing.end->position, 400U);
  EXPECT_EQ(standing.beyond, Beyond::nothing);
}

}  // namespace
}  // namespace holdfast::engine
