// RunLog: lines of a program into a run's log, bounded: the first ones as they come, of many more
// the last ones at the end.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "engine/workplace.hpp"

namespace holdfast::engine {

// Used by one task. A log that can't be written stops nothing: the run's end will say that the
// catalog has trouble.
class RunLog {
 public:
  // `run`: empty: goes nowhere.
  RunLog(const Workplace& workplace, std::string run)
      : workplace_(workplace), run_(std::move(run)) {}
  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  void add(std::string_view raw);

 private:
  void write(const std::string& text);

  const Workplace& workplace_;
  const std::string run_;
  std::uint64_t count_ = 0;
  std::deque<std::string> last_;
};

}  // namespace holdfast::engine
