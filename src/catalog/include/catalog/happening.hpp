// Happenings: each `holdfast event`, in the order in which they came.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::catalog {

class Database;

struct HappeningRecord {
  std::int64_t number = 0;  // ascending; given by add()
  std::string event;
  std::string id;  // the user's own, or empty
  std::map<std::string, std::string> tags;
  base::Time at;
};

// Calls are thread-safe and durable when they return; errors are the database's.
class Happenings {
 public:
  explicit Happenings(Database& database) : database_(database) {}

  base::Result<std::int64_t> add(const HappeningRecord& record);
  // With a higher number than `after`, ascending. An empty event: any.
  base::Result<std::vector<HappeningRecord>> list(const std::string& event, std::int64_t after);
  // How many there are with this number or a lower one.
  base::Result<std::uint64_t> count(const std::string& event,
                                    std::int64_t until = std::numeric_limits<std::int64_t>::max());
  // The highest number; 0 if there is none.
  base::Result<std::int64_t> newest();

 private:
  Database& database_;
};

}  // namespace holdfast::catalog
