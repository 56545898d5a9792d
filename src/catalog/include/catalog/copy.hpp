// Copies: what each location has, or still waits for, of each run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::catalog {

class Database;

enum class CopyState {
  waiting,  // not there yet; tried again
  stored,
  dropped,  // no longer wanted: a newer one took its place, or the strategy changed
};
[[nodiscard]] std::string_view copy_state_name(CopyState state) noexcept;

struct CopyRecord {
  std::string run;
  std::string component;
  std::string plan;
  std::string location;
  CopyState state = CopyState::waiting;
  std::string original;  // the snapshot that is to be copied, and where it lies
  std::string original_location;
  std::string snapshot;  // at this location, once stored
  std::optional<base::Time> slot;
  base::Time changed;
  base::Time next_attempt;
  std::uint64_t attempts = 0;  // how often it was tried, the time that succeeded included
  std::uint64_t bytes_stored = 0;
  std::string message;  // of the last attempt that failed
};

// What came of the copies of one plan at one location. Those of a run that served several plans
// count for each of them.
struct CopyTotals {
  std::string component;
  std::string plan;
  std::string location;
  std::uint64_t runs = 0;            // that have a copy here, or wait for one, or dropped it
  std::uint64_t runs_failed = 0;     // of them, failed or interrupted in the end
  std::uint64_t runs_cancelled = 0;  // of them
  std::uint64_t attempts = 0;        // of all of them, failed ones too
  std::uint64_t stored = 0;
  std::optional<base::Time> newest;  // when the newest run whose copy is stored here began
};

// Calls are thread-safe and durable when they return; errors are the database's.
class Copies {
 public:
  explicit Copies(Database& database) : database_(database) {}

  // Writes the row, whatever it was before.
  base::Result<void> put(const CopyRecord& record);
  // Those that wait, oldest first.
  base::Result<std::vector<CopyRecord>> waiting();
  base::Result<std::vector<CopyRecord>> of_run(const std::string& run);
  // The newest that is stored there; nothing if none is.
  base::Result<std::optional<CopyRecord>> newest(const std::string& component,
                                                 const std::string& location);
  // Of backups and copies that are over, by component, plan and location.
  base::Result<std::vector<CopyTotals>> totals();

 private:
  Database& database_;
};

}  // namespace holdfast::catalog
