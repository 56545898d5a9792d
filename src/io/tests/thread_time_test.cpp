// Tests of the thread's processor time.
#include "io/thread_time.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace holdfast::io {

TEST(ThreadTime, grows_with_work_and_not_with_waiting) {
  const auto before = thread_processor_time();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto waited = thread_processor_time();
  EXPECT_LT((waited - before).seconds(), 0.04);
  volatile unsigned long sum = 0;
  while ((thread_processor_time() - waited).seconds() < 0.01) sum = sum + 1;
  EXPECT_GT(sum, 0U);
}

}  // namespace holdfast::io
