// Counting.
#include "repository/stats.hpp"

#include "repository/object_name.hpp"
#include "repository/pack_list.hpp"
#include "repository/parity.hpp"
#include "repository/snapshot_list.hpp"

namespace holdfast::repository {

base::Result<RepositoryStats> repository_stats(Repository& repository) {
  RepositoryStats stats;
  const auto list = TRY(list_snapshots(repository));
  stats.snapshots = list.snapshots.size();
  for (const auto& snapshot : list.snapshots) stats.restore_bytes += snapshot.summary.root.bytes;
  for (const auto& [name, pack] : TRY(list_packs(repository))) {
    (pack.type == ChunkType::data ? stats.data_packs : stats.tree_packs) += 1;
    (pack.type == ChunkType::data ? stats.data_bytes : stats.tree_bytes) += pack.size;
  }
  for (const auto& info : TRY(repository.storage().list_all(index_prefix))) {
    ++stats.index_segments;
    stats.index_bytes += info.size;
  }
  for (const auto& [object, sidecars] : TRY(list_sidecars(repository.storage()))) {
    stats.sidecars += sidecars.size();
    for (const auto& sidecar : sidecars) stats.sidecar_bytes += sidecar.size;
  }
  stats.total_bytes = stats.data_bytes + stats.tree_bytes + stats.index_bytes + stats.sidecar_bytes;
  for (const auto prefix : {config_prefix, keys_prefix, roster_prefix, snapshots_prefix,
                            sessions_prefix, notes_prefix, condemned_prefix, log_prefix}) {
    for (const auto& info : TRY(repository.storage().list_all(prefix)))
      stats.total_bytes += info.size;
  }
  stats.chunks = TRY(repository.refresh_index(Repository::Segments::all))->chunk_count();
  return stats;
}

}  // namespace holdfast::repository
