// parse: from the text of holdfast.yaml to a Strategy, with everything that is wrong with it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "strategy/diagnostic.hpp"
#include "strategy/model.hpp"

namespace holdfast::strategy {

// All that parsing sees of the world. The calls are made during `parse` only, by its thread.
struct Source {
  std::string text;
  std::string name;    // of the file, as messages say it
  std::string folder;  // in which it lies; included files and relative paths start there
  std::optional<std::string> environment;  // instead of the one that the file says
  // The value of an environment variable. HOLDFAST_ENVIRONMENT is answered by the parser itself.
  std::function<std::optional<std::string>(const std::string&)> variable;
  // The text of an included file.
  std::function<base::Result<std::string>(const std::string& path)> read;
};

struct Parsed {
  Strategy strategy;  // complete only if there are no errors
  Diagnostics diagnostics;
};

// Reports every error at once: syntax, unknown and doubled keys, wrong values, names that lead
// nowhere, facts that contradict each other. Promises that can't be kept are found by
// check_promises.
[[nodiscard]] Parsed parse(const Source& source);

}  // namespace holdfast::strategy
