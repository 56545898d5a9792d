// What a repository holds, in numbers.
#pragma once

#include "repository/repository.hpp"

namespace holdfast::repository {

struct RepositoryStats {
  std::uint64_t snapshots = 0;
  std::uint64_t data_packs = 0;
  std::uint64_t data_bytes = 0;  // stored
  std::uint64_t tree_packs = 0;
  std::uint64_t tree_bytes = 0;
  std::uint64_t index_segments = 0;
  std::uint64_t index_bytes = 0;
  std::uint64_t sidecars = 0;  // parity
  std::uint64_t sidecar_bytes = 0;
  std::uint64_t chunks = 0;
  std::uint64_t restore_bytes = 0;  // sum of the contents of all snapshots
  std::uint64_t total_bytes = 0;    // of all objects
};
base::Result<RepositoryStats> repository_stats(Repository& repository);

}  // namespace holdfast::repository
