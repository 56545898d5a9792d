// The descriptors' cache: a list in order of use and a map into it.
#include "open_files.hpp"

#include <sys/stat.h>

#include <utility>

namespace holdfast::storage {

OpenFiles::File OpenFiles::find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  struct stat about{};
  if (::fstat(found->second->file->get(), &about) != 0 || about.st_nlink == 0) {
    drop_locked(name);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return entries_.front().file;
}

void OpenFiles::keep(std::string_view name, File file) {
  const std::lock_guard lock(mutex_);
  drop_locked(name);
  entries_.push_front({std::string(name), std::move(file)});
  by_name_.emplace(entries_.front().name, entries_.begin());
  if (entries_.size() > capacity_) {
    by_name_.erase(entries_.back().name);
    entries_.pop_back();
  }
}

void OpenFiles::drop(std::string_view name) {
  const std::lock_guard lock(mutex_);
  drop_locked(name);
}

void OpenFiles::drop_locked(std::string_view name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  const auto entry = found->second;
  by_name_.erase(found);
  entries_.erase(entry);
}

}  // namespace holdfast::storage
