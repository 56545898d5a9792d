// A new index from the packs' own directories, and the writing of one that takes the place of all
// segments.
#include <algorithm>
#include <map>

#include "repository/index_rewrite.hpp"
#include "repository/object_name.hpp"
#include "repository/pack_list.hpp"
#include "repository/pack_reader.hpp"
#include "repository/repair.hpp"
#include "repository/session.hpp"

namespace holdfast::repository {

base::Result<IndexRewrite> IndexRewrite::begin(Repository& repository) {
  if (!repository.keys().admin) return needs_admin_key("rebuilding the index");
  IndexRewrite rewrite(repository);
  for (const auto& info : TRY(repository.storage().list_all(index_prefix))) {
    if (const auto hash = hash_of_name(info.name)) rewrite.replaced_.push_back(*hash);
  }
  return rewrite;
}

base::Result<void> IndexRewrite::add(const ShortId& domain, const PackInfo& pack,
                                     std::vector<ChunkPlace> places) {
  auto& segment = segments_[domain];
  if (!segment.chunks.empty() && segment.chunks.size() + places.size() > segment_chunks_max)
    TRY(write(domain, segment));
  for (auto& place : places) {
    place.pack = static_cast<std::uint32_t>(segment.packs.size());
    segment.chunks.push_back(place);
  }
  segment.packs.push_back(pack);
  return {};
}

base::Result<void> IndexRewrite::write(const ShortId& domain, IndexSegment& segment) {
  std::sort(segment.chunks.begin(), segment.chunks.end(),
            [](const ChunkPlace& a, const ChunkPlace& b) { return a.id < b.id; });
  written_.push_back(TRY(
      repository_.write_segment(segment, *repository_.domain(domain), Repository::SignAs::admin)));
  segment = {};
  return {};
}

// The last segment names those that are replaced, so that nothing is hidden before all of the new
// index is durable.
base::Result<void> IndexRewrite::finish() {
  const ShortId last_domain =
      segments_.empty() ? repository_.own_domain().id() : segments_.rbegin()->first;
  for (auto& [domain, segment] : segments_) {
    if (domain != last_domain && !segment.packs.empty()) TRY(write(domain, segment));
  }
  auto& last = segments_[last_domain];
  std::sort(replaced_.begin(), replaced_.end());
  last.superseded = replaced_;
  TRY(write(last_domain, last));
  if (!repository_.storage().capabilities().consistent) return {};
  std::vector<std::string> names;
  for (const auto& hash : replaced_) {
    if (std::find(written_.begin(), written_.end(), hash) == written_.end())
      names.push_back(object_name(index_prefix, hash));
  }
  for (std::size_t at = 0; at < names.size(); at += 1'000) {
    TRY(repository_.storage().remove(std::span<const std::string>(names).subspan(
        at, std::min<std::size_t>(1'000, names.size() - at))));
  }
  return {};
}

base::Result<RebuildReport> rebuild_index(
    Repository& repository, const std::function<void(std::uint64_t, std::uint64_t)>& progress,
    std::stop_token stop) {
  if (!repository.keys().reader) return needs_reading_key("rebuilding the index");
  TRY(repository.require_newest_roster("rebuilding the index"));
  const auto session = TRY(Session::begin(repository, "rebuild-index"));
  auto rewrite = TRY(IndexRewrite::begin(repository));
  PackReader packs(repository);
  RebuildReport report;
  const auto listed = TRY(list_packs(repository));
  std::uint64_t done = 0;
  for (const auto& [name, found] : listed) {
    if (stop.stop_requested()) return base::Error(base::ErrorCode::cancelled, "interrupted");
    if (progress) progress(done++, listed.size());
    const PackInfo pack{.name = name, .type = found.type, .size = found.size};
    const auto read = [&]() -> base::Result<void> {
      const auto opened = TRY(packs.open(pack));
      std::vector<ChunkPlace> places;
      std::uint64_t offset = opened->header_bytes.size();
      for (const auto& entry : TRY(packs.directory(pack, *opened))) {
        places.push_back({.id = entry.id,
                          .pack = 0,
                          .offset = static_cast<std::uint32_t>(offset),
                          .stored_size = entry.stored_size,
                          .key = entry.key,
                          .ordinal = entry.ordinal});
        offset += entry.stored_size;
      }
      report.chunks += places.size();
      return rewrite.add(opened->header.domain, pack, std::move(places));
    };
    auto added = read();
    if (added.ok()) {
      ++report.packs;
    } else if (added.error().code() == base::ErrorCode::damaged ||
               added.error().code() == base::ErrorCode::wrong_key) {
      report.unreadable_packs.push_back(
          {pack_object_name(pack.type, pack.name), std::move(added).error()});
    } else {
      // Neither an outage nor an older program must cost a pack its place in the index.
      return std::move(added).error();
    }
  }
  TRY(rewrite.finish());
  return report;
}

}  // namespace holdfast::repository
