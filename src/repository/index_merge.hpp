// Merging of sorted tables of the local index into a new run: streaming, whatever their size. In
// heap are a few tables of four bytes a pack and a record a segment.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "index_run.hpp"

namespace holdfast::repository {

constexpr std::uint32_t no_number = ~std::uint32_t{0};

// A heap of ids, smallest first, each of a numbered source.
class IdMerge {
 public:
  struct Head {
    std::uint64_t prefix;
    const base::Byte* id;  // 32 bytes
    std::uint32_t source;
  };
  void add(const base::Byte* id, std::uint32_t source);
  [[nodiscard]] bool empty() const { return heads_.empty(); }
  [[nodiscard]] const Head& top() const { return heads_.front(); }
  // The source of top() goes on with `id`, or is at its end (nullptr).
  void advance(const base::Byte* id);

 private:
  static bool is_before(const Head& a, const Head& b);
  void sink();
  std::vector<Head> heads_;
};

// One sorted table that goes into a run: an older run, or a segment in memory. Borrows all that it
// views.
struct MergeSource {
  std::span<const ChunkPlace> entries;
  std::optional<std::uint32_t> entries_crc;  // to check while reading
  std::span<const PackRecord> packs;         // `pack` of the entries is an index into them
  std::vector<std::uint32_t> packs_by_name;  // their order; empty: they are in order
  std::vector<std::uint32_t>
      segment_map;  // `segment` of the packs to its number in the new run; no_number: dropped
  bool is_damaged = false;  // set when the merge failed because of this source
};

// A segment of the new run.
struct MergedSegment {
  ObjectHash name{};
  std::uint64_t entries = 0;
  std::span<const ObjectHash> superseded;
  SegmentRecord::State state = SegmentRecord::State::complete;
};

// Goes through the entries of all sources in order of id, leaving out those of dropped segments.
// `visit` has the source's number, the entry and its pack. A source that contradicts its checksum
// or itself: damaged, after some visits.
template <typename Visit>
base::Result<void> merge_entries(std::span<MergeSource> sources, const Visit& visit);

// Writes the run whole or not at all.
base::Result<void> write_run(io::FileSystem& files, const std::string& path,
                             std::span<const MergedSegment> segments,
                             std::span<MergeSource> sources);

// Reads a source's entries in order and checks them on the way.
class EntryStream {
 public:
  explicit EntryStream(MergeSource& source) : source_(source) { check_ahead(); }
  // nullptr at the end.
  [[nodiscard]] const ChunkPlace* current() const {
    return at_ < source_.entries.size() ? &source_.entries[at_] : nullptr;
  }
  // Steps to the next entry that isn't dropped; damaged if the bytes are wrong.
  base::Result<void> settle();
  void step() { ++at_; }

 private:
  void check_ahead();
  base::Error damaged();
  MergeSource& source_;
  std::size_t at_ = 0;
  std::size_t checked_ = 0;  // entries in crc_
  std::uint32_t crc_ = 0;
};

template <typename Visit>
base::Result<void> merge_entries(std::span<MergeSource> sources, const Visit& visit) {
  std::vector<EntryStream> streams;
  streams.reserve(sources.size());
  IdMerge merge;
  for (std::uint32_t i = 0; i < sources.size(); ++i) {
    streams.emplace_back(sources[i]);
    TRY(streams[i].settle());
    if (const auto* entry = streams[i].current()) merge.add(entry->id.data(), i);
  }
  while (!merge.empty()) {
    const auto number = merge.top().source;
    auto& stream = streams[number];
    const auto& entry = *stream.current();
    TRY(visit(number, entry, sources[number].packs[entry.pack]));
    stream.step();
    TRY(stream.settle());
    const auto* next = stream.current();
    merge.advance(next == nullptr ? nullptr : next->id.data());
  }
  return {};
}

}  // namespace holdfast::repository
