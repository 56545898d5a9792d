// Hooks: programs of the user's around a run.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

// What a hook finds in its environment.
struct HookSurroundings {
  std::string component;
  std::string plan;
  std::string run;
  std::string state;     // of the run, as far as it is known
  std::string snapshot;  // likewise
};

// Runs the commands one after the other in the strategy's folder; each line of output goes into the
// run's log. The first that fails ends it.
base::Result<void> run_hooks(const Workplace& workplace, const std::vector<std::string>& commands,
                             const HookSurroundings& surroundings, std::stop_token stop);

}  // namespace holdfast::engine
