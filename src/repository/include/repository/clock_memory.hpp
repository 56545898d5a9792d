// ClockMemory: what a machine that prunes remembers of the storage's clock beside its own, so that
// a storage clock which jumps forward doesn't end a grace that never passed
// (docs/internals/prune.md).
#pragma once

#include <optional>

#include "repository/repository.hpp"

namespace holdfast::repository {

struct ClockMemory {
  base::Time storage;      // as told by the storage,
  base::Time local;        // and by this machine at the same moment
  base::Time counts_from;  // whatever was condemned before counts as condemned then
  auto operator<=>(const ClockMemory&) const = default;
};

// A pure function. If the storage's clock has gone on by more than a quarter of `grace` beyond this
// machine's since `before`, one of the two has jumped, and time counts anew from now.
[[nodiscard]] ClockMemory remember(const std::optional<ClockMemory>& before, base::Time storage_now,
                                   base::Time local_now, base::Duration grace);

// Brings the memory in the local cache up to date. A memory that is missing or unreadable is a
// first meeting.
base::Result<ClockMemory> remember_clock(const Repository& repository, base::Time storage_now);

}  // namespace holdfast::repository
