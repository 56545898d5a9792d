// What this process holds in memory, for tests that bound it.
#pragma once

#include <cstdint>
#include <fstream>
#include <limits>
#include <string>

namespace holdfast::repository {

// A field of /proc/self/status in bytes: VmHWM (the most that was resident), RssAnon (what isn't
// backed by files).
inline std::uint64_t memory_status(const std::string& field) {
  std::ifstream file("/proc/self/status");
  std::string name;
  std::uint64_t kilobytes = 0;
  while (file >> name) {
    if (name == field + ":") {
      file >> kilobytes;
      return kilobytes * 1024;
    }
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

// VmHWM begins again at what is resident now.
inline void reset_memory_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace holdfast::repository
