// Keep: how long the snapshots of a plan stay at a location. What follows from it is in
// retention.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::strategy {

enum class Period { hourly, daily, weekly, monthly, yearly };
constexpr std::size_t period_count = 5;
[[nodiscard]] std::string_view period_name(Period period) noexcept;

// Which snapshot stands for a period.
enum class PickKind {
  last,       // the last one taken in the period
  first,      // the first one taken in it
  weekday,    // weekly: the first one taken on that day or later in the seven days from there
  month_day,  // monthly, yearly: the first one taken on that day or later, until that day returns
};

struct Pick {
  PickKind kind = PickKind::last;
  int day = 0;  // of the week, 0 is Sunday; or of the month, from 1
  bool operator==(const Pick&) const = default;
};

// The newest `count` periods that have a snapshot keep one each.
struct Bucket {
  std::uint32_t count = 0;
  Pick pick;
  bool operator==(const Bucket&) const = default;
};

// A snapshot stays while any part wants it.
struct Keep {
  bool forever = false;
  std::optional<base::Duration> age;      // all not older than this, by storage time
  std::optional<std::uint32_t> last;      // the newest so many
  std::optional<std::uint32_t> versions;  // for each path, the newest so many distinct contents
  std::array<std::optional<Bucket>, period_count> buckets;  // by Period
  std::optional<std::string> until_event;  // until the event of this name has happened, and then
  base::Duration then;                     // for this long
  std::string per_tag;  // rules apply to the snapshots of each value of this tag by themselves

  [[nodiscard]] bool empty() const noexcept;
  [[nodiscard]] const std::optional<Bucket>& bucket(Period period) const {
    return buckets[static_cast<std::size_t>(period)];
  }
  bool operator==(const Keep&) const = default;
};

// "last", "first", "sunday", "1st"; wrong for `period`: an error that says which ones fit.
base::Result<Pick> parse_pick(std::string_view text, Period period);

// In words: "7 days", "7 daily, 4 weekly (Sunday) and 12 monthly (1st)", "for ever".
[[nodiscard]] std::string describe(const Keep& keep);

}  // namespace holdfast::strategy
