// Evidence: the append-only chain of what was done (docs/internals/catalog.md). Each record names
// the hash of the one before it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace holdfast::catalog {

class Database;

struct EvidenceRecord {
  std::int64_t number = 0;  // from 1
  base::Time at;
  std::string kind;  // "run", "verification", "deletion", "restore", …
  std::string body;  // a JSON object
  std::string previous;
  std::string hash;  // hexadecimal
};

// Calls are thread-safe and durable when they return; errors are the database's.
class Evidence {
 public:
  explicit Evidence(Database& database) : database_(database) {}

  base::Result<EvidenceRecord> append(base::Time at, const std::string& kind,
                                      const std::string& body);
  // With a higher number than `after`, ascending, at most `limit`.
  base::Result<std::vector<EvidenceRecord>> list(std::int64_t after, std::uint64_t limit);
  // Of one kind, newest first, at most `limit`. Only the newest 200,000 records of all kinds are
  // looked through.
  base::Result<std::vector<EvidenceRecord>> newest(const std::string& kind, std::uint64_t limit);
  // damaged, naming the first record that doesn't follow from the one before it.
  base::Result<void> check();

 private:
  Database& database_;
};

}  // namespace holdfast::catalog
