// Verification: the ladder from `present` to `sound`. What could not be checked is never passed.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/progress.hpp"
#include "repository/repository.hpp"

namespace holdfast::engine {

enum class Level { present, intact, readable, sound };
[[nodiscard]] std::string_view level_name(Level level);
base::Result<Level> parse_level(std::string_view text);

// Something that is not as it should be.
struct Finding {
  enum class Kind {
    damage,           // bytes are missing or wrong
    could_not_check,  // outage or permission: nothing is known
    note,             // foreign or forged objects, leftovers; nothing is lost
  } kind = Kind::damage;
  std::string object;    // name in the repository, or empty
  std::string path;      // raw bytes; a file that is affected, or empty
  std::string snapshot;  // id in hexadecimal, or empty
  std::string message;
};

struct VerifyReport {
  Level level = Level::present;
  std::uint64_t snapshots = 0;
  std::uint64_t packs = 0;
  std::uint64_t chunks = 0;
  std::uint64_t bytes_read = 0;
  std::vector<Finding> findings;   // the first 10,000
  std::uint64_t damage_count = 0;  // all of each kind
  std::uint64_t unchecked_count = 0;
  std::uint64_t note_count = 0;
  double duration_seconds = 0;
};

// Verifies the whole repository, or what one snapshot needs. Damage is in the report; an error
// means that the verification itself could not run.
base::Result<VerifyReport> verify(repository::Repository& repository, Level level,
                                  const std::optional<std::string>& snapshot,
                                  const ProgressCall& progress, std::stop_token stop);

// The same of what these snapshots need, at least one; a pack that several need is read once.
base::Result<VerifyReport> verify_snapshots(repository::Repository& repository, Level level,
                                            const std::vector<std::string>& snapshots,
                                            const ProgressCall& progress, std::stop_token stop);

}  // namespace holdfast::engine
