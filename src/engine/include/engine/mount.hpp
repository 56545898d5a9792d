// Mount: a repository's snapshots as a read-only file system (FUSE).
//
//   by-time/2026-11-21_07-30-00_4f2a9c01/…        all snapshots
//   by-component/HOST or LABEL/2026-…/…           the same by what was backed up
//   by-id/4f2a…/…                                 the same by id
#pragma once

#include <stop_token>
#include <string>

#include "repository/repository.hpp"

namespace holdfast::engine {

struct MountOptions {
  std::string directory;  // that exists
  enum class Access { owner, everybody } access = Access::owner;
};

// Serves until the file system is unmounted or `stop` is requested; then it is unmounted. `ready`
// is called once it can be used.
base::Result<void> mount(repository::Repository& repository, const MountOptions& options,
                         const std::function<void()>& ready, std::stop_token stop);

}  // namespace holdfast::engine
