// What is to be started now, case by case.
#include "strategy/due.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "strategy/agenda.hpp"
#include "strategy_text.hpp"

namespace holdfast::strategy {
namespace {

using base::Time;
using testing::ElementsAre;
using testing::IsEmpty;

Time at(const std::string& text) { return base::parse_utc("2026-01-0" + text + ":00Z").value(); }

// A strategy under the eyes of a scheduler that has been there since noon of the first day.
class World {
 public:
  explicit World(const std::string& text, const std::string& zone = "UTC")
      : zone_(TimeZone::find(zone).value()) {
    const auto parsed = parse_text(text);
    EXPECT_THAT(lines_of(parsed, Severity::error), IsEmpty());
    strategy = parsed.strategy;
    situation.running_since = at("1T12:00");
    situation.host = "here";
    situation.can_run = [](ComponentKind kind) { return kind != ComponentKind::vault; };
    for (const auto& component : strategy.components) {
      for (const auto& each : component.plans) plan(component.name, each.name) = seen();
      for (const auto& each : component.verifications) {
        situation.states[{component.name, each.name, Task::Kind::verification}] = seen();
      }
    }
  }

  [[nodiscard]] static TaskState seen() { return {.first_seen = at("1T12:00")}; }
  TaskState& plan(const std::string& component, const std::string& name) {
    return situation.states[{component, name, Task::Kind::plan}];
  }
  TaskState& plan(const std::string& name) { return plan("home", name); }
  TaskState& verification(const std::string& name) {
    return situation.states[{"home", name, Task::Kind::verification}];
  }

  // "plan reason slot +missed #number, plan … > locations"
  [[nodiscard]] std::vector<std::string> due(const std::string& when) {
    situation.now = at(when);
    return lines(what_is_due(strategy, zone_, situation).start);
  }
  [[nodiscard]] std::vector<std::string> held() const {
    return lines(what_is_due(strategy, zone_, situation).held);
  }
  [[nodiscard]] std::string wake(const std::string& when) {
    situation.now = at(when);
    const auto found = next_wake(strategy, zone_, situation);
    return found ? base::format_utc(*found).substr(9, 7) : "never";
  }

  Strategy strategy;
  Situation situation;

 private:
  static std::vector<std::string> lines(const std::vector<DueRun>& runs) {
    std::vector<std::string> all;
    for (const auto& run : runs) {
      std::vector<std::string> parts;
      for (const auto& each : run.serves) {
        auto part = fmt::format("{} {} {}", each.task.name, reason_name(each.reason),
                                base::format_utc(each.slot).substr(9, 7));
        if (each.missed > 0) part += fmt::format(" +{}", each.missed);
        if (each.number > 0) part += fmt::format(" #{}", each.number);
        parts.push_back(part);
      }
      all.push_back(fmt::format("{} > {}", fmt::join(parts, ", "), fmt::join(run.locations, " ")));
    }
    return all;
  }

