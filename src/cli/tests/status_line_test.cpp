// What the status line says, how wide it is, and how often it is drawn.
#include "status_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/units.hpp"

namespace holdfast::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class HandClock final : public base::Clock {
 public:
  [[nodiscard]] base::Time now() const override { return {}; }
  [[nodiscard]] base::Duration monotonic() const override { return at; }
  base::Duration at;
};

TEST(StatusLine, SaysWhatIsKnown) {
  const Advance unknown{
      .action = "backing up", .items = 12, .bytes = 3 * base::MiB, .current = "/etc/passwd"};
  EXPECT_EQ(status_text(unknown, base::seconds(3), 200),
            "backing up  3.00 MiB  12 files  1.00 MiB/s  3 s  /etc/passwd");
  const Advance known{.action = "restoring",
                      .items = 1,
                      .items_total = 4,
                      .bytes = base::MiB,
                      .bytes_total = 4 * base::MiB};
  EXPECT_EQ(status_text(known, base::seconds(10), 200),
            "restoring 25%  1.00 MiB of 4.00 MiB  1 of 4 files  102 KiB/s  31 s left");
}

TEST(StatusLine, PrintsNothingThatDrivesATerminal) {
  const Advance hostile{.action = "x", .current = "/\x1b[2J\r\n\xff"};
  EXPECT_THAT(status_text(hostile, {}, 200), HasSubstr("/\\x1b[2J\\x0d\\x0a\\xff"));
}

TEST(StatusLine, FitsTheWidth) {
  const Advance wide{.action = "backing up", .bytes = 1, .current = "/日本語/日本語/日本語/日本語"};
  for (unsigned width = 0; width < 70; ++width) {
    EXPECT_LE(columns_of(status_text(wide, base::seconds(1), width)), width);
  }
  EXPECT_EQ(columns_of("日本"), 4U);
  EXPECT_EQ(columns_of("é"), 1U);
}

TEST(StatusLine, MoreThanTheTotalIsNoMoreThanAll) {
  const Advance over{.action = "x", .bytes = 10, .bytes_total = 5};
  EXPECT_THAT(status_text(over, base::seconds(5), 200), HasSubstr("100%"));
}

TEST(StatusLine, IsDrawnAtMostFiveTimesASecond) {
  std::ostringstream terminal;
  HandClock clock;
  {
    StatusLine line(terminal, clock);
    for (int i = 0; i < 1000; ++i) {
      clock.at = base::milliseconds(i);
      line.show({.action = "x"}, 80);
    }
    const auto text = terminal.str();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 5);
    EXPECT_THAT(text, Not(HasSubstr("\n")));
  }
  EXPECT_TRUE(terminal.str().ends_with("\r\x1b[K"));
}

TEST(StatusLine, NothingShownNothingCleared) {
  std::ostringstream terminal;
  const HandClock clock;
  {
    StatusLine line(terminal, clock);
  }
  EXPECT_EQ(terminal.str(), "");
}

}  // namespace
}  // namespace holdfast::cli
