// How files are opened to be read: without following symlinks, without blocking, and, where
// allowed, without a trace.
#pragma once

#include "file_status.hpp"
#include "source/files/capture.hpp"

namespace holdfast::source {

// Immutable.
class SourceOpening {
 public:
  explicit SourceOpening(FilesCaptureOptions::AccessTimes access_times);
  // openat for reading with these `flags` too; -1 and errno. `status`: as stat gave it.
  [[nodiscard]] int open(int directory, const char* name, int flags,
                         const FileStatus& status) const;

 private:
  bool preserves_access_times_;
  std::uint32_t uid_;
};

}  // namespace holdfast::source
