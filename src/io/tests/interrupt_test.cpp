// Interrupt: the first signal asks, the second ends, and afterwards everything is as before.
#include "io/interrupt.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace holdfast::io {
namespace {

// Runs `body` in a process of its own and returns its status as waitpid gives it.
template <typename Body>
int status_of(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::alarm(30);
    body();
    ::_exit(0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return status;
}

void await(const std::stop_token& token) {
  while (!token.stop_requested()) ::usleep(1000);
}

class InterruptTest : public testing::TestWithParam<int> {};

TEST_P(InterruptTest, TheFirstSignalRequestsAStop) {
  ThreadExecutor executor;
  const Interrupt interrupt(executor);
  EXPECT_FALSE(interrupt.token().stop_requested());
  EXPECT_EQ(interrupt.signal(), 0);
  ::raise(GetParam());
  await(interrupt.token());
  EXPECT_EQ(interrupt.signal(), GetParam());
}

TEST_P(InterruptTest, TheSecondSignalEndsTheProcess) {
  const int number = GetParam();
  const int status = status_of([number] {
    ThreadExecutor executor;
    const Interrupt interrupt(executor);
    ::raise(number);
    await(interrupt.token());
    ::raise(number);
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), number);
}

TEST(Interrupt, HangupsAreCountedWhereThatIsAskedFor) {
  ThreadExecutor executor;
  const Interrupt interrupt(executor, Interrupt::Hangup::is_counted);
  ::raise(SIGHUP);
  ::raise(SIGHUP);
  EXPECT_EQ(interrupt.hangups(), 2U);
  EXPECT_FALSE(interrupt.token().stop_requested());
  ::raise(SIGTERM);
  await(interrupt.token());
  EXPECT_EQ(interrupt.signal(), SIGTERM);
}

INSTANTIATE_TEST_SUITE_P(Signals, InterruptTest, testing::Values(SIGINT, SIGTERM, SIGHUP));

TEST(Interrupt, ASecondSignalOfAnotherKindEndsTheProcessToo) {
  const int status = status_of([] {
    ThreadExecutor executor;
    const Interrupt interrupt(executor);
    ::raise(SIGINT);
    await(interrupt.token());
    ::raise(SIGTERM);
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

TEST(Interrupt, AfterItSignalsDoWhatTheyDidBefore) {
  const int status = status_of([] {
    ThreadExecutor executor;
    {
      const Interrupt interrupt(executor);
    }
    ::raise(SIGTERM);
  });
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST(Interrupt, CanBeMadeAgain) {
  ThreadExecutor executor;
  for (int i = 0; i < 20; ++i) {
    const Interrupt interrupt(executor);
    if (i % 2 == 0) continue;
    ::raise(SIGINT);
    await(interrupt.token());
  }
}

TEST(Interrupt, WhatWasIgnoredStaysIgnored) {
  const int status = status_of([] {
    ::signal(SIGHUP, SIG_IGN);
    ThreadExecutor executor;
    const Interrupt interrupt(executor);
    ::raise(SIGHUP);
    ::raise(SIGHUP);
    ::usleep(10'000);
    if (interrupt.token().stop_requested()) ::_exit(1);
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace holdfast::io
