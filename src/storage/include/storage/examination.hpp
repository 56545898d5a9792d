// Examining a location with the credentials at hand: what can be proved of it, each check on its
// own. Probes are objects of the examination's own, of 32 random bytes; nothing else is touched.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/factory.hpp"

namespace holdfast::storage {

struct Check {
  // warning: nothing fails of it now.
  enum class Outcome { ok, warning, problem, unknown };
  std::string name;  // stable, for scripts: "clock", "delete-version"
  Outcome outcome = Outcome::unknown;
  std::string message;
  std::string advice;  // what to do; empty where nothing is
};
[[nodiscard]] std::string_view outcome_name(Check::Outcome outcome);

// An error only for what is no location at all; a location that doesn't answer is a check that
// says so.
[[nodiscard]] base::Result<std::vector<Check>> examine_location(
    std::string_view url, const StorageDependencies& dependencies,
    const StorageOptions& options = {});

}  // namespace holdfast::storage
