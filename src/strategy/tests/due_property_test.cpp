// A scheduler that looks each minute, through outages, failures and changes of the clock, against a
// model that keeps a list of what is owed: each slot is served once or caught up once, none is lost
// and none doubles.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.hpp"
#include "strategy/due.hpp"
#include "strategy/schedule.hpp"

namespace holdfast::strategy {
namespace {

using base::Time;

constexpr std::int64_t minute = 60 * base::nanoseconds_per_second;

// Some days around a change of the clock, minute by minute.
struct Days {
  TimeZone zone;
  Time start;
  std::vector<std::int64_t> local;  // minutes since 1970-01-01 by the wall clock

  Days(const char* name, const char* from, int days)
      : zone(TimeZone::find(name).value()), start(base::parse_utc(from).value()) {
    for (std::int64_t i = 0; i < days * 1440; ++i) {
      const auto at = zone.local(when(i));
      local.push_back(at.day * 1440 + at.second_of_day / 60);
    }
  }
  [[nodiscard]] Time when(std::int64_t index) const { return {start.nanoseconds + index * minute}; }
  [[nodiscard]] std::int64_t size() const { return std::ssize(local); }
  [[nodiscard]] std::int64_t local_at(Time at) const {
    const auto found = zone.local(at);
    return found.day * 1440 + found.second_of_day / 60;
  }
};

// One plan as the model sees it.
struct Owed {
  const Plan* plan = nullptr;
  int at = -1;         // minute of the day; or
  int every = 0;       // minutes
  int dark_from = -1;  // window, minutes of the day
  int dark_to = -1;
  std::vector<std::pair<Time, Time>> slots;  // with their starts
  Time done_until;                           // slots until then are done with
  std::optional<Time> retry_at;
  Time first_seen;
  std::uint64_t served = 0;
  std::uint64_t caught_up = 0;

  [[nodiscard]] bool is_dark(std::int64_t local) const {
    return dark_from >= 0 && local % 1440 >= dark_from && local % 1440 < dark_to;
  }
};

struct Expected {
  std::string plan;
  Time slot;
  std::uint64_t missed = 0;
  auto operator<=>(const Expected&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Expected& each) {
  return out << each.plan << " " << base::format_utc(each.slot) << " +" << each.missed;
}

class Model {
 public:
  Model(const Strategy& strategy, const Days& days, std::vector<Owed> owed)
      : days_(days), owed_(std::move(owed)) {
    const auto& component = strategy.components.front();
    for (auto& each : owed_) find_slots(each, component);
    for (auto& each : owed_) {
      if (const auto* origin = find(each.plan->copy_of)) follow(each, *origin);
    }
  }

  // What starts now.
  [[nodiscard]] std::vector<Expected> due(Time now) const {
    std::map<std::string, Expected> found;
    for (const auto& each : owed_) {
      if (!is_awake(each, now)) continue;
      for (const auto& [slot, start] : each.slots) {
        if (slot > each.done_until && start <= now) {
          found[each.plan->name] = {each.plan->name, slot, owed_before(each, slot)};
        }
      }
    }
    std::vector<Expected> all;
    for (const auto& [name, expected] : found) {
      if (!waits(*find(name), expected.slot, found)) all.push_back(expected);
    }
    add_joined(now, found, all);
    std::sort(all.begin(), all.end());
    return all;
  }

  void succeed(const Expected& run) {
    auto& each = *find(run.plan);
    ++each.served;
    each.caught_up += run.missed;
    each.done_until = run.slot;
    each.retry_at.reset();
  }
  void fail(const Expected& run, Time again) { find(run.plan)->retry_at = again; }

  // Every slot until the last one that was served has been served or caught up, once.
  void expect_complete(Time end) const {
    for (const auto& each : owed_) {
      std::uint64_t due = 0;
      for (const auto& [slot, start] : each.slots) {
        if (slot <= each.first_seen) continue;
        if (slot <= each.done_until) {
          ++due;
        } else if (each.plan->copy_of.empty() && !each.retry_at &&
                   !each.is_dark(days_.local_at(end))) {
          EXPECT_GT(start, end) << each.plan->name << " " << base::format_utc(slot);
        }
      }
      EXPECT_EQ(each.served + each.caught_up, due) << each.plan->name;
    }
  }

 private:
  Owed* find(const std::string& name) { return find_in(owed_, name); }
  [[nodiscard]] const Owed* find(const std::string& name) const { return find_in(owed_, name); }

  static auto find_in(auto& all, const std::string& name) -> decltype(all.data()) {
    for (auto& each : all) {
      if (each.plan->name == name) return &each;
    }
    return nullptr;
  }

