// WalkAhead: runs a TreeWalk on a task of its own, a bounded distance ahead of whoever takes its
// items, so that names and stat are there when they are asked for.
#pragma once

#include <memory>
#include <vector>

#include "io/bounded_queue.hpp"
#include "io/executor.hpp"
#include "tree_walk.hpp"

namespace holdfast::source {

// Used by one task; the walk itself runs on another until the end or the destruction of this.
class WalkAhead {
 public:
  WalkAhead(io::Executor& executor, TreeWalk walk);
  ~WalkAhead();
  WalkAhead(const WalkAhead&) = delete;
  WalkAhead& operator=(const WalkAhead&) = delete;
  // The next item, valid until the next call; nullptr at the end.
  WalkItem* next();

 private:
  // Items are reused with the memory of their paths; the first `count` are filled.
  struct Batch {
    std::vector<WalkItem> items;
    std::size_t count = 0;
  };
  using BatchPtr = std::unique_ptr<Batch>;
  void run();
  // False when it is the walk's last.
  bool fill(Batch& batch);
  void give_back();

  TreeWalk walk_;
  io::BoundedQueue<BatchPtr> filled_;
  io::BoundedQueue<BatchPtr> free_;
  BatchPtr current_;
  std::size_t at_ = 0;
  std::unique_ptr<io::Task> task_;
};

}  // namespace holdfast::source
