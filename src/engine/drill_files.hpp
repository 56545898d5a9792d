// The expectation `files`: which of a component's restored files match, how many they are, whether
// they are as many and as large as at capture, and of what type.
#pragma once

#include <stop_token>
#include <string>

#include "drill_checks.hpp"

namespace holdfast::engine {

struct FilesFound {
  DrillOutcome outcome = DrillOutcome::unknown;
  std::string message;  // what was counted, and what is wrong with it
};

// The pattern is one of .gitignore; anchored ones match from / and from the paths of the component.
// Without any bound at least one file must match. An error means that it could not be looked at.
base::Result<FilesFound> check_files(const Workplace& workplace, const RestoredFolder& restored,
                                     const strategy::Expectation& expected,
                                     const std::stop_token& stop);

}  // namespace holdfast::engine