  void find_slots(Owed& each, const Component& component) const {
    auto reached = days_.local.front();
    std::int64_t midnight = -1;  // index of the last one
    for (std::int64_t i = 1; i < days_.size(); ++i) {
      const auto now = days_.local[static_cast<std::size_t>(i)];
      bool hit = false;
      for (auto local = reached + 1; local <= now; ++local) {
        hit = hit || local % 1440 == each.at;
        if (local % 1440 == 0) midnight = i;
      }
      reached = std::max(reached, now);
      if (each.every > 0 && midnight >= 0 && (i - midnight) % each.every == 0) {
        hit = i == midnight || 2 * until_midnight(i) >= each.every;
      }
      if (hit) each.slots.emplace_back(days_.when(i), start_of(each, days_.when(i), component));
    }
  }

  [[nodiscard]] std::int64_t until_midnight(std::int64_t from) const {
    const auto today = days_.local[static_cast<std::size_t>(from)] / 1440;
    for (auto i = from; i < days_.size(); ++i) {
      if (days_.local[static_cast<std::size_t>(i)] / 1440 > today) return i - from;
    }
    return 1440;
  }

  [[nodiscard]] Time start_of(const Owed& each, Time slot, const Component& component) const {
    auto at = slot + jitter_of(component.name + "/" + each.plan->name, slot, each.plan->jitter);
    while (each.is_dark(days_.local_at(at))) at = {(at.nanoseconds / minute + 1) * minute};
    return at;
  }

  // A copy starts with what it copies, or later.
  static void follow(Owed& copy, const Owed& origin) {
    for (auto& [slot, start] : copy.slots) {
      for (const auto& [other, theirs] : origin.slots) {
        if (other == slot) start = std::max(start, theirs);
      }
    }
  }

  [[nodiscard]] bool is_awake(const Owed& each, Time now) const {
    return !(each.retry_at && *each.retry_at > now) && !each.is_dark(days_.local_at(now));
  }

  static std::uint64_t owed_before(const Owed& each, Time slot) {
    std::uint64_t count = 0;
    for (const auto& [other, start] : each.slots) {
      if (other > each.done_until && other < slot) ++count;
    }
    return count;
  }

  [[nodiscard]] bool waits(const Owed& copy, Time slot,
                           const std::map<std::string, Expected>& found) const {
    const auto* origin = find(copy.plan->copy_of);
    if (origin == nullptr || !found.contains(origin->plan->name)) return false;
    for (const auto& [other, start] : origin->slots) {
      if (other == slot && other > origin->done_until) return true;
    }
    return false;
  }

  // Who captures the same takes those along that jitter alone keeps back.
  void add_joined(Time now, const std::map<std::string, Expected>& found,
                  std::vector<Expected>& all) const {
    for (const auto& each : owed_) {
      if (found.contains(each.plan->name) || !each.plan->copy_of.empty()) continue;
      if (each.retry_at || !is_awake(each, now)) continue;
      std::optional<Time> newest;
      for (const auto& [name, leader] : found) {
        const auto* other = find(name);
        if (!other->plan->copy_of.empty() || other->plan->type != each.plan->type) continue;
        if (other->retry_at || leader.slot <= each.done_until) continue;
        for (const auto& [slot, start] : each.slots) {
          if (slot == leader.slot && (!newest || slot > *newest)) newest = slot;
        }
      }
      if (newest) all.push_back({each.plan->name, *newest, owed_before(each, *newest)});
    }
  }

