// Alert: which finding is told with which severity; and severities, which name the channels.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "strategy/diagnostic.hpp"
#include "strategy/location.hpp"

namespace holdfast::strategy {

enum class Finding {
  failed,        // a run failed
  missing,       // no snapshot when one was due
  size,          // a snapshot outside its usual size
  storage,       // a location fuller than it should be
  verification,  // one failed or is overdue
  drill,         // a drill failed, took too long or is overdue
  objective,     // RPO, RTO or a rate missed
  lag,           // a log or mirror is behind
  upload,        // a location didn't take its copy
};
constexpr std::size_t finding_count = 9;
[[nodiscard]] std::string_view finding_name(Finding finding) noexcept;

struct Alert {
  Finding finding = Finding::failed;
  Position position;
  std::string severity;
  Position severity_position;
  std::optional<base::Duration> after;    // missing, lag: only when it is so late
  std::optional<base::Duration> lasting;  // `for`: only when it has lasted so long
  std::optional<double> below_percent;
  std::optional<double> above_percent;
};

struct SeverityRoute {
  std::string name;
  Position position;
  std::vector<std::string> channels;
};

struct Channel {
  std::string name;
  Position position;
  SecretReference address;
};

}  // namespace holdfast::strategy
