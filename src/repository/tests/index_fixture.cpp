// Made-up index segments.
#include "index_fixture.hpp"

#include <algorithm>

namespace holdfast::repository {

void sort_chunks(IndexSegment& segment) {
  std::sort(segment.chunks.begin(), segment.chunks.end(),
            [](const ChunkPlace& a, const ChunkPlace& b) { return a.id < b.id; });
}

IndexSegment random_segment(base::Random& random, std::size_t chunks, std::size_t packs) {
  IndexSegment segment;
  for (std::size_t i = 0; i < packs; ++i) {
    const auto type = random.below(2) == 0 ? ChunkType::data : ChunkType::tree;
    segment.packs.push_back({random.array<32>(), type, 64 << 20});
  }
  for (std::size_t i = 0; i < chunks; ++i) {
    segment.chunks.push_back({.id = random.array<32>(),
                              .pack = static_cast<std::uint32_t>(random.below(packs)),
                              .offset = static_cast<std::uint32_t>(random.below(32 << 20)),
                              .stored_size = static_cast<std::uint32_t>(1 + random.below(1 << 20)),
                              .key = static_cast<std::uint16_t>(random.below(3)),
                              .ordinal = static_cast<std::uint16_t>(i)});
  }
  sort_chunks(segment);
  return segment;
}

ObjectHash SegmentStore::put(base::Random& random, IndexSegment segment) {
  const auto name = random.array<32>();
  segments.emplace(name, std::move(segment));
  return name;
}

std::vector<ObjectHash> SegmentStore::names() const {
  std::vector<ObjectHash> all;
  for (const auto& [name, segment] : segments) all.push_back(name);
  return all;
}

LocalIndex::Fetch SegmentStore::fetch() {
  return [this](const ObjectHash& name) -> base::Result<IndexSegment> {
    ++fetches;
    if (const auto failure = failures.find(name); failure != failures.end()) return failure->second;
    const auto found = segments.find(name);
    if (found == segments.end()) return base::Error(base::ErrorCode::not_found, "no such segment");
    return found->second;
  };
}

}  // namespace holdfast::repository
