// One tree of a git repository as a tar archive.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "source/git/refs.hpp"

namespace holdfast::source {

struct GitArchiveOptions {
  std::string repository;  // absolute path, bare or not
  std::string name;        // a tag, else a branch, else a commit
  std::string prefix;      // before each path in the archive; empty or "folder/"
  std::string file;        // absolute path of the archive; what was there is replaced
};

// Writes the archive, durable and whole, as `git archive` makes it; its size in bytes. not_found:
// the repository has no such tag, branch or commit.
base::Result<std::uint64_t> archive_git_tree(const GitArchiveOptions& options,
                                             const GitSurroundings& surroundings,
                                             std::stop_token stop);

}  // namespace holdfast::source
