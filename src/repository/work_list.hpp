// A list of pieces of work, done by a few tasks at once.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "io/executor.hpp"

namespace holdfast::repository {

// Calls `work` with each number below `count`, from at most `tasks_max` tasks; the first error ends
// it all. cancelled if `stop` is requested. For work that mostly waits for answers.
inline base::Result<void> work_waiting(io::Executor& executor, std::size_t tasks_max,
                                       std::size_t count,
                                       const std::function<base::Result<void>(std::size_t)>& work,
                                       const std::stop_token& stop) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::optional<base::Error> failure;
  const auto has_failed = [&] {
    const std::lock_guard lock(mutex);
    return failure.has_value();
  };
  const auto run = [&] {
    for (;;) {
      const auto number = next.fetch_add(1);
      if (number >= count || stop.stop_requested() || has_failed()) return;
      auto done = work(number);
      if (done.ok()) continue;
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::move(done).error();
    }
  };
  const auto wanted = std::min(tasks_max, count);
  std::vector<std::unique_ptr<io::Task>> tasks;
  for (std::size_t i = 1; i < wanted; ++i) tasks.push_back(executor.spawn("work", run));
  run();
  for (auto& task : tasks) task->join();
  if (failure) return *failure;
  if (stop.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
  return {};
}

// The same for work that needs the processors.
inline base::Result<void> work_through(io::Executor& executor, std::size_t tasks_max,
                                       std::size_t count,
                                       const std::function<base::Result<void>(std::size_t)>& work,
                                       const std::stop_token& stop) {
  const std::size_t processors = std::max(1U, executor.concurrency());
  return work_waiting(executor, std::min(processors, tasks_max), count, work, stop);
}

}  // namespace holdfast::repository
