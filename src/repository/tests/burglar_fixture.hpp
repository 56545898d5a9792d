// A burglar who has a writer's keys and may put, list and read, as a writer may: what he can forge.
#pragma once

#include "repository/condemnation.hpp"
#include "repository/object_name.hpp"
#include "repository/pack_list.hpp"
#include "repository/snapshot_list.hpp"
#include "repository_fixture.hpp"

namespace holdfast::repository {

// A pack that is none, whose bytes hash to its name.
inline PackInfo put_garbage_pack(Repository& repository, std::uint64_t seed) {
  const auto bytes = noise(seed, 50'000);
  const PackInfo pack{.name = codec::sha256(bytes), .type = ChunkType::data, .size = bytes.size()};
  must(repository.storage().put(pack_object_name(pack.type, pack.name), bytes));
  return pack;
}

// The places of all chunks in the index, each once.
inline std::vector<FoundChunk> all_chunks(Repository& repository) {
  std::vector<FoundChunk> chunks;
  must(must(repository.refresh_index(Repository::Segments::all))
           ->each_chunk([&](const FoundChunk& chunk) -> base::Result<void> {
             if (chunks.empty() || chunks.back().place.id != chunk.place.id)
               chunks.push_back(chunk);
             return {};
           }));
  return chunks;
}

inline ObjectHash put_segment(Repository& repository, IndexSegment segment) {
  return must(
      repository.write_segment(segment, repository.own_domain(), Repository::SignAs::writer));
}

// Says that every chunk lies in garbage, and that no other segment counts.
inline void forge_index(Repository& repository) {
  IndexSegment forged;
  forged.packs.push_back(put_garbage_pack(repository, 4711));
  for (const auto& chunk : all_chunks(repository)) {
    forged.chunks.push_back(chunk.place);
    forged.chunks.back().pack = 0;
    forged.chunks.back().offset = 16;
  }
  for (const auto& info : must(repository.storage().list_all(index_prefix)))
    forged.superseded.push_back(*hash_of_name(info.name));
  std::sort(forged.superseded.begin(), forged.superseded.end());
  put_segment(repository, std::move(forged));
}

// A snapshot of another host, whose tree is nowhere.
inline ObjectHash forge_snapshot(Repository& repository, const std::string& host,
                                 const TreeRoot& root) {
  SnapshotSummary summary;
  summary.started = repository.environment().clock.now();
  summary.finished = summary.started;
  summary.source = "files";
  summary.host = host;
  summary.label = "forged";
  summary.root = root;
  summary.session = repository.environment().random.array<16>();
  summary.renewed_at = must(repository.storage_now());
  summary.program = "forged";
  const auto body =
      encode_snapshot(repository.id(), repository.own_domain(), repository.config().box_public_key,
                      summary, {}, repository.environment().random);
  return must(put_object(
                  repository.storage(), snapshots_prefix,
                  sign_object(snapshot_magic, repository.id(), *repository.keys().writer, body)))
      .hash;
}

}  // namespace holdfast::repository
