// ChangeWatch: tells that something at or below some paths has changed, by inotify(7). It doesn't
// tell what: whoever asks looks for himself. What inotify can't see (network file systems, folders
// beyond the kernel's limit, what happened before it looked) is told as a gap.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace holdfast::io {

// Used by one task at a time.
class ChangeWatch {
 public:
  // `paths`: absolute; files are watched through their folder, folders with all that is below them.
  // Those that don't exist yet are looked for again at each take(). unavailable: the kernel has no
  // room for another watcher.
  static base::Result<std::unique_ptr<ChangeWatch>> open(std::vector<std::string> paths);
  ~ChangeWatch();

  // Whether anything has changed since the last call. Doesn't wait.
  bool take();
  // What can't be watched, and why; the first ten.
  [[nodiscard]] const std::vector<std::string>& gaps() const noexcept;

 private:
  struct State;
  explicit ChangeWatch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::io
