// A child process whose output we want: run to its end, within limits, with an environment that
// keeps our secrets.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::io {

struct ChildCommand {
  // argv[0] is looked up in PATH. Secrets never go here: everyone can read a process list.
  std::vector<std::string> arguments;
  // Environment variables that the child does not inherit.
  std::vector<std::string> hidden_variables{"BACKUP_ENCRYPTION_KEY"};
  // "NAME=value", besides those that it inherits. No secrets: others of the same user can read
  // them.
  std::vector<std::string> variables = {};
  std::string working_directory = {};  // empty: ours
  // More output is an error, and the child is ended.
  std::size_t output_size_max = 64 * 1024;
  // After this the child is ended.
  base::Duration timeout = base::minutes(2);
};

// `line` as /bin/sh reads it.
[[nodiscard]] ChildCommand shell_command(std::string line);

// Runs it and returns what it wrote to standard output, which may be a secret. Its standard error
// is ours, its standard input is empty; it stays in our process group, so that it can use the
// terminal. Fails if it can't be started (not_found, permission_denied), doesn't end with 0 (io,
// with the status), takes too long (unavailable), writes too much (invalid_argument), or `stop` is
// requested (cancelled). Errors never hold its output or its arguments beyond the first.
base::Result<base::SecretBytes> run_child(const ChildCommand& command,
                                          const std::stop_token& stop = {});

}  // namespace holdfast::io
