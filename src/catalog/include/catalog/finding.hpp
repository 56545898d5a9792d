// Findings: what is wrong, opened once, closed when mended. Telling people is somebody else's work:
// it reads this list.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::catalog {

class Database;

struct FindingRecord {
  std::int64_t number = 0;
  std::string kind;  // "failed", "missing", "size", "storage", "verification", …
  std::string component;
  std::string plan;
  std::string location;
  std::string severity;
  std::string message;
  std::string advice;  // what to do
  base::Time opened;
  std::optional<base::Time> closed;

  // What it is about: two with the same key are the same trouble.
  [[nodiscard]] std::string key() const {
    return kind + "/" + component + "/" + plan + "/" + location;
  }
};

// Calls are thread-safe and durable when they return; errors are the database's.
class Findings {
 public:
  explicit Findings(Database& database) : database_(database) {}

  enum class Opened { now, before };
  // One with this key that is open already gets the new message and severity.
  base::Result<Opened> open(const FindingRecord& record);
  // Does nothing if none with this key is open.
  base::Result<void> close(const std::string& key, base::Time now);
  base::Result<std::vector<FindingRecord>> list_open();
  // Newest first, closed ones too.
  base::Result<std::vector<FindingRecord>> list(std::uint64_t limit);

 private:
  Database& database_;
};

}  // namespace holdfast::catalog
