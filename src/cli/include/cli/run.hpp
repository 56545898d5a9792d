// run: the whole program behind main. It gets all that belongs to the process and gives back its
// exit status.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace holdfast::cli {

// Secrets that came in the environment. They are taken out of it first of all, so that no child
// inherits them.
struct Secrets {
  base::SecretBytes key;            // BACKUP_ENCRYPTION_KEY; empty if not set
  base::SecretBytes new_key;        // HOLDFAST_NEW_KEY; empty if not set
  base::SecretBytes from_key = {};  // HOLDFAST_FROM_KEY; empty if not set
};

// Reads the three variables, overwrites their values where they lie in memory and removes them. Not
// thread-safe: call it while the process has one thread.
[[nodiscard]] Secrets take_secrets_from_environment();

struct Process {
  std::vector<std::string> arguments;  // without the program's name
  std::ostream& out;                   // results
  std::ostream& err;                   // errors, warnings, progress
  Secrets secrets;
};

// Carries out one command. The status is one of exit_code.hpp's.
[[nodiscard]] int run(Process process);

}  // namespace holdfast::cli
