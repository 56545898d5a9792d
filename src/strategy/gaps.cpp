// The longest gaps of schedules.
//
// A gap is looked for by how long it is: are there any longer than a month, than a day, an hour, a
// minute? Whoever asks for gaps longer than L need not look at each start: from one, the last start
// within L is as good a place to go on from, however many lie between. So a plan that runs every
// second through one month of the year is measured in a few thousand steps. The longer the gap, the
// rarer it may be, and the longer the time that is looked at.
#include <algorithm>
#include <array>

#include "strategy/schedule.hpp"

namespace holdfast::strategy {

using base::Duration;
using base::Time;

namespace {

constexpr Duration minute = base::minutes(1);

struct Look {
  Duration longer_than;
  Duration span;
};
// Leap days, years with and without one, any weekday, any time of day.
constexpr std::array<Look, 5> looks{{{base::days(30), base::days(9 * 366)},
                                     {base::days(1), base::days(2 * 366)},
                                     {base::hours(1), base::days(2 * 366)},
                                     {minute, base::days(60)},
                                     {{}, base::hours(2)}}};

// Days of the wall clock without changes: those of UTC.
const TimeZone& ordinary() {
  static const TimeZone zone = TimeZone::utc();
  return zone;
}

Time first_day() { return {day_number({2023, 1, 2}) * base::days(1).nanoseconds}; }

// Whether each week is like the one before.
bool is_weekly(const When& when) {
  if (when.kind == WhenKind::cron) {
    return when.cron.months.count() == 12 && when.cron.any_month_day;
  }
  if (when.kind == WhenKind::every) {
    const auto interval = when.interval.nanoseconds;
    return interval > 0 && base::days(7).nanoseconds % interval == 0;
  }
  return std::all_of(when.at.begin(), when.at.end(), [](const AtTime& time) {
    return time.month_days.none() && !time.last_of_month;
  });
}

// Runs, one after the other: which instant each surely holds and when it starts at the latest.
class Runs {
 public:
  explicit Runs(const Rhythm& rhythm) : rhythm_(rhythm) {}
  virtual ~Runs() = default;
  Runs(const Runs&) = delete;
  Runs& operator=(const Runs&) = delete;

  [[nodiscard]] std::optional<Time> next(Time after) const {
    return next_due(rhythm_.when, after, ordinary());
  }
  [[nodiscard]] virtual std::optional<Time> holds(Time slot) const { return earliest(slot); }
  [[nodiscard]] virtual std::optional<Time> ready(Time slot) const { return latest(slot); }
  [[nodiscard]] virtual bool is_weekly() const { return strategy::is_weekly(rhythm_.when); }

  [[nodiscard]] std::optional<Time> earliest(Time slot) const {
    return after_blackout(rhythm_.delays.windows, slot, ordinary());
  }
  [[nodiscard]] std::optional<Time> latest(Time slot) const {
    return after_blackout(rhythm_.delays.windows, slot + rhythm_.delays.jitter, ordinary());
  }
  [[nodiscard]] const When& when() const { return rhythm_.when; }

 private:
  const Rhythm& rhythm_;
};

class Copies final : public Runs {
 public:
  Copies(const Rhythm& copies, const Rhythm& captures) : Runs(copies), captures_(captures) {}

  [[nodiscard]] std::optional<Time> holds(Time slot) const override {
    if (const auto same = of_the_same_minute(slot)) return captures_.earliest(*same);
    const auto start = earliest(slot);
    if (!start) return std::nullopt;
    const auto newest = newest_due(captures_.when(), *start, ordinary(), [&](Time captured) {
      const auto latest = captures_.latest(captured);
      return latest && *latest <= *start;
    });
    return newest ? captures_.earliest(*newest) : std::nullopt;
  }

  [[nodiscard]] std::optional<Time> ready(Time slot) const override {
    const auto own = latest(slot);
    const auto same = of_the_same_minute(slot);
    const auto theirs = same ? captures_.latest(*same) : own;
    return own && theirs ? std::optional(std::max(*own, *theirs)) : std::nullopt;
  }

  [[nodiscard]] bool is_weekly() const override {
    return Runs::is_weekly() && captures_.is_weekly();
  }

 private:
  [[nodiscard]] std::optional<Time> of_the_same_minute(Time slot) const {
    const Time begin{slot.nanoseconds - slot.nanoseconds % minute.nanoseconds};
    const auto found = captures_.next({begin.nanoseconds - 1});
    return found && *found < begin + minute ? found : std::nullopt;
  }

  Runs captures_;
};

// The last slot after `slot` that is ready by `reach`; nothing if there is none.
std::optional<Time> last_ready(const Runs& runs, Time slot, Time reach) {
  const auto is_ready_after = [&](Time at) {
    const auto next = runs.next(at);
    const auto ready = next ? runs.ready(*next) : std::nullopt;
    return ready && *ready <= reach;
  };
  if (!is_ready_after(slot)) return std::nullopt;
  auto from = slot;
  for (auto beyond = std::max(reach, slot); beyond - from > base::seconds(1);) {
    const Time middle{from.nanoseconds + (beyond - from).nanoseconds / 2};
    (is_ready_after(middle) ? from : beyond) = middle;
  }
  return runs.next(from);
}

// The longest gap, if there is one longer than that.
std::optional<Duration> look(const Runs& runs, const Look& asked) {
  std::optional<Duration> found;
  const auto end = first_day() + asked.span;
  auto slot = runs.next(first_day());
  // Copies before anything was captured hold nothing.
  while (slot && *slot < end && !runs.holds(*slot)) slot = runs.next(*slot);
  while (slot) {
    const auto held = runs.holds(*slot);
    if (!held) break;
    if (const auto last = last_ready(runs, *slot, *held + found.value_or(asked.longer_than))) {
      slot = last;
    } else {
      slot = runs.next(*slot);
      const auto ready = slot ? runs.ready(*slot) : std::nullopt;
      if (!ready) break;
      found = *ready - *held;
    }
    if (*slot >= end) break;
  }
  return found;
}

std::optional<Duration> longest(const Runs& runs) {
  for (const auto& each : looks) {
    const auto span = runs.is_weekly() ? std::min(each.span, base::days(22)) : each.span;
    if (const auto found = look(runs, {each.longer_than, span})) return found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Duration> longest_gap(const When& when, const Delays& delays) {
  if (!next_due(when, first_day(), ordinary())) return std::nullopt;
  if (when.kind == WhenKind::every && delays.windows.empty()) {
    return when.interval + delays.jitter;
  }
  const Rhythm rhythm{when, delays};
  return longest(Runs(rhythm));
}

std::optional<Duration> longest_gap_of_copies(const Rhythm& copies, const Rhythm& captures) {
  return longest(Copies(copies, captures));
}

std::optional<Duration> longest_window(const std::vector<Window>& windows) {
  if (windows.empty()) return Duration{};
  const auto gap = longest_gap({.kind = WhenKind::every, .interval = minute}, {.windows = windows});
  if (!gap) return std::nullopt;
  return *gap - minute;
}

}  // namespace holdfast::strategy
