// How far a mirror of a git repository is behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

struct MirrorLag {
  std::string location;
  // Branches, tags and other refs that differ, are missing there, or no longer exist here.
  std::uint64_t refs_behind = 0;
  // The oldest commit that isn't there; nothing if all are there, or if it isn't known.
  std::optional<base::Time> oldest_commit;
  std::optional<base::Duration> age;  // of that commit
  [[nodiscard]] bool is_in_step() const noexcept { return refs_behind == 0; }
};

// Asks both. Errors: those of commit_state, of either side; unsupported: the location is a bucket.
base::Result<MirrorLag> mirror_lag(const Workplace& workplace, const strategy::Component& component,
                                   const strategy::Location& location, std::stop_token stop);

}  // namespace holdfast::engine
