// EntrySorter: puts entries that come in any order into the order of a tree. A few MiB lie in
// memory; beyond that, sorted runs go to an unnamed file and are merged at the end.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"
#include "repository/entry.hpp"

namespace holdfast::repository {

// Used by one task.
class EntrySorter {
 public:
  static constexpr std::size_t default_memory_max = std::size_t{16} * 1024 * 1024;

  // `directory` must exist when memory doesn't suffice; nothing is left in it.
  explicit EntrySorter(std::string directory, std::size_t memory_max = default_memory_max);

  base::Result<void> add(Entry entry);
  using Take = std::function<base::Result<void>(Entry)>;
  // Hands over all of them, ascending by key and version; equal ones in the order in which they
  // came. Once.
  base::Result<void> drain(const Take& take);

 private:
  struct Run {
    std::uint64_t begin = 0;  // in the file
    std::uint64_t end = 0;
  };
  class RunReader;
  void sort();
  base::Result<void> spill();
  base::Result<void> merge(const Take& take);

  std::string directory_;
  std::size_t memory_max_;
  std::vector<Entry> entries_;
  std::size_t memory_ = 0;  // of entries_, roughly
  io::Fd file_;
  std::uint64_t file_size_ = 0;
  std::vector<Run> runs_;
};

}  // namespace holdfast::repository
