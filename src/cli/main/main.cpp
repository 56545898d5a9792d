// The program: hands the process's arguments, streams and secrets to holdfast::cli::run.
#include <iostream>

#include "cli/run.hpp"

int main(int count, char** arguments) {
  std::ios::sync_with_stdio(false);
  auto secrets = holdfast::cli::take_secrets_from_environment();
  return holdfast::cli::run({.arguments = {arguments + (count > 0 ? 1 : 0), arguments + count},
                             .out = std::cout,
                             .err = std::cerr,
                             .secrets = std::move(secrets)});
}
