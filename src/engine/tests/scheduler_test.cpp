// The scheduler: a first start, slots that are served once, failures, events, changes, restarts.
#include "engine/scheduler.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "strategy_fixture.hpp"

namespace holdfast::engine {

namespace {

// 2026-11-16 00:00 UTC, a Monday.
constexpr base::Time monday{1'794'787'200 * base::nanoseconds_per_second};

class SchedulerTest : public testing::Test {
 protected:
  explicit SchedulerTest(const std::string& plans = "{ nightly: { at: '03:00', to: { ssd: 7d } } }")
      : test("  files:\n    files: { paths: [data] }\n    plans: " + plans + "\n") {
    test.clock.at(monday);
    start();
  }
  void start() {
    auto opened = Scheduler::open(*test.workplace, test.clock.now());
    ASSERT_TRUE(opened.ok());
    scheduler = std::move(opened).value();
  }
  void pass(base::Duration duration) { test.clock.pass(duration); }
  std::vector<Assignment> take() { return scheduler->take_due().value(); }
  void end(const Assignment& run, Ending ending) {
    ASSERT_TRUE(scheduler->end(run.number, ending).ok());
  }
  void happen(const std::string& event, const std::string& id) {
    ASSERT_TRUE(test.catalog->happenings()
                    .add({.event = event, .id = id, .tags = {}, .at = test.clock.now()})
                    .ok());
  }

  TestStrategyAt test;
  std::optional<Scheduler> scheduler;
};

TEST_F(SchedulerTest, AFirstStartRunsNothingThatIsNotDue) {
  EXPECT_TRUE(take().empty());
  EXPECT_EQ(*scheduler->next_wake(), monday + base::hours(3));
  pass(base::hours(2));
  EXPECT_TRUE(take().empty());
}

TEST_F(SchedulerTest, ASlotIsServedOnce) {
  pass(base::hours(3));
  const auto runs = take();
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].due.serves.at(0).slot, monday + base::hours(3));
  EXPECT_TRUE(take().empty());  // it is under way
  end(runs[0], Ending::served);
  EXPECT_TRUE(take().empty());
  pass(base::days(1));
  EXPECT_EQ(take().size(), 1U);
}

TEST_F(SchedulerTest, WhatWasServedIsRememberedByTheNext) {
  pass(base::hours(3));
  end(take().at(0), Ending::served);
  start();
  EXPECT_TRUE(take().empty());
}

TEST_F(SchedulerTest, WhatWasUnderWayWhenTheProgramDiedIsDueAgain) {
  pass(base::hours(3));
  EXPECT_EQ(take().size(), 1U);
  start();
  EXPECT_EQ(take().size(), 1U);
}

TEST_F(SchedulerTest, WhatWasMissedIsCaughtUpOnce) {
  pass(base::days(5));
  start();
  const auto runs = take();
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].due.serves.at(0).reason, strategy::Reason::catch_up);
  EXPECT_EQ(runs[0].due.serves.at(0).missed, 4U);
  end(runs[0], Ending::served);
  EXPECT_TRUE(take().empty());
}

TEST_F(SchedulerTest, AFailureIsTriedAgainLaterAndLater) {
  pass(base::hours(3));
  for (int minutes = 1; minutes <= 4; minutes *= 2) {
    const auto runs = take();
    ASSERT_EQ(runs.size(), 1U) << minutes;
    end(runs[0], Ending::failed);
    EXPECT_TRUE(take().empty());
    pass(base::minutes(minutes) - base::seconds(1));
    EXPECT_TRUE(take().empty()) << minutes;
    pass(base::seconds(1));
  }
  end(take().at(0), Ending::served);
  pass(base::hours(2));
  EXPECT_TRUE(take().empty());
}

TEST_F(SchedulerTest, WhatWasAbandonedIsDueAtOnce) {
  pass(base::hours(3));
  end(take().at(0), Ending::abandoned);
  EXPECT_EQ(take().size(), 1U);
}

// While it lives no file of this process grows, as on a full disk.
class FullDisk {
 public:
  FullDisk() {
    before_ = ::signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &limit_), 0);
    const rlimit none{.rlim_cur = 1, .rlim_max = limit_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit_), 0);
    ::signal(SIGXFSZ, before_);
  }

 private:
  rlimit limit_{};
  sighandler_t before_ = nullptr;
};

