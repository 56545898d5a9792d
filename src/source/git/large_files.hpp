// What lies beside a git repository's objects: large files of Git LFS; and whether its history is
// whole.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "source/git/refs.hpp"

namespace holdfast::source {

struct LargeFilesTaken {
  std::uint64_t added = 0;
  std::vector<std::string> warnings;
};

// Into the mirror's lfs/objects: copies of a local repository's, each proved by its name; of a
// remote one what `git lfs fetch --all` brings. Those that went there stay here: older commits
// name them.
base::Result<LargeFilesTaken> take_git_large_files(const GitAddress& from,
                                                   const std::string& mirror,
                                                   const GitSurroundings& surroundings,
                                                   const std::stop_token& stop);

// unsupported: a local repository is shallow.
base::Result<void> check_git_repository_is_deep(const std::string& path,
                                                const GitSurroundings& surroundings,
                                                const std::stop_token& stop);

}  // namespace holdfast::source
