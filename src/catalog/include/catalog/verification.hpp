// Verifications: the outcome of each look at a snapshot at a location. One that could not be made
// is recorded as such, and proves nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::catalog {

class Database;

enum class VerificationOutcome { passed, failed, unknown };
[[nodiscard]] std::string_view verification_outcome_name(VerificationOutcome outcome) noexcept;

struct VerificationRecord {
  std::string component;
  std::string location;
  std::string snapshot;  // hexadecimal
  std::string level;     // "present" … "sound", "restorable"
  VerificationOutcome outcome = VerificationOutcome::unknown;
  base::Time at;
  std::string run;
  std::string message;
  std::uint64_t bytes = 0;  // read for it
  base::Duration duration;
};

// Calls are thread-safe and durable when they return; errors are the database's.
class Verifications {
 public:
  explicit Verifications(Database& database) : database_(database) {}

  base::Result<void> add(const VerificationRecord& record);
  // Of one location, newest first; an empty component: any.
  base::Result<std::vector<VerificationRecord>> list(const std::string& component,
                                                     const std::string& location);

 private:
  Database& database_;
};

}  // namespace holdfast::catalog
