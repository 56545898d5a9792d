// Steps are gathered until they want some chunks. Those are fetched together, while the next steps
// are gathered and the writer is told the steps before.
#include "content_copy.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

namespace holdfast::repository {

namespace {

// Twice as many are in memory: those that come and those that are written.
constexpr std::size_t chunks_at_once = 16;
constexpr std::size_t steps_at_once = 8'192;

}  // namespace

ContentCopy::ContentCopy(Repository& from, RepositoryReader& reader, SnapshotWriter& writer,
                         const CopyOptions& options)
    : source_(*from.index(Repository::Segments::all)),
      executor_(from.environment().executor),
      reader_(reader),
      writer_(writer),
      options_(options),
      seen_(source_.chunk_count()),
      numbers_of_(reader.index_updates()) {}

base::Result<void> ContentCopy::run(const TreeRoot& root) {
  TreeCursor cursor(reader_, root);
  while (auto entry = TRY(cursor.next())) {
    if (options_.stop.stop_requested()) {
      return base::Error(base::ErrorCode::cancelled, "interrupted");
    }
    TRY(add(std::move(*entry)));
  }
  TRY(go_on());
  TRY(end_fetch());
  return write_batch(std::exchange(fetched_, {}));
}

base::Result<void> ContentCopy::add(Entry entry) {
  if (std::holds_alternative<std::monostate>(entry.content)) {
    gathered_.steps.emplace_back(std::move(entry));
    return gathered_.steps.size() >= steps_at_once ? go_on() : base::Result<void>();
  }
  gathered_.steps.emplace_back(Begin{entry.size});
  ExtentCursor extents(reader_, entry.content, entry.size);
  while (const auto extent = TRY(extents.next())) TRY(add_extent(*extent));
  gathered_.steps.emplace_back(End{std::move(entry)});
  return {};
}

base::Result<void> ContentCopy::add_extent(const Extent& extent) {
  const bool is_new = extent.kind == Extent::Kind::data && !gathered_.chunks.contains(extent.chunk);
  if (gathered_.steps.size() >= steps_at_once ||
      (is_new && gathered_.chunks.size() >= chunks_at_once)) {
    TRY(go_on());
  }
  if (extent.kind == Extent::Kind::data) {
    gathered_.chunks.try_emplace(extent.chunk);
    count(extent.chunk);
  }
  gathered_.steps.emplace_back(extent);
  return {};
}

void ContentCopy::count(const ChunkId& id) {
  if (numbers_of_ != reader_.index_updates()) {
    numbers_of_ = reader_.index_updates();
    seen_.assign(source_.chunk_count(), false);
  }
  const auto number = source_.number_of(id);
  // A look at this very moment may have brought larger numbers.
  if (!number || *number >= seen_.size() || seen_[*number]) return;
  seen_[*number] = true;
  ++chunks_read_;
}

base::Result<void> ContentCopy::go_on() {
  TRY(end_fetch());
  auto ready = std::exchange(fetched_, std::exchange(gathered_, {}));
  begin_fetch();
  return write_batch(std::move(ready));
}

void ContentCopy::begin_fetch() {
  if (fetched_.chunks.empty()) return;
  task_ = executor_.spawn("read ahead", [this] { fetch_outcome_ = fetch(); });
}

base::Result<void> ContentCopy::end_fetch() {
  if (!task_) return {};
  task_->join();
  task_.reset();
  return std::exchange(fetch_outcome_, {});
}

base::Result<void> ContentCopy::fetch() {
  std::vector<ChunkId> ids;
  for (const auto& [id, bytes] : fetched_.chunks) ids.push_back(id);
  std::mutex mutex;
  return reader_.fetch(
      ids,
      [&](const ChunkId& id, base::Result<base::ByteView> plaintext) -> base::Result<void> {
        const auto bytes = TRY(std::move(plaintext));
        base::Bytes copy(bytes.begin(), bytes.end());
        const std::lock_guard lock(mutex);
        fetched_.chunks[id] = std::move(copy);
        return {};
      },
      options_.stop);
}

base::Result<void> ContentCopy::write(const Batch& batch, const Extent& extent) {
  if (extent.kind == Extent::Kind::hole) return writer_.hole(extent.length);
  base::ByteView bytes = batch.chunks.at(extent.chunk);
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

base::Result<void> ContentCopy::write_batch(Batch batch) {
  for (Step& step : batch.steps) {
    if (auto* entry = std::get_if<Entry>(&step)) {
      TRY(writer_.add(std::move(*entry)));
    } else if (const auto* begin = std::get_if<Begin>(&step)) {
      TRY(writer_.begin_content(begin->size));
    } else if (const auto* extent = std::get_if<Extent>(&step)) {
      TRY(write(batch, *extent));
    } else {
      TRY(writer_.end_content(std::move(std::get<End>(step).entry)));
    }
  }
  const auto totals = writer_.totals();
  options_.progress({.bytes_copied = totals.bytes_stored,
                     .chunks_copied = totals.chunks_new,
                     .chunks_present = 0});
  return {};
}

}  // namespace holdfast::repository
