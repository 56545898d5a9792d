// Maps of logs: what is covered, by which pieces, and where the gaps are.
#include "repository/log_map.hpp"

#include <gtest/gtest.h>

#include <random>

namespace holdfast::repository {
namespace {

LogPiece piece(std::uint64_t start, std::uint64_t end, std::uint32_t lineage = 1,
               std::int64_t stored_at = 0) {
  return {.name = std::to_string(lineage) + ":" + std::to_string(start) + "-" +
                  std::to_string(end) + "@" + std::to_string(stored_at),
          .kind = LogKind::bytes,
          .lineage = lineage,
          .start = start,
          .end = end,
          .stored_at = {stored_at}};
}

std::vector<std::string> names(const std::vector<LogMap::Covered>& pieces) {
  std::vector<std::string> made;
  for (const auto& each : pieces) made.push_back(each.piece.name);
  return made;
}

std::vector<std::string> names(const std::vector<LogPiece>& pieces) {
  std::vector<std::string> made;
  for (const auto& each : pieces) made.push_back(each.name);
  return made;
}

using Names = std::vector<std::string>;

TEST(LogMap, LongPiecesAreTakenBeforeShortOnes) {
  const LogMap map({piece(0, 3), piece(3, 7), piece(0, 10), piece(10, 12), piece(12, 20)});
  EXPECT_EQ(names(map.covering({1, 0, 15}).value()), (Names{"1:0-10@0", "1:10-12@0", "1:12-20@0"}));
  EXPECT_EQ(names(map.covering({1, 4, 9}).value()), Names{"1:0-10@0"});
  EXPECT_TRUE(map.covering({1, 5, 5}).value().empty());
}

TEST(LogMap, AGapIsNamed) {
  const LogMap map({piece(0, 10), piece(11, 20), piece(10, 30, 2)});
  const auto found = map.covering({1, 0, 20});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), base::ErrorCode::not_found);
  EXPECT_NE(found.error().message().find("0/A"), std::string::npos) << found.error().message();
  EXPECT_EQ(map.reach(1, 0), 10U);
  EXPECT_EQ(map.reach(1, 10), 10U);
  EXPECT_EQ(map.reach(1, 11), 20U);
  EXPECT_EQ(map.reach(3, 5), 5U);
  EXPECT_EQ(map.ranges(), (std::vector<LogRange>{{1, 0, 10}, {1, 11, 20}, {2, 10, 30}}));
  EXPECT_EQ(map.newest(), (LogRange{2, 10, 30}));
  EXPECT_FALSE(LogMap({}).newest());
}

TEST(LogMap, TheLastMarksAreOfWhatWasStoredLast) {
  const LogMap map({piece(0, 10), piece(10, 10, 1, 5), piece(10, 10, 1, 9), piece(10, 12, 1, 10)});
  EXPECT_EQ(map.last_before(1, 10)->name, "1:10-10@9");
  EXPECT_EQ(map.last_before(1, 100)->name, "1:10-12@10");
  EXPECT_EQ(map.last_before(2, 100), nullptr);
}

TEST(LogMap, WhatALongerPieceCoversIsCovered) {
  const LogMap map({piece(0, 3), piece(3, 7), piece(0, 10), piece(10, 12), piece(9, 11)});
  EXPECT_EQ(names(map.covered()), (Names{"1:0-3@0", "1:3-7@0"}));
  const auto covered = map.covered();
  for (const auto& each : covered) EXPECT_EQ(each.by.name, "1:0-10@0");
}

TEST(LogMap, WhatIsExcludedCoversNothing) {
  LogMap map({piece(0, 3), piece(3, 7), piece(0, 100)});
  map.exclude("1:0-100@0");
  EXPECT_TRUE(map.covered().empty());
  EXPECT_EQ(map.newest(), (LogRange{1, 0, 7}));
}

TEST(LogMap, MarksAreCoveredByNewerOnes) {
  const LogMap map({piece(0, 10, 1, 1), piece(10, 10, 1, 5), piece(10, 10, 1, 9)});
  EXPECT_EQ(names(map.covered()), Names{"1:10-10@5"});
  const LogMap grown({piece(0, 10, 1, 1), piece(10, 10, 1, 5), piece(10, 12, 1, 9)});
  EXPECT_EQ(names(grown.covered()), Names{"1:10-10@5"});
}

// Whatever pieces there are: without the covered ones the same is covered.
TEST(LogMap, TheCoveredOnesAreNotNeeded) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::vector<LogPiece> pieces;
    for (unsigned i = random() % 12; i > 0; --i) {
      const auto start = random() % 30;
      pieces.push_back(piece(start, start + random() % 10, 1 + random() % 2, random() % 4));
    }
    const LogMap map(pieces);
    const auto covered = names(map.covered());
    std::vector<LogPiece> left;
    for (const auto& each : pieces) {
      if (std::find(covered.begin(), covered.end(), each.name) == covered.end()) {
        left.push_back(each);
      }
    }
    const LogMap without(left);
    const auto lasting = [](const LogMap& from) {
      auto ranges = from.ranges();
      std::erase_if(ranges, [](const LogRange& range) { return range.start == range.end; });
      return ranges;
    };
    ASSERT_EQ(lasting(without), lasting(map)) << "round " << round;
  }
}

}  // namespace
}  // namespace holdfast::repository
