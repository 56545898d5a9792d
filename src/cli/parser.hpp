// From arguments to a command and its values, by the declarations.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "declaration.hpp"
#include "invocation.hpp"

namespace holdfast::cli {

struct Parsed {
  enum class Request { run, help, version };
  Request request = Request::run;
  const Command* command = nullptr;  // of run, and of help if it is about a command
  std::string topic;  // of help: the words that were given: "", "snapshot", "snapshot list"
  Values values;
};

// invalid_argument, with a hint, for everything that makes no sense.
base::Result<Parsed> parse(const std::vector<std::string>& arguments);

// Whether --json is among the arguments: an error of parsing is printed as JSON too.
[[nodiscard]] bool asks_for_json(const std::vector<std::string>& arguments);

// The candidate that `word` is probably a slip of; empty if none is near.
[[nodiscard]] std::string closest(std::string_view word,
                                  const std::vector<std::string>& candidates);

}  // namespace holdfast::cli
