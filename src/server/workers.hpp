// Workers: a fixed number of tasks that run what is given to them, in order.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "io/executor.hpp"

namespace holdfast::server {

class Workers {
 public:
  Workers(io::Executor& executor, unsigned count);
  // Waits for what runs; what waits is dropped.
  ~Workers();

  void add(std::function<void()> work);

 private:
  void run();

  std::mutex mutex_;
  std::unique_ptr<io::Signal> changed_;
  std::deque<std::function<void()>> waiting_;
  bool is_ending_ = false;
  std::vector<std::unique_ptr<io::Task>> tasks_;
};

}  // namespace holdfast::server
