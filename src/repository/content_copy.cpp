// Steps are gathered until they want a few dozen chunks; those are fetched together, and the writer
// is told the steps.
#include "content_copy.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace holdfast::repository {

namespace {

constexpr std::size_t chunks_at_once = 32;
constexpr std::size_t steps_at_once = 8'192;

}  // namespace

ContentCopy::ContentCopy(Repository& from, RepositoryReader& reader, SnapshotWriter& writer,
                         const CopyOptions& options)
    : source_(*from.index(Repository::Segments::all)),
      reader_(reader),
      writer_(writer),
      options_(options),
      seen_(source_.chunk_count()) {}

base::Result<void> ContentCopy::run(const TreeRoot& root) {
  TreeCursor cursor(reader_, root);
  while (auto entry = TRY(cursor.next())) {
    if (options_.stop.stop_requested()) {
      return base::Error(base::ErrorCode::cancelled, "interrupted");
    }
    TRY(add(std::move(*entry)));
  }
  return carry_out();
}

base::Result<void> ContentCopy::add(Entry entry) {
  if (std::holds_alternative<std::monostate>(entry.content)) {
    steps_.emplace_back(std::move(entry));
    return steps_.size() >= steps_at_once ? carry_out() : base::Result<void>();
  }
  steps_.emplace_back(Begin{entry.size});
  ExtentCursor extents(reader_, entry.content, entry.size);
  while (const auto extent = TRY(extents.next())) TRY(add_extent(*extent));
  steps_.emplace_back(End{std::move(entry)});
  return {};
}

base::Result<void> ContentCopy::add_extent(const Extent& extent) {
  const bool is_new = extent.kind == Extent::Kind::data && !chunks_.contains(extent.chunk);
  if (steps_.size() >= steps_at_once || (is_new && chunks_.size() >= chunks_at_once)) {
    TRY(carry_out());
  }
  if (extent.kind == Extent::Kind::data) {
    chunks_.try_emplace(extent.chunk);
    const auto number = source_.number_of(extent.chunk);
    if (number && !seen_.at(*number)) {
      seen_.at(*number) = true;
      ++chunks_read_;
    }
  }
  steps_.emplace_back(extent);
  return {};
}

base::Result<void> ContentCopy::fetch_wanted() {
  std::vector<ChunkId> ids;
  for (const auto& [id, bytes] : chunks_) ids.push_back(id);
  std::mutex mutex;
  return reader_.fetch(
      ids,
      [&](const ChunkId& id, base::Result<base::ByteView> plaintext) -> base::Result<void> {
        const auto bytes = TRY(std::move(plaintext));
        base::Bytes copy(bytes.begin(), bytes.end());
        const std::lock_guard lock(mutex);
        chunks_[id] = std::move(copy);
        return {};
      },
      options_.stop);
}

base::Result<void> ContentCopy::write(const Extent& extent) {
  if (extent.kind == Extent::Kind::hole) return writer_.hole(extent.length);
  base::ByteView bytes = chunks_.at(extent.chunk);
  if (extent.offset > bytes.size() || extent.length > bytes.size() - extent.offset) {
    return base::Error(base::ErrorCode::damaged, "an extent passes the end of its chunk");
  }
  bytes = bytes.subspan(extent.offset, extent.length);
  while (!bytes.empty()) {
    const auto room = TRY(writer_.buffer());
    const std::size_t size = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), size);
    TRY(writer_.filled(size));
    bytes = bytes.subspan(size);
  }
  return {};
}

base::Result<void> ContentCopy::carry_out() {
  TRY(fetch_wanted());
  for (Step& step : steps_) {
    if (auto* entry = std::get_if<Entry>(&step)) {
      TRY(writer_.add(std::move(*entry)));
    } else if (const auto* begin = std::get_if<Begin>(&step)) {
      TRY(writer_.begin_content(begin->size));
    } else if (const auto* extent = std::get_if<Extent>(&step)) {
      TRY(write(*extent));
    } else {
      TRY(writer_.end_content(std::move(std::get<End>(step).entry)));
    }
  }
  steps_.clear();
  chunks_.clear();
  const auto totals = writer_.totals();
  options_.progress({.bytes_copied = totals.bytes_stored,
                     .chunks_copied = totals.chunks_new,
                     .chunks_present = 0});
  return {};
}

}  // namespace holdfast::repository
