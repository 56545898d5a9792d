// Windows of a content: found by its extents, filled by one fetch.
#include "engine/content_stream.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "base/units.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::engine {

namespace {

constexpr std::uint64_t window_size = 8 * base::MiB;

// A part of a chunk, and where in the window it goes.
struct Piece {
  std::uint64_t chunk_offset = 0;
  std::uint64_t at = 0;
  std::uint64_t length = 0;
};
using Pieces = std::map<repository::ChunkId, std::vector<Piece>>;

base::Result<void> copy(base::ByteView plaintext, const std::vector<Piece>& pieces,
                        base::Bytes& into) {
  for (const auto& piece : pieces) {
    if (piece.chunk_offset > plaintext.size() ||
        piece.length > plaintext.size() - piece.chunk_offset) {
      return base::Error(base::ErrorCode::damaged, "its content runs over the end of a chunk");
    }
    const auto from = plaintext.subspan(piece.chunk_offset, piece.length);
    std::copy(from.begin(), from.end(), into.begin() + static_cast<std::ptrdiff_t>(piece.at));
  }
  return {};
}

}  // namespace

ContentStream::ContentStream(repository::ContentReader& reader, io::Executor& executor,
                             repository::Content content, std::uint64_t size)
    : reader_(reader),
      executor_(executor),
      content_(std::move(content)),
      size_(size),
      changed_(executor.make_signal()) {}

ContentStream::~ContentStream() {
  if (task_) task_->join();
}

base::Result<ContentStream::WindowPtr> ContentStream::load(std::uint64_t offset,
                                                           std::uint64_t size) const {
  repository::ExtentCursor extents(reader_, content_, size_);
  auto at = TRY(extents.seek(offset));
  auto window = std::make_shared<Window>();
  window->begin = offset;
  const auto wanted_end = std::min(size_, offset + size);
  Pieces pieces;
  std::uint64_t end = offset;
  while (at < wanted_end) {
    const auto extent = TRY(extents.next());
    if (!extent)
      return base::Error(base::ErrorCode::damaged, "its content is shorter than its size");
    // What is decoded anyway is kept: the rest of the last chunk. Holes may be of any length.
    const bool is_whole =
        extent->kind == repository::Extent::Kind::data && extent->length <= window_size;
    const auto from = std::max(at, offset);
    end = is_whole ? at + extent->length : std::min(at + extent->length, wanted_end);
    if (extent->kind == repository::Extent::Kind::data) {
      pieces[extent->chunk].push_back({.chunk_offset = extent->offset + (from - at),
                                       .at = from - offset,
                                       .length = end - from});
    }
    at += extent->length;
  }
  window->bytes.resize(end - offset);
  std::vector<repository::ChunkId> ids;
  ids.reserve(pieces.size());
  for (const auto& [id, parts] : pieces) ids.push_back(id);
  const auto receive = [&](const repository::ChunkId& id,
                           base::Result<base::ByteView> plaintext) -> base::Result<void> {
    return copy(TRY(std::move(plaintext)), pieces.at(id), window->bytes);
  };
  TRY(reader_.fetch(ids, receive, {}));
  return WindowPtr(std::move(window));
}

void ContentStream::read_ahead(std::uint64_t from) {
  auto window = load(from, window_size);
  const std::lock_guard lock(mutex_);
  // What can't be read ahead is asked for again by the read that needs it, and reported there.
  ahead_ = window.ok() ? std::move(window).value() : nullptr;
  is_reading_ahead_ = false;
  changed_->notify_all();
}

base::Result<ContentStream::WindowPtr> ContentStream::window_at(std::uint64_t offset,
                                                                std::uint64_t needed) {
  bool is_in_order = false;
  {
    std::unique_lock lock(mutex_);
    if (current_ && current_->holds(offset)) return current_;
    while (is_reading_ahead_ && offset >= ahead_from_ && offset < ahead_from_ + window_size)
      changed_->wait(lock);
    is_in_order = offset == read_until_ && offset != 0;
    if (ahead_ && ahead_->holds(offset)) {
      current_ = std::exchange(ahead_, nullptr);
      is_in_order = true;
    }
  }
  WindowPtr window;
  {
    const std::lock_guard lock(mutex_);
    if (current_ && current_->holds(offset)) window = current_;
  }
  if (!window) {
    auto loaded = load(offset, is_in_order ? window_size : needed);
    // Damage further on must not hide what is asked for.
    window = loaded.ok() || !is_in_order ? TRY(std::move(loaded)) : TRY(load(offset, needed));
  }
  std::unique_ptr<io::Task> finished;
  const std::lock_guard lock(mutex_);
  current_ = window;
  if (is_in_order && !is_reading_ahead_ && window->end() < size_) {
    is_reading_ahead_ = true;
    ahead_from_ = window->end();
    finished = std::exchange(
        task_, executor_.spawn("read ahead", [this, from = ahead_from_] { read_ahead(from); }));
  }
  return window;
}

base::Result<std::size_t> ContentStream::read(std::uint64_t offset, base::MutableByteView out) {
  std::size_t done = 0;
  const auto end = std::min<std::uint64_t>(size_, offset + out.size());
  while (offset < end) {
    const auto window = TRY(window_at(offset, end - offset));
    const auto length = std::min(end, window->end()) - offset;
    const auto* from = window->bytes.data() + (offset - window->begin);
    std::copy(from, from + length, out.begin() + static_cast<std::ptrdiff_t>(done));
    done += length;
    offset += length;
    const std::lock_guard lock(mutex_);
    read_until_ = offset;
  }
  return done;
}

}  // namespace holdfast::engine
