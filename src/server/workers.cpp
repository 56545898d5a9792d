// One queue for all of them.
#include "workers.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::server {

Workers::Workers(io::Executor& executor, unsigned count) : changed_(executor.make_signal()) {
  for (unsigned i = 0; i < std::max(1U, count); ++i) {
    tasks_.push_back(executor.spawn("http worker", [this] { run(); }));
  }
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    waiting_.clear();
    changed_->notify_all();
  }
  for (auto& task : tasks_) task->join();
}

void Workers::add(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (is_ending_) return;
  waiting_.push_back(std::move(work));
  changed_->notify_all();
}

void Workers::run() {
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    if (waiting_.empty()) {
      changed_->wait(lock);
      continue;
    }
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace holdfast::server