  TimeZone zone_;
};

std::string two_places(const std::string& plans, const std::string& more = {}) {
  return "strategy: s\nlocations:\n  near: { url: /a }\n  far: { url: /b }\ncomponents:\n  home:\n"
         "    files: { paths: [/home] }\n    plans:\n" +
         plans + more;
}

TEST(Due, ASlotIsServedOnceAndAFirstStartRunsNothing) {
  World world(small_strategy("{ at: \"02:00\", to: disk, keep: 7d }"));
  EXPECT_THAT(world.due("1T12:00"), IsEmpty());
  EXPECT_EQ(world.wake("1T12:00"), "2T02:00");
  EXPECT_THAT(world.due("2T01:59"), IsEmpty());
  EXPECT_THAT(world.due("2T02:00"), ElementsAre("daily schedule 2T02:00 > disk"));
  world.plan("daily").served = at("2T02:00");
  EXPECT_THAT(world.due("2T02:00"), IsEmpty());
  EXPECT_EQ(world.wake("2T02:00"), "3T02:00");
  World fresh(small_strategy("{ at: \"02:00\", to: disk, keep: 7d }"));
  fresh.situation.states.clear();
  EXPECT_THAT(fresh.due("2T02:00"), IsEmpty());
}

TEST(Due, WhatWasMissedIsCaughtUpOnce) {
  World world(small_strategy("{ at: \"02:00\", to: disk, keep: 7d }"));
  EXPECT_THAT(world.due("5T11:00"), ElementsAre("daily catch-up 5T02:00 +3 > disk"));
  world.plan("daily").served = at("4T02:00");
  EXPECT_THAT(world.due("5T11:00"), ElementsAre("daily schedule 5T02:00 > disk"));
  world.situation.running_since = at("5T10:00");
  EXPECT_THAT(world.due("5T11:00"), ElementsAre("daily catch-up 5T02:00 > disk"));
}

TEST(Due, AFailureIsTriedAgainWhenItAskedForIt) {
  World world(small_strategy("{ every: 1h, to: disk, keep: 7d }"));
  world.plan("daily").served = at("2T01:00");
  world.plan("daily").retry_at = at("2T02:20");
  EXPECT_THAT(world.due("2T02:10"), IsEmpty());
  EXPECT_EQ(world.wake("2T02:10"), "2T02:20");
  EXPECT_THAT(world.due("2T02:20"), ElementsAre("daily retry 2T02:00 > disk"));
}

TEST(Due, NothingStartsInAWindow) {
  World world(small_strategy("{ every: 1h, to: disk, keep: 7d, blackout: \"08:00-18:30\" }",
                             "    verify: { v: { at: \"09:00\", level: intact } }\n"
                             "blackout: \"20:15-21:15\"\n"));
  world.plan("daily").served = at("2T07:00");
  world.verification("v").served = at("2T09:00");
  EXPECT_THAT(world.due("2T08:00"), IsEmpty());
  EXPECT_THAT(world.due("2T18:29"), IsEmpty());
  EXPECT_EQ(world.wake("2T12:00"), "2T18:30");
  EXPECT_THAT(world.due("2T18:30"), ElementsAre("daily catch-up 2T18:00 +10 > disk"));
  // What should have started before the window, and didn't, doesn't start in it either.
  world.plan("daily").served = at("2T06:00");
  EXPECT_THAT(world.due("2T08:10"), IsEmpty());
  EXPECT_EQ(world.wake("2T08:10"), "2T18:30");
  world.plan("daily").served = at("2T20:00");
  world.verification("v").served = at("1T09:00");
  EXPECT_THAT(world.due("2T20:30"), IsEmpty());
  EXPECT_EQ(world.wake("2T20:30"), "2T21:15");
}

TEST(Due, JitterDelays) {
  World world(small_strategy("{ at: \"02:00\", to: disk, keep: 7d, jitter: 5h }"));
  const auto& component = world.strategy.components.front();
  const auto start =
      start_of(world.strategy, component, component.plans.front(), at("2T02:00"), TimeZone::utc())
          .value();
  EXPECT_THAT(world.due("2T02:00"), IsEmpty());
  EXPECT_EQ(next_wake(world.strategy, TimeZone::utc(), world.situation), start);
  world.situation.now = start;
  EXPECT_EQ(what_is_due(world.strategy, TimeZone::utc(), world.situation).start.size(), 1U);
}

TEST(Due, WhatIsDueInTheSameMinuteIsCapturedOnce) {
  World world(
      two_places("      hourly: { every: 1h, to: near, keep: 7d }\n"
                 "      daily: { at: \"00:00\", to: [far, near], keep: 30d }\n"
                 "      weekly: { type: full, at: \"00:00\", to: far, keep: 90d }\n"));
  world.plan("hourly").served = at("1T23:00");
  EXPECT_THAT(world.due("2T00:00"),
              ElementsAre("hourly schedule 2T00:00, daily schedule 2T00:00 > near far",
                          "weekly schedule 2T00:00 > far"));
}

TEST(Due, JitterDoesNotPartWhatIsDueInTheSameMinute) {
  World world(
      two_places("      hourly: { every: 1h, to: near, keep: 7d }\n"
                 "      daily: { at: \"00:00\", to: far, keep: 30d, jitter: 50m }\n"
                 "      shy: { at: \"00:00\", to: far, keep: 30d, blackout: "
                 "\"23:00-01:00\" }\n"));
  world.plan("hourly").served = at("1T23:00");
  EXPECT_THAT(world.due("2T00:00"),
              ElementsAre("hourly schedule 2T00:00, daily schedule 2T00:00 > near far"));
}

TEST(Due, ACopyComesAfterWhatItCopies) {
  World world(
      two_places("      hourly: { every: 1h, to: near, keep: 7d }\n"
                 "      daily: { copy: hourly, at: \"00:00\", to: far, keep: 30d }\n"
                 "      odd: { copy: hourly, at: \"00:30\", to: far, keep: 30d }\n"));
  world.plan("hourly").served = at("1T23:00");
  EXPECT_THAT(world.due("2T00:00"), ElementsAre("hourly schedule 2T00:00 > near"));
  world.situation.under_way = {{{{"home", "hourly"}}, {"near"}}};
  EXPECT_THAT(world.due("2T00:10"), IsEmpty());
  EXPECT_THAT(world.due("2T00:30"), ElementsAre("odd schedule 2T00:30 > far"));
  world.plan("odd").served = at("2T00:30");
  world.situation.under_way.clear();
  world.plan("hourly").served = at("2T00:00");
  EXPECT_THAT(world.due("2T00:40"), ElementsAre("daily schedule 2T00:00 > far"));
  // One that fails and waits to be tried again doesn't hold its copies up.
  world.plan("hourly").served = at("1T23:00");
  world.plan("hourly").retry_at = at("2T00:50");
  EXPECT_THAT(world.due("2T00:40"), ElementsAre("daily schedule 2T00:00 > far"));
}

TEST(Due, EventsAreServedOneByOne) {
  World world(small_strategy("{ when: event deploy, to: disk, keep: 7d }"));
  world.plan("daily").event_seen = 5;
  world.plan("daily").event_served = 3;
  EXPECT_THAT(world.due("2T00:07"), ElementsAre("daily event 2T00:07 #4 > disk"));
  world.plan("daily").event_served = 5;
  EXPECT_THAT(world.due("2T00:07"), IsEmpty());
  EXPECT_EQ(world.wake("2T00:07"), "never");
}

TEST(Due, ChangesSettleAndAreSweptFor) {
  World world(
      small_strategy("{ when: change, settle: 5m, at-most: 20m, sweep: 1h, to: disk, "
                     "keep: { versions: 3 } }"));
  auto& state = world.plan("daily");
  state.served = at("2T01:00");
  EXPECT_THAT(world.due("2T01:10"), IsEmpty());
  state.first_change = at("2T01:10");
  state.last_change = at("2T01:10");
  EXPECT_EQ(world.wake("2T01:12"), "2T01:15");
  EXPECT_THAT(world.due("2T01:14"), IsEmpty());
  EXPECT_THAT(world.due("2T01:15"), ElementsAre("daily change 2T01:15 > disk"));
  state.last_change = at("2T01:29");
  EXPECT_EQ(world.wake("2T01:29"), "2T01:30");
  EXPECT_THAT(world.due("2T01:30"), ElementsAre("daily change 2T01:30 > disk"));
  state.first_change.reset();
  state.last_change.reset();
  EXPECT_THAT(world.due("2T02:00"), ElementsAre("daily schedule 2T02:00 > disk"));
}

TEST(Due, CommitsAndSnapshotsAreServedTogether) {
  World world(
      "strategy: s\nlocations: { disk: { url: /b } }\ncomponents:\n  home:\n"
      "    git: { path: . }\n"
      "    plans: { p: { when: commit, to: disk, keep: 7d } }\n"
      "    verify: { v: { after: each, level: intact } }\n");
  world.plan("p").commit_seen = 3;
  world.verification("v").event_seen = 7;
  EXPECT_THAT(world.due("2T00:07"),
              ElementsAre("p commit 2T00:07 #3 > disk", "v event 2T00:07 #7 > disk"));
}

TEST(Due, OtherHostsDisabledPlansAndKindsThatAreNotBuilt) {
  const std::string plan =
      ", plans: { p: { every: 1h, to: disk, keep: 7d }, q: { every: 2h, to: "
      "disk, keep: 7d } } }\n";
  World world(
      "strategy: s\nlocations: { disk: { url: /b } }\ncomponents:\n"
      "  a: { host: there, files: { paths: [/a] }" +
      plan + "  b: { host: here, files: { paths: [/a] }" + plan +
      "  c: { enabled: false, files: { paths: [/a] }" + plan +
      "  d: { vault: { url: \"https://v\" }" + plan +
      "  e: { files: { paths: [/a] }, plans: { p: { every: 1h, to: disk, keep: 7d, "
      "enabled: false } } }\n");
  world.situation.now = at("1T12:30");
  EXPECT_THAT(what_is_due(world.strategy, TimeZone::utc(), world.situation).not_built,
              ElementsAre("d"));
  EXPECT_THAT(world.due("1T13:00"), ElementsAre("p schedule 1T13:00 > disk"));
}

TEST(Due, LimitsHoldBack) {
  std::string text =
      "strategy: s\nlimits: { runs: 3, per-component: 1 }\nlocations:\n"
      "  near: { url: /a }\n  far: { url: /b, runs: 1 }\ncomponents:\n";
  for (const auto* name : {"a", "b", "c", "d", "e"}) {
    text += fmt::format(
        "  {}:\n    files: {{ paths: [/x] }}\n    plans:\n"
        "      {}1: {{ every: 1h, to: {}, keep: 7d }}\n"
        "      {}2: {{ type: full, every: 1h, to: near, keep: 7d }}\n",
        name, name, *name < 'c' ? "far" : "near", name);
  }
  World world(text);
  EXPECT_THAT(world.due("1T13:00"),
              ElementsAre("a1 schedule 1T13:00 > far", "b2 schedule 1T13:00 > near",
                          "c1 schedule 1T13:00 > near"));
  EXPECT_EQ(world.held().size(), 7U);
  world.situation.under_way = {{{{"a", "a1"}}, {"far"}}, {{{"e", "e1"}}, {"near"}}};
  EXPECT_THAT(world.due("1T13:00"), ElementsAre("b2 schedule 1T13:00 > near"));
}

TEST(Due, AClockThatWasWrongSilencesNothing) {
  World world(small_strategy("{ every: 1h, to: disk, keep: 7d }"));
  world.plan("daily").served = base::parse_utc("2031-01-01T00:00:00Z").value();
  EXPECT_THAT(world.due("3T00:30"), ElementsAre("daily catch-up 3T00:00 +23 > disk"));
  // A step back of moments serves nothing twice.
  world.plan("daily").served = at("3T01:00");
  EXPECT_THAT(world.due("3T00:59"), IsEmpty());
}

TEST(Due, ReasonsHaveNames) {
  EXPECT_EQ(reason_name(Reason::schedule), "schedule");
  EXPECT_EQ(reason_name(Reason::commit), "commit");
}

TEST(Due, OnlySomeComponentsMayBeLookedAt) {
  World world(
      "strategy: two\nlocations: { disk: { url: /backups } }\ncomponents:\n"
      "  a: { files: { paths: [/a] }, plans: { p: { every: 1h, to: { disk: 7d } } } }\n"
      "  b: { files: { paths: [/b] }, plans: { p: { every: 2h, to: { disk: 7d } } } }\n");
  world.situation.now = at("1T14:30");
  auto all = what_is_due(world.strategy, TimeZone::utc(), world.situation);
  EXPECT_EQ(all.start.size(), 2U);
  EXPECT_EQ(all.wakes["a"], at("1T15:00"));
  EXPECT_EQ(all.wakes["b"], at("1T16:00"));
  EXPECT_EQ(next_wake(world.strategy, TimeZone::utc(), world.situation), at("1T15:00"));
  world.situation.components = {"b"};
  const auto some = what_is_due(world.strategy, TimeZone::utc(), world.situation);
  ASSERT_EQ(some.start.size(), 1U);
  EXPECT_EQ(some.start[0].serves[0].task.component, "b");
  EXPECT_EQ(some.wakes.size(), 1U);
}

}  // namespace
}  // namespace holdfast::strategy
