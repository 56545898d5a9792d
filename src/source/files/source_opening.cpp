// O_NOATIME is for owners and root; others are refused, sometimes surprisingly (in user
// namespaces).
#include "source_opening.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::source {

SourceOpening::SourceOpening(FilesCaptureOptions::AccessTimes access_times)
    : preserves_access_times_(access_times == FilesCaptureOptions::AccessTimes::preserve),
      uid_(::geteuid()) {}

int SourceOpening::open(int directory, const char* name, int flags,
                        const FileStatus& status) const {
  flags |= O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  if (preserves_access_times_ && (uid_ == 0 || status.uid == uid_)) {
    const int fd = ::openat(directory, name, flags | O_NOATIME);
    if (fd >= 0 || errno != EPERM) return fd;
  }
  return ::openat(directory, name, flags);
}

}  // namespace holdfast::source
