// What each location of a strategy holds, against what it may hold.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/workplace.hpp"

namespace holdfast::engine {

struct LocationUse {
  std::string location;
  // Nothing: it could not be looked at, and `message` says why.
  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> capacity;  // as the strategy says
  // Of the file system below a path: what is in use there, and all of it.
  std::optional<std::uint64_t> file_system_bytes;
  std::optional<std::uint64_t> file_system_capacity;
  std::string message;

  // How full it is, in per cent of its capacity, or of its file system if it was given none;
  // nothing if that isn't known.
  [[nodiscard]] std::optional<double> percent() const;
};

// Lists every repository location of the strategy.
base::Result<std::vector<LocationUse>> location_uses(const Workplace& workplace,
                                                     std::stop_token stop);

}  // namespace holdfast::engine
