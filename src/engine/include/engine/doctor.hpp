// The doctor: what can be proved of a repository's location with the credentials at hand, without a
// passphrase. Later checks of servers join the same list.
#pragma once

#include <vector>

#include "engine/location.hpp"
#include "storage/examination.hpp"

namespace holdfast::engine {

// An error only for a URL that makes no sense.
base::Result<std::vector<storage::Check>> examine(const LocationOptions& options);

}  // namespace holdfast::engine
