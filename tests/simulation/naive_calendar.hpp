// NaiveCalendar: at which minutes a schedule of the strategy is due, found by walking through all
// minutes of some years with the C library's idea of local time. Shares nothing with the program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "strategy/when.hpp"

namespace holdfast::simulation {

class NaiveCalendar {
 public:
  // Of the whole minutes in [start, start + days). Sets the process's TZ while it is made.
  NaiveCalendar(const std::string& zone, base::Time start, int days);

  // All instants at which the clock makes it due, ascending.
  [[nodiscard]] std::vector<base::Time> slots(const strategy::When& when) const;

  struct Local {
    std::int64_t day = 0;  // since 1970-01-01
    int hour = 0;
  };
  [[nodiscard]] Local local(base::Time at) const;
  // How often the clock was set forward or back.
  [[nodiscard]] int changes() const { return changes_; }

 private:
  [[nodiscard]] base::Time when(std::size_t index) const;
  template <typename Condition>
  [[nodiscard]] std::vector<base::Time> first_reached(Condition condition) const;
  [[nodiscard]] std::vector<base::Time> every(std::int64_t minutes) const;

  base::Time start_;
  std::vector<std::int64_t> local_;  // minutes since 1970-01-01 by the wall clock
  int changes_ = 0;
};

struct NaiveDate {
  int year = 0;
  int month = 0;  // from 1
  int day = 0;
};
[[nodiscard]] NaiveDate naive_date(std::int64_t day);
// 0 is Sunday.
[[nodiscard]] int naive_weekday(std::int64_t day);

}  // namespace holdfast::simulation
