// OpenFiles: a few descriptors kept open for reading, so that the ranges of one pack cost one open.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "io/file.hpp"

namespace holdfast::storage {

// Holds at most `capacity` descriptors and drops the one unused for longest. Thread-safe.
class OpenFiles {
 public:
  // Shared: a reader goes on reading while another task drops the entry.
  using File = std::shared_ptr<const io::Fd>;

  explicit OpenFiles(std::size_t capacity) : capacity_(capacity) {}

  // None if it isn't held, or if the file was removed since.
  [[nodiscard]] File find(std::string_view name);
  void keep(std::string_view name, File file);
  void drop(std::string_view name);

 private:
  struct Entry {
    std::string name;
    File file;
  };
  void drop_locked(std::string_view name);

  const std::size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator>
      by_name_;  // views of Entry::name
};

}  // namespace holdfast::storage
