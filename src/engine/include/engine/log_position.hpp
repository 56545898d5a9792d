// LogPosition: a place in a component's log, and until when that is.
#pragma once

#include <cstdint>

#include "base/clock.hpp"

namespace holdfast::engine {

struct LogPosition {
  std::uint32_t lineage = 0;
  std::uint64_t position = 0;
  base::Time at;  // by the source's clock: everything until then is there
};

}  // namespace holdfast::engine
