// Starting a child process: its arguments and environment, its three descriptors, its signals.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.hpp"

namespace holdfast::io {

// Borrows what it names.
struct SpawnRequest {
  const std::vector<std::string>& arguments;         // argv[0] is looked up in PATH
  const std::vector<std::string>& hidden_variables;  // not inherited
  const std::vector<std::string>& variables;         // "NAME=value", besides what is inherited
  const std::string& working_directory;              // empty: ours
  int input = -1;                                    // -1: /dev/null
  int output = -1;
  int errors = -1;  // -1: ours
  // own: a session and process group of its own, without our terminal.
  enum class Session { ours, own } session = Session::ours;
};

// Its process id, which is also that of its group if it has an own session. No other descriptor of
// ours is open in it; signals reach it as they reach any program.
base::Result<pid_t> spawn_child(const SpawnRequest& request);

// The error of a status as waitpid gives it; nothing for an exit with 0.
base::Result<void> check_child_status(int status);

}  // namespace holdfast::io
