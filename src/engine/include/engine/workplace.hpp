// Workplace: what carrying out a strategy stands on: the strategy, the catalog, this machine.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "catalog/catalog.hpp"
#include "strategy/model.hpp"
#include "strategy/time_zone.hpp"

namespace holdfast::engine {

// Everything is borrowed and outlives what is carried out; the calls are thread-safe.
struct Workplace {
  const strategy::Strategy& strategy;
  strategy::TimeZone zone;
  catalog::Catalog& catalog;
  const base::Clock& clock;
  base::Random& random;
  std::string cache_directory;  // absolute; what is lost there is made again
  std::string
      state_directory;  // absolute; where the catalog lies, and what sources keep between runs
  std::string host;     // this machine's name
  // A variable of the environment.
  std::function<std::optional<std::string>(const std::string&)> environment;
  // The value behind a reference of the strategy. invalid_argument if it isn't there or others can
  // read it.
  std::function<base::Result<base::SecretBytes>(const strategy::SecretReference&)> secret;
};

}  // namespace holdfast::engine
