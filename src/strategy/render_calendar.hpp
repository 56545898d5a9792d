// Schedules in the words of cron and of systemd's OnCalendar=.
#pragma once

#include <string>
#include <vector>

#include "strategy/when.hpp"

namespace holdfast::strategy {

// Several expressions mean: at the times of any of them.
struct CalendarText {
  std::vector<std::string> expressions;
  std::vector<std::string> unsaid;  // in words; each is a part for which there is no expression
};

// cron: as in Debian and most systems, where a field that begins with * limits nothing by itself.
// kubernetes: where */2 does.
enum class CronDialect { cron, kubernetes };

// `when` is timed.
[[nodiscard]] CalendarText cron_times(const When& when, CronDialect dialect);
[[nodiscard]] CalendarText systemd_times(const When& when, const std::string& timezone);

}  // namespace holdfast::strategy
