// Drill: a restore into a sandbox or a declared target with assertions, against a time limit; and
// Scenario, the steps of a recovery with the time that they may take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "strategy/diagnostic.hpp"

namespace holdfast::strategy {

enum class ExpectKind { query, keys, files, tables, run, confirm };

// One assertion about what was restored.
struct Expectation {
  ExpectKind kind = ExpectKind::run;
  Position position;
  std::string on;    // the component; empty for run and confirm
  std::string text;  // the query, pattern, command, or what a person confirms
  std::vector<std::string> tables;
  std::optional<std::int64_t> at_least;
  std::optional<std::int64_t> at_most;
  std::string equals;
  std::string type;             // of files: a MIME type
  std::uint64_t sample = 0;     // of files: look at so many; 0: all
  bool same_as_source = false;  // counts and sizes as recorded at capture
  base::Duration timeout;
};

// To which instant.
struct Instant {
  enum class Kind { latest, random, ago, at } kind = Kind::latest;
  base::Duration ago;
  base::Time at;
};

struct Drill {
  std::string name;
  Position position;
  bool all = false;  // every component that has data
  std::vector<std::string> restore;
  std::string from;  // a location; empty: the quickest
  Instant instant;
  std::string in = "sandbox";  // or a target
  std::optional<base::Duration> within;
  std::vector<Expectation> expect;
  std::string note;
};

// Where drills may restore besides a sandbox.
struct Target {
  std::string name;
  Position position;
  std::string host;
  std::string path;
  std::string url;
};

struct ScenarioStep {
  enum class Kind { text, drill, run, confirm } kind = Kind::text;
  std::string text;
  Position position;
};

struct Scenario {
  std::string name;
  Position position;
  std::string detection;
  std::optional<base::Duration> rto;
  std::optional<base::Duration> rpo;
  std::vector<ScenarioStep> steps;
};

// "latest", "random", "1h ago", "2025-12-04T14:30:00Z".
base::Result<Instant> parse_instant(std::string_view text);

}  // namespace holdfast::strategy