TEST_F(SchedulerTest, WhatCannotBeRememberedComesAgain) {
  pass(base::hours(3));
  const auto runs = take();
  {
    const FullDisk full;
    EXPECT_FALSE(scheduler->end(runs.at(0).number, Ending::served).ok());
  }
  EXPECT_TRUE(take().empty());
  pass(base::minutes(1));
  const auto again = take();
  ASSERT_EQ(again.size(), 1U);
  end(again[0], Ending::served);
  start();
  EXPECT_TRUE(take().empty());
}

TEST_F(SchedulerTest, AClockThatIsSetBackRepeatsNothing) {
  pass(base::hours(3));
  end(take().at(0), Ending::served);
  test.clock.at(monday);
  EXPECT_TRUE(take().empty());
  pass(base::hours(4));
  EXPECT_TRUE(take().empty());
}

TEST_F(SchedulerTest, AClockThatIsSetBackDoesNotPutOffARetry) {
  pass(base::days(10) + base::hours(3));
  end(take().at(0), Ending::failed);
  test.clock.at(monday + base::days(5));
  EXPECT_EQ(take().size(), 1U);
}

TEST_F(SchedulerTest, WhatHangsIsNotStartedAgain) {
  pass(base::hours(3));
  const auto runs = take();
  scheduler->set_aside(runs.at(0).number);
  pass(base::days(1));
  EXPECT_TRUE(take().empty());
  end(runs[0], Ending::failed);
  pass(base::minutes(1));
  EXPECT_EQ(take().size(), 1U);
}

class EventTest : public SchedulerTest {
 protected:
  EventTest()
      : SchedulerTest(
            "{ epoch: { when: event epoch, to: { ssd: 7d } }, late: { when: event epoch, to: { "
            "hdd: 7d } } }") {}
};

TEST_F(EventTest, EachEventHasARunTheOldestFirst) {
  happen("epoch", "1");
  happen("other", "x");
  happen("epoch", "2");
  auto runs = take();
  ASSERT_EQ(runs.size(), 1U);  // both plans: one capture
  EXPECT_EQ(runs[0].due.serves.size(), 2U);
  EXPECT_EQ(runs[0].happening->id, "1");
  end(runs[0], Ending::served);
  runs = take();
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].happening->id, "2");
  end(runs[0], Ending::served);
  EXPECT_TRUE(take().empty());
}

TEST_F(EventTest, EventsFromBeforeTheFirstStartAreNobodys) {
  TestStrategyAt other(
      "  files:\n    files: { paths: [data] }\n    plans: { e: { when: event x, to: { ssd: 7d } } "
      "}\n");
  ASSERT_TRUE(other.catalog->happenings()
                  .add({.event = "x", .id = {}, .tags = {}, .at = other.clock.now()})
                  .ok());
  auto opened = Scheduler::open(*other.workplace, other.clock.now());
  EXPECT_TRUE(opened.value().take_due().value().empty());
}

class ChangeTest : public SchedulerTest {
 protected:
  ChangeTest() : SchedulerTest("{ changed: { when: change, settle: 5s, to: { ssd: 7d } } }") {}
};

TEST_F(ChangeTest, AChangeSettlesFirst) {
  scheduler->changed("files");
  EXPECT_TRUE(take().empty());
  pass(base::seconds(5));
  const auto runs = take();
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].due.serves.at(0).reason, strategy::Reason::change);
  end(runs[0], Ending::served);
  pass(base::hours(1));
  EXPECT_TRUE(take().empty());
}

TEST_F(ChangeTest, AChangeDuringTheRunIsTakenByTheNext) {
  scheduler->changed("files");
  pass(base::seconds(5));
  const auto runs = take();
  scheduler->changed("files");
  end(runs.at(0), Ending::served);
  pass(base::seconds(5));
  EXPECT_EQ(take().size(), 1U);
}

TEST_F(ChangeTest, AChangeOutlivesAFailure) {
  scheduler->changed("files");
  pass(base::seconds(5));
  end(take().at(0), Ending::failed);
  pass(base::minutes(1));
  EXPECT_EQ(take().size(), 1U);
}

TEST_F(SchedulerTest, AnotherStrategyTakesOver) {
  pass(base::hours(3));
  const auto runs = take();
  TestStrategyAt other(
      "  files:\n    files: { paths: [data] }\n    plans: { nightly: { at: '04:00', to: { ssd: 7d "
      "} } }\n");
  other.clock.at(test.clock.now());
  ASSERT_TRUE(scheduler->use(*other.workplace).ok());
  end(runs.at(0), Ending::served);
  pass(base::hours(1));
  other.clock.pass(base::hours(1));
  EXPECT_EQ(take().size(), 1U);
}

}  // namespace

}  // namespace holdfast::engine
