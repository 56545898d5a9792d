// Progress of a long operation: a few numbers that grow, and where it is. Whoever shows it decides
// how often.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace holdfast::engine {

struct Progress {
  std::uint64_t items = 0;        // files, packs, snapshots: what the operation counts
  std::uint64_t items_total = 0;  // 0: not known
  std::uint64_t bytes = 0;
  std::uint64_t bytes_total = 0;  // 0: not known
  std::string current;            // raw bytes; a path or a name
};

// Called from any task, never by two at once.
using ProgressCall = std::function<void(const Progress&)>;

}  // namespace holdfast::engine
