// ChangeWatches: for each component of this host with a plan `when: change`, whether its files have
// changed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/workplace.hpp"
#include "io/change_watch.hpp"

namespace holdfast::daemon {

// Used by one task. Its calls look at file systems: one that hangs holds the task up.
class ChangeWatches {
 public:
  // What can't be watched is told in the log, once; sweeps find its changes.
  explicit ChangeWatches(const engine::Workplace& workplace);

  // Components that have changed since the last call; at the first, all of them: what happened
  // while nobody looked is unknown.
  std::vector<std::string> take();

 private:
  struct Watched {
    std::string component;
    std::unique_ptr<io::ChangeWatch> watch;  // nullptr: it can't be watched
    bool is_new = true;
  };
  std::vector<Watched> watched_;
};

}  // namespace holdfast::daemon
