// Retention of logs: pieces that longer ones replace, and what lies before every base that counts.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/result.hpp"
#include "engine/log_window.hpp"
#include "engine/workplace.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::engine {

struct LogExpiryReport {
  std::uint64_t pieces = 0;  // removed
  std::uint64_t bytes = 0;
};

// Of one component at one location. `from`: as retention says, nothing: all of the log stays, and
// only what is there twice goes. What a lock still holds stays until it ends. Leaves evidence of
// what was removed for its age.
base::Result<LogExpiryReport> expire_log(
    const Workplace& workplace, const strategy::Component& component, const std::string& location,
    repository::Repository& repository, const repository::SnapshotList& list,
    std::optional<base::Time> from, const std::stop_token& stop);

// Which of a log's pieces lie before a base that began at `from` or after, whose end is `base`:
// stored before, on its lineage or an earlier one, and not reaching beyond its end. Pure.
[[nodiscard]] std::vector<repository::LogPiece> pieces_before(
    const std::vector<repository::LogPiece>& pieces, const LogBase& base, base::Time from);

}  // namespace holdfast::engine
