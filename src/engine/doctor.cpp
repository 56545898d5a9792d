// Examining with the real threads and clocks.
#include "engine/doctor.hpp"

namespace holdfast::engine {

base::Result<std::vector<storage::Check>> examine(const LocationOptions& options) {
  base::SystemClock clock;
  base::SystemRandom random;
  io::ThreadExecutor executor;
  return storage::examine_location(
      options.url,
      {.executor = executor, .clock = clock, .random = random, .environment = options.environment});
}

}  // namespace holdfast::engine
