// Cutting, bundling and giving back.
#include "support/memory_tree.hpp"

#include <algorithm>
#include <atomic>

#include "base/check.hpp"
#include "codec/hash.hpp"

namespace holdfast::source::test {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;
using repository::ChunkId;
using repository::Entry;
using repository::Extent;

Result<ChunkId> MemoryChunks::put(Bytes bytes) {
  const auto id = codec::sha256(bytes);
  chunks_.emplace(id, std::move(bytes));
  return id;
}

Result<Bytes> MemoryChunks::get(const ChunkId& id) {
  if (damaged_.contains(id)) return Error(ErrorCode::damaged, "a damaged chunk");
  const auto found = chunks_.find(id);
  if (found == chunks_.end()) return Error(ErrorCode::not_found, "no such chunk");
  return found->second;
}

Result<void> MemoryChunks::fetch(std::span<const ChunkId> ids, const Receive& receive,
                                 std::stop_token stop) {
  ++fetches_;
  std::vector<ChunkId> sorted(ids.begin(), ids.end());
  std::ranges::sort(sorted);
  CHECK(std::ranges::adjacent_find(sorted) == sorted.end(), "ids with repetitions");
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  Result<void> result;
  const auto run = [&] {
    for (auto i = next++; i < sorted.size() && !stop.stop_requested(); i = next++) {
      const auto bytes = get(sorted[i]);
      auto done = bytes.ok() ? receive(sorted[i], ByteView(bytes.value()))
                             : receive(sorted[i], Error(bytes.error()));
      if (done.ok()) continue;
      const std::lock_guard lock(mutex);
      result = std::move(done);
      next = sorted.size();
    }
  };
  const auto task = executor_.spawn("fetch", run);
  run();
  task->join();
  if (result.ok() && stop.stop_requested()) return Error(ErrorCode::cancelled, "stopped");
  return result;
}

MemorySink::MemorySink(MemoryChunks& chunks, Sizes sizes)
    : chunks_(chunks), sizes_(sizes), tree_(chunks) {}

Result<void> MemorySink::take(Entry entry) {
  TRY(tree_.add(entry));
  entries_.push_back(std::move(entry));
  return {};
}

Result<void> MemorySink::flush_bundle() {
  const auto id = TRY(chunks_.put(std::exchange(bundle_, {})));
  for (auto& entry : waiting_) {
    if (auto* list = std::get_if<std::vector<Extent>>(&entry.content)) {
      for (auto& extent : *list) {
        if (extent.kind == Extent::Kind::data && extent.chunk == ChunkId{}) extent.chunk = id;
      }
    }
    TRY(take(std::move(entry)));
  }
  waiting_.clear();
  return {};
}

Result<void> MemorySink::add(Entry entry) {
  CHECK(!in_content_, "add() within content");
  waiting_.push_back(std::move(entry));
  if (bundle_.empty()) return flush_bundle();
  return {};
}

Result<repository::EntrySink::Reuse> MemorySink::reuse(Entry entry) {
  if (std::exchange(refuses_reuse_, false)) return Reuse::read_again;
  ++reused_;
  TRY(add(std::move(entry)));
  return Reuse::taken;
}

Result<void> MemorySink::begin_content(std::uint64_t expected_size) {
  CHECK(!in_content_, "content within content");
  in_content_ = true;
  bundled_ = expected_size <= sizes_.bundle_file_max;
  buffer_.resize(bundled_ ? expected_size + 1 : 10'000);
  if (!bundled_) TRY(flush_bundle());
  return {};
}

Result<void> MemorySink::begin_overlay() { return begin_content(sizes_.bundle_file_max + 1); }

Result<repository::EntrySink::Reuse> MemorySink::reuse_extent(const Extent& extent) {
  if (std::exchange(refuses_reuse_, false)) return Reuse::read_again;
  TRY(flush_piece());
  extents_.push_back(extent);
  return Reuse::taken;
}

Result<base::MutableByteView> MemorySink::buffer() {
  CHECK(in_content_, "buffer() outside content");
  return base::MutableByteView(buffer_);
}

Result<void> MemorySink::flush_piece() {
  if (piece_.empty()) return {};
  const auto size = piece_.size();
  extents_.push_back({.length = size, .chunk = TRY(chunks_.put(std::exchange(piece_, {})))});
  return {};
}

Result<void> MemorySink::filled(std::size_t size) {
  CHECK(in_content_ && size > 0 && size <= buffer_.size(), "filled() beyond the buffer");
  const auto data = ByteView(buffer_).first(size);
  if (bundled_) {
    extents_.push_back({.length = size, .offset = bundle_.size()});
    bundle_.insert(bundle_.end(), data.begin(), data.end());
    return {};
  }
  piece_.insert(piece_.end(), data.begin(), data.end());
  if (piece_.size() >= sizes_.chunk) return flush_piece();
  return {};
}

Result<void> MemorySink::hole(std::uint64_t size) {
  TRY(flush_piece());
  extents_.push_back({.kind = Extent::Kind::hole, .length = size});
  return {};
}

Result<void> MemorySink::end_content(Entry entry) {
  CHECK(in_content_, "end_content() outside content");
  in_content_ = false;
  TRY(flush_piece());
  entry.size = 0;
  repository::ExtentTreeBuilder extents(chunks_);
  std::vector<Extent> list = std::exchange(extents_, {});
  for (const auto& extent : list) entry.size += extent.length;
  if (bundled_) {
    entry.content = std::move(list);
  } else {
    for (const auto& extent : list) TRY(extents.add(extent));
    entry.content = TRY(extents.finish());
  }
  if (entry.size == 0) entry.content = std::monostate();
  waiting_.push_back(std::move(entry));
  if (bundle_.size() >= sizes_.chunk || bundle_.empty()) return flush_bundle();
  return {};
}

void MemorySink::abandon_content() {
  CHECK(in_content_, "abandon_content() outside content");
  in_content_ = false;
  piece_.clear();
  extents_.clear();
}

void MemorySink::warn(std::string path, std::string message) {
  warnings_.push_back({.path = std::move(path), .message = std::move(message)});
}

Result<repository::TreeRoot> MemorySink::finish() {
  TRY(flush_bundle());
  return tree_.finish();
}

}  // namespace holdfast::source::test
