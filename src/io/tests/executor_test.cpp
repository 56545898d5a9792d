// ThreadExecutor: tasks run beside each other, signals wake, waits end in time.
#include "io/executor.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <thread>

namespace holdfast::io {
namespace {

using base::milliseconds;
using base::seconds;

TEST(ThreadExecutor, TasksRunAtTheSameTime) {
  ThreadExecutor executor;
  const auto signal = executor.make_signal();
  std::mutex mutex;
  int here = 0;
  const auto meet = [&] {
    std::unique_lock lock(mutex);
    ++here;
    signal->notify_all();
    while (here < 2) signal->wait(lock);  // neither can go on alone
  };
  const auto a = executor.spawn("a", meet);
  const auto b = executor.spawn("b", meet);
  a->join();
  b->join();
  EXPECT_EQ(here, 2);
}

TEST(ThreadExecutor, ATasksDestructorWaitsForItsEnd) {
  ThreadExecutor executor;
  std::atomic<bool> done{false};
  {
    const auto task = executor.spawn("slow", [&] {
      executor.sleep(milliseconds(30), {});
      done = true;
    });
  }
  EXPECT_TRUE(done);
}

TEST(ThreadExecutor, JoiningTwiceIsHarmless) {
  ThreadExecutor executor;
  const auto task = executor.spawn("task", [] {});
  task->join();
  task->join();
}

TEST(ThreadExecutor, NamesItsThreads) {
  ThreadExecutor executor;
  std::array<char, 16> name{};
  executor
      .spawn("a name longer than the kernel takes",
             [&] { ::pthread_getname_np(::pthread_self(), name.data(), name.size()); })
      ->join();
  EXPECT_STREQ(name.data(), "a name longer t");
}

TEST(ThreadExecutor, WaitForGivesUpAfterItsTimeout) {
  ThreadExecutor executor;
  const auto signal = executor.make_signal();
  std::mutex mutex;
  std::unique_lock lock(mutex);
  const base::SystemClock clock;
  const auto start = clock.monotonic();
  while (clock.monotonic() < start + milliseconds(20)) signal->wait_for(lock, milliseconds(20));
  EXPECT_TRUE(lock.owns_lock());
  EXPECT_LT(clock.monotonic(), start + seconds(10));
}

TEST(ThreadExecutor, WaitForTakesAnyDuration) {
  ThreadExecutor executor;
  const auto signal = executor.make_signal();
  std::mutex mutex;
  bool woken = false;
  const auto task = executor.spawn("waiter", [&] {
    std::unique_lock lock(mutex);
    signal->wait_for(lock, milliseconds(-5));
    while (!woken) signal->wait_for(lock, {INT64_MAX});
  });
  {
    const std::lock_guard lock(mutex);
    woken = true;
    signal->notify_all();
  }
  task->join();
}

TEST(ThreadExecutor, SleepEndsWhenStopIsRequested) {
  ThreadExecutor executor;
  std::stop_source stop;
  const auto task =
      executor.spawn("sleeper", [&] { executor.sleep(base::hours(1), stop.get_token()); });
  stop.request_stop();
  task->join();  // would last an hour
  executor.sleep(base::hours(1), stop.get_token());
}

TEST(ThreadExecutor, SleepLastsAsLongAsAsked) {
  ThreadExecutor executor;
  const base::SystemClock clock;
  const auto start = clock.monotonic();
  executor.sleep(milliseconds(25), {});
  EXPECT_GE(clock.monotonic(), start + milliseconds(25));
  executor.sleep(milliseconds(-1), {});
}

TEST(ThreadExecutor, ConcurrencyIsAtLeastOneAndAtMostTheMachine) {
  const ThreadExecutor executor;
  EXPECT_GE(executor.concurrency(), 1U);
  EXPECT_LE(executor.concurrency(), std::max(1U, std::thread::hardware_concurrency()));
}

TEST(ThreadExecutor, ConcurrencyHonoursTheAffinityMask) {
  ThreadExecutor executor;
  unsigned seen = 0;
  executor
      .spawn("pinned",
             [&] {
               cpu_set_t set;
               ASSERT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
               int first = 0;
               while (!CPU_ISSET(first, &set)) ++first;
               CPU_ZERO(&set);
               CPU_SET(first, &set);
               ASSERT_EQ(::sched_setaffinity(0, sizeof set, &set), 0);
               seen = executor.concurrency();
             })
      ->join();
  EXPECT_EQ(seen, 1U);
}

}  // namespace
}  // namespace holdfast::io
