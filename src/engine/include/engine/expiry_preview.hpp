// Preview of an expiry: day by day what stays and why, what goes, as a list and as a calendar of
// months; and whether so much goes that somebody should say that it is meant.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/expiry.hpp"
#include "strategy/time_zone.hpp"

namespace holdfast::engine {

struct PreviewedSnapshot {
  std::string id;  // hexadecimal
  base::Time captured;
  std::vector<std::string> plans;
  std::vector<std::string> because;  // why it stays; empty: it goes
  [[nodiscard]] bool goes() const noexcept { return because.empty(); }
};

struct PreviewedDay {
  strategy::DayNumber day = 0;
  std::vector<PreviewedSnapshot> snapshots;  // by capture
};

struct ExpiryPreview {
  std::vector<PreviewedDay> days;  // ascending; those that have snapshots
  std::uint64_t kept = 0;
  std::uint64_t going = 0;
  // Why it is drastic, in words: more than half of the snapshots go, or all of a plan's.
  std::optional<std::string> drastic;
};

[[nodiscard]] ExpiryPreview preview_of(const ExpiryDecision& decision,
                                       const strategy::TimeZone& zone);

// Lines of at most 40 columns: a title for each month that has snapshots, and its weeks. A day is
// marked + (what it has stays), - (it goes), or ± (some of it goes).
[[nodiscard]] std::vector<std::string> calendar_lines(const ExpiryPreview& preview);

}  // namespace holdfast::engine
