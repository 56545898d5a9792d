// Slots: since when a plan is known, and up to where it has been served, so that a restart neither
// repeats a run nor forgets one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::catalog {

class Database;

struct SlotRecord {
  base::Time first_seen;
  std::optional<base::Time> served;  // the newest slot whose run has ended well
  std::int64_t happening = 0;        // number of the newest event that was served
  std::uint64_t failures = 0;        // in a row since then
  base::Time retry_at;               // not before
};

// Calls are thread-safe and durable when they return; errors are the database's.
class Slots {
 public:
  explicit Slots(Database& database) : database_(database) {}

  // The row of a plan or verification; made if it isn't known yet, with `happening` as served.
  base::Result<SlotRecord> see(const std::string& component, const std::string& name,
                               base::Time now, std::int64_t happening);
  // The same without making one.
  base::Result<std::optional<SlotRecord>> get(const std::string& component,
                                              const std::string& name);
  base::Result<void> put(const std::string& component, const std::string& name,
                         const SlotRecord& record);

 private:
  Database& database_;
};

}  // namespace holdfast::catalog