  const Days& days_;
  std::vector<Owed> owed_;
};

// A strategy of one component, and the model's copy of its plans.
struct Setting {
  Strategy strategy;
  std::vector<Owed> owed;
};

std::uint64_t pick(base::SeededRandom& random, std::uint64_t bound) { return random.below(bound); }

Setting random_setting(base::SeededRandom& random) {
  Setting made;
  made.strategy.limits = {.runs = 100, .per_component = 100};
  made.strategy.components.push_back({.name = "home"});
  auto& plans = made.strategy.components.front().plans;
  const auto count = 1 + pick(random, 5);
  for (std::uint64_t i = 0; i < count; ++i) {
    Plan plan{.name = std::string(1, static_cast<char>('a' + i))};
    Owed owed;
    if (pick(random, 2) == 0) {
      static constexpr std::array<int, 6> intervals{15, 30, 60, 120, 360, 720};
      owed.every = intervals[pick(random, intervals.size())];
      plan.when = {.kind = WhenKind::every, .interval = base::minutes(owed.every)};
    } else {
      // Round times, so that several meet, many of them where the clock changes.
      owed.at =
          static_cast<int>(pick(random, 3) == 0 ? 30 * pick(random, 48) : 30 * pick(random, 8));
      const auto text = fmt::format("{:02}:{:02}", owed.at / 60, owed.at % 60);
      plan.when = {.kind = WhenKind::at, .at = {parse_at(text).value()}};
    }
    plan.type = pick(random, 3) == 0 ? PlanType::full : PlanType::incremental;
    if (i > 0 && pick(random, 3) == 0) plan.copy_of = "a";
    if (pick(random, 3) == 0) {
      plan.jitter = base::minutes(static_cast<std::int64_t>(pick(random, 100)));
    }
    if (pick(random, 4) == 0) {
      owed.dark_from = static_cast<int>(pick(random, 1300));
      owed.dark_to = owed.dark_from + 1 + static_cast<int>(pick(random, 139));
      plan.blackout = {
          parse_window(fmt::format("{:02}:{:02}-{:02}:{:02}", owed.dark_from / 60,
                                   owed.dark_from % 60, owed.dark_to / 60, owed.dark_to % 60))
              .value()};
    }
    plans.push_back(plan);
    made.owed.push_back(owed);
  }
  for (std::size_t i = 0; i < plans.size(); ++i) made.owed[i].plan = &plans[i];
  return made;
}

// Looks at what is due, minute by minute, and carries it out.
class Scheduler {
 public:
  Scheduler(base::SeededRandom& random, const Days& days)
      : random_(random), days_(days), setting_(random_setting(random)) {
    const auto begin = static_cast<std::int64_t>(1440 + pick(random_, 1440));
    first_ = begin;
    for (auto& each : setting_.owed) each.first_seen = each.done_until = days.when(begin);
    situation_.can_run = [](ComponentKind) { return true; };
    situation_.running_since = days.when(begin);
    for (const auto& plan : setting_.strategy.components.front().plans) {
      state(plan.name).first_seen = days.when(begin);
    }
  }

  void run() {
    Model model(setting_.strategy, days_, setting_.owed);
    std::optional<Time> wake;
    bool has_ended = true;
    Time last = situation_.running_since;
    for (auto i = first_; i < days_.size() - 1440; ++i) {
      if (pick(random_, 500) == 0) {  // an outage
        i += static_cast<std::int64_t>(pick(random_, pick(random_, 4) == 0 ? 1500 : 90));
        if (i >= days_.size() - 1440) break;
        situation_.running_since = days_.when(i);
        has_ended = true;
      }
      last = situation_.now = days_.when(i);
      const auto expected = model.due(situation_.now);
      ASSERT_THAT(found(), testing::ElementsAreArray(expected)) << days_.zone.format(last);
      const bool is_awake = has_ended || (wake && *wake <= last);
      ASSERT_TRUE(expected.empty() || is_awake) << "slept through " << days_.zone.format(last);
      for (const auto& each : expected) carry_out(each, model);
      has_ended = !expected.empty();
      if (is_awake) wake = next_wake(setting_.strategy, days_.zone, situation_);
      ASSERT_TRUE(!is_awake || !wake || *wake > last);
      runs_ += expected.size();
    }
    model.expect_complete(last);
  }

  [[nodiscard]] std::size_t runs() const { return runs_; }

 private:
  TaskState& state(const std::string& plan) {
    return situation_.states[{"home", plan, Task::Kind::plan}];
  }

  [[nodiscard]] std::vector<Expected> found() const {
    std::vector<Expected> all;
    for (const auto& run : what_is_due(setting_.strategy, days_.zone, situation_).start) {
      for (const auto& each : run.serves) all.push_back({each.task.name, each.slot, each.missed});
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  void carry_out(const Expected& run, Model& model) {
    auto& known = state(run.plan);
    if (pick(random_, 12) == 0) {
      known.retry_at = situation_.now + base::minutes(7);
      model.fail(run, *known.retry_at);
      return;
    }
    known.served = run.slot;
    known.retry_at.reset();
    model.succeed(run);
  }

  base::SeededRandom& random_;
  const Days& days_;
  Setting setting_;
  Situation situation_;
  std::int64_t first_ = 0;
  std::size_t runs_ = 0;
};

TEST(DueProperty, EachSlotIsServedOnceOrCaughtUpOnce) {
  const std::vector<Days> all{{"Europe/Berlin", "2026-03-26T00:00:00Z", 7},
                              {"Europe/Berlin", "2026-10-22T00:00:00Z", 7},
                              {"Australia/Lord_Howe", "2026-04-02T00:00:00Z", 7},
                              {"America/New_York", "2026-10-29T00:00:00Z", 7}};
  base::SeededRandom random(11);
  std::size_t runs = 0;
  for (int round = 0; round < 60; ++round) {
    Scheduler scheduler(random, all[static_cast<std::size_t>(round) % all.size()]);
    scheduler.run();
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << "round " << round;
    runs += scheduler.runs();
  }
  EXPECT_GT(runs, 3000U);
}

}  // namespace
}  // namespace holdfast::strategy
