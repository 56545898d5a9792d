// Runs the program inside a test: arguments in, exit status and both streams out.
#pragma once

#include <string>
#include <vector>

#include "cli/run.hpp"

namespace holdfast::cli {

struct Ran {
  int status = 0;
  std::string out;
  std::string err;
};

[[nodiscard]] Ran run_with(std::vector<std::string> arguments, std::string_view passphrase = {});

}  // namespace holdfast::cli
