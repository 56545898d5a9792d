// ThreadExecutor: one thread of the operating system for every task.
#include "io/executor.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <system_error>
#include <thread>

#include "base/check.hpp"
#include "cpu_limit.hpp"

namespace holdfast::io {

namespace {

// Longer waits are cut to this, so that adding one to the clock's reading can't overflow.
constexpr base::Duration wait_max = base::days(365);

std::chrono::nanoseconds clamp_wait(base::Duration duration) {
  return std::chrono::nanoseconds(std::clamp(duration, base::Duration{}, wait_max).nanoseconds);
}

class ThreadSignal final : public Signal {
 public:
  void wait(std::unique_lock<std::mutex>& lock) override { changed_.wait(lock); }
  // The steady clock: a jump of the wall clock neither cuts the wait nor stretches it.
  void wait_for(std::unique_lock<std::mutex>& lock, base::Duration timeout) override {
    changed_.wait_until(lock, std::chrono::steady_clock::now() + clamp_wait(timeout));
  }
  void notify_all() override { changed_.notify_all(); }

 private:
  std::condition_variable changed_;
};

class ThreadTask final : public Task {
 public:
  explicit ThreadTask(std::thread thread) : thread_(std::move(thread)) {}
  ThreadTask(const ThreadTask&) = delete;
  ThreadTask& operator=(const ThreadTask&) = delete;
  ~ThreadTask() override { join(); }
  void join() override {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

void name_this_thread(std::string name) {
  name.resize(std::min<std::size_t>(name.size(), 15));  // the kernel's limit, without the zero
  ::pthread_setname_np(::pthread_self(), name.c_str());
}

unsigned allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
  return std::thread::hardware_concurrency();  // a machine with more than CPU_SETSIZE cores
}

}  // namespace

std::unique_ptr<Task> ThreadExecutor::spawn(std::string name, std::function<void()> body) {
  try {
    return std::make_unique<ThreadTask>(
        std::thread([name = std::move(name), body = std::move(body)]() mutable {
          name_this_thread(std::move(name));
          body();
        }));
  } catch (const std::system_error&) {
    CHECK(false, "the operating system gives no more threads: raise the limit (ulimit -u)");
  }
}

std::unique_ptr<Signal> ThreadExecutor::make_signal() { return std::make_unique<ThreadSignal>(); }

unsigned ThreadExecutor::concurrency() const {
  const unsigned cores = std::max(1U, allowed_cores());
  const auto quota = cpu_quota_of_this_process();
  return quota ? std::min(cores, std::max(1U, *quota)) : cores;
}

void ThreadExecutor::sleep(base::Duration duration, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, std::move(stop), std::chrono::steady_clock::now() + clamp_wait(duration),
                   [] { return false; });
}

}  // namespace holdfast::io
