// Timeline histories of PostgreSQL ("Timelines"): which timelines came before one, and where each
// was left. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "wire/postgres_messages.hpp"

namespace holdfast::source {

struct TimelineAncestor {
  std::uint32_t timeline = 0;
  wire::Lsn left_at = 0;
};

// The content of NNNNNNNN.history: the oldest first. damaged: no such file.
base::Result<std::vector<TimelineAncestor>> parse_timeline_history(std::string_view text);

}  // namespace holdfast::source
