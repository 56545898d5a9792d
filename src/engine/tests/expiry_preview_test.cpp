// Previews: days, calendars, and what is drastic.
#include "engine/expiry_preview.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PreviewTest : public testing::Test {
 protected:
  void add(const std::string& time, const std::vector<std::string>& plans, bool stays) {
    const auto at = base::parse_utc(time).value();
    strategy::StoredSnapshot stored;
    stored.id = std::to_string(made.request.snapshots.size());
    stored.plans = plans;
    stored.captured = stored.finished = stored.stored = at;
    made.request.snapshots.push_back(stored);
    made.decision.verdicts.push_back({.id = stored.id, .because = {}});
    if (!stays) return;
    made.decision.verdicts.back().because = {"daily 1 of 7"};
    made.decision.verdicts.back().is_wanted = true;
  }
  ExpiryPreview preview() const { return preview_of(made, strategy::TimeZone::utc()); }

  ExpiryDecision made;
};

TEST_F(PreviewTest, SortedByDay) {
  add("2026-11-21T12:00:00Z", {"daily"}, true);
  add("2026-11-20T02:00:00Z", {"daily"}, true);
  add("2026-11-21T02:00:00Z", {"daily"}, false);
  const auto shown = preview();
  ASSERT_EQ(shown.days.size(), 2U);
  EXPECT_EQ(shown.days[0].snapshots.at(0).id, "1");
  EXPECT_EQ(shown.days[1].snapshots.at(0).id, "2");
  EXPECT_TRUE(shown.days[1].snapshots.at(0).goes());
  EXPECT_EQ(shown.kept, 2U);
  EXPECT_EQ(shown.going, 1U);
  EXPECT_FALSE(shown.drastic.has_value());
}

TEST_F(PreviewTest, ACalendarOfMonths) {
  add("2026-11-01T02:00:00Z", {"daily"}, true);
  add("2026-11-21T02:00:00Z", {"daily"}, false);
  add("2026-11-21T12:00:00Z", {"daily"}, true);
  add("2027-02-28T12:00:00Z", {"daily"}, false);
  const auto lines = calendar_lines(preview());
  EXPECT_THAT(
      lines,
      ElementsAre("2026-11", "  Mon  Tue  Wed  Thu  Fri  Sat  Sun",
                  "                                 1+", "   2    3    4    5    6    7    8",
                  "   9   10   11   12   13   14   15", "  16   17   18   19   20   21±  22",
                  "  23   24   25   26   27   28   29", "  30", "2027-02",
                  "  Mon  Tue  Wed  Thu  Fri  Sat  Sun", "   1    2    3    4    5    6    7",
                  "   8    9   10   11   12   13   14", "  15   16   17   18   19   20   21",
                  "  22   23   24   25   26   27   28-"));
}

TEST_F(PreviewTest, MoreThanHalfIsDrastic) {
  for (int i = 1; i <= 4; ++i)
    add("2026-11-0" + std::to_string(i) + "T02:00:00Z", {"daily"}, i > 2);
  EXPECT_FALSE(preview().drastic.has_value());
  add("2026-11-05T02:00:00Z", {"daily"}, false);
  EXPECT_THAT(preview().drastic.value_or(""), HasSubstr("3 of 5 snapshots would go"));
}

TEST_F(PreviewTest, AllOfAPlanIsDrastic) {
  for (int i = 1; i <= 4; ++i) add("2026-11-0" + std::to_string(i) + "T02:00:00Z", {"daily"}, true);
  add("2026-11-05T02:00:00Z", {"weekly"}, false);
  EXPECT_THAT(preview().drastic.value_or(""), HasSubstr("all 1 snapshots of plan weekly would go"));
  // One that is another plan's too stays for that.
  add("2026-11-06T02:00:00Z", {"weekly", "daily"}, true);
  EXPECT_FALSE(preview().drastic.has_value());
}

TEST_F(PreviewTest, NothingIsNothing) {
  const auto shown = preview();
  EXPECT_TRUE(shown.days.empty());
  EXPECT_FALSE(shown.drastic.has_value());
  EXPECT_TRUE(calendar_lines(shown).empty());
}

}  // namespace
}  // namespace holdfast::engine
