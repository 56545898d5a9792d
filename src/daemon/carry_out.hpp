// Carrying out one assignment of the scheduler.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "catalog/run.hpp"
#include "engine/progress.hpp"
#include "engine/scheduler.hpp"
#include "engine/workplace.hpp"

namespace holdfast::daemon {

struct CarriedOut {
  catalog::RunState state = catalog::RunState::failed;
  std::string message;
  // What it means for the schedule; nothing: what follows from the state.
  std::optional<engine::Ending> ending = {};
};

// `began` is told the id of the run once it has one. An error of the catalog is a failure with its
// message.
CarriedOut carry_out(const engine::Workplace& workplace, const engine::Assignment& assignment,
                     const std::function<void(const std::string&)>& began,
                     const engine::ProgressCall& progress, std::stop_token stop);

}  // namespace holdfast::daemon
