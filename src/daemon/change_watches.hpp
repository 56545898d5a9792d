// ChangeWatches: for each component of this host with a plan `when: change`, whether its files have
// changed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/workplace.hpp"
#include "io/change_watch.hpp"

namespace holdfast::daemon {

// Used by one task.
class ChangeWatches {
 public:
  // What can't be watched is told in the log, once; sweeps find its changes.
  explicit ChangeWatches(const engine::Workplace& workplace);

  // All that are watched, or would be.
  [[nodiscard]] std::vector<std::string> components() const;
  // Components that have changed since the last call.
  std::vector<std::string> take();

 private:
  struct Watched {
    std::string component;
    std::unique_ptr<io::ChangeWatch> watch;  // nullptr: it can't be watched
  };
  std::vector<Watched> watched_;
};

}  // namespace holdfast::daemon
