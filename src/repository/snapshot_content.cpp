// How contents become chunks: small files are bundled, larger ones are cut by the chunker or, if
// they are overwritten in place, into chunks of one size; unchanged ones are taken over, and others
// put together from what was there and what is new.
#include "repository/snapshot_writer.hpp"

#include "repository/tree_cursor.hpp"

namespace holdfast::repository {

namespace {

constexpr std::size_t parts_in_a_step = 64;
constexpr std::size_t recent_small_files_max = 16'384;
// What may be on its way while a chunk of an overlay waits for more.
constexpr std::size_t steps_with_open_pages_max = 64;

ChunkJobPtr done_job(const ChunkId& id) {
  auto job = std::make_shared<ChunkJob>();
  job->id = id;
  job->done = true;
  return job;
}

}  // namespace

base::Result<void> SnapshotWriter::push(AssemblyStep step) {
  if (bundle_job_ && ++steps_since_bundle_ >= assembly_steps_max / 2) TRY(dispatch_bundle());
  if (page_job_ && ++steps_since_pages_ >= steps_with_open_pages_max) TRY(dispatch_pages());
  return assembler_->push(std::move(step));
}

base::Result<void> SnapshotWriter::add(Entry entry) {
  TRY(session_->renew_if_due());
  return push(CompleteEntry{std::move(entry)});
}

base::Result<bool> SnapshotWriter::is_known(const Extent& extent) {
  if (extent.kind == Extent::Kind::hole || extent.chunk == last_known_) return true;
  if (!TRY(store_->is_known(extent.chunk))) return false;
  last_known_ = extent.chunk;
  return true;
}

// Whether every chunk of a parent's content may still be relied on. The extents of a large content
// are pushed as they are checked: the same extents make the same nodes again.
base::Result<bool> SnapshotWriter::all_known(const Content& content, std::uint64_t size) {
  if (const auto* extents = std::get_if<std::vector<Extent>>(&content)) {
    for (const auto& extent : *extents) {
      if (!TRY(is_known(extent))) return false;
    }
    return true;
  }
  ExtentCursor cursor(*parent_nodes_, content, size);
  while (const auto extent = TRY(cursor.next())) {
    if (!TRY(is_known(*extent))) return false;
    auto job = extent->kind == Extent::Kind::data ? done_job(extent->chunk) : nullptr;
    parts_.push_back({std::move(job), extent->offset, extent->length});
    if (parts_.size() == parts_in_a_step) TRY(send_parts());
  }
  return true;
}

base::Result<EntrySink::Reuse> SnapshotWriter::reuse(Entry entry) {
  TRY(session_->renew_if_due());
  if (std::holds_alternative<std::monostate>(entry.content)) {
    TRY(push(CompleteEntry{std::move(entry)}));
    return Reuse::taken;
  }
  const bool is_tree = std::holds_alternative<ExtentTree>(entry.content);
  const auto known = all_known(entry.content, entry.size);
  const bool usable = known.ok() && known.value();
  if (!usable) {
    parts_.clear();
    if (is_tree) TRY(push(AbandonedContent{}));
    if (!known.ok() && known.error().code() == base::ErrorCode::cancelled)
      return base::Error(known.error());
    return Reuse::read_again;
  }
  if (!is_tree) {
    TRY(push(CompleteEntry{std::move(entry)}));
    return Reuse::taken;
  }
  TRY(send_parts());
  TRY(push(StreamedEntry{std::move(entry)}));
  return Reuse::taken;
}

base::Result<void> SnapshotWriter::begin_content(std::uint64_t expected_size) {
  CHECK(mode_ == Mode::none, "one content at a time");
  TRY(session_->renew_if_due());
  content_size_ = 0;
  if (expected_size > repository_.config().bundle_file_max) {
    mode_ = Mode::streamed;
    stream_.begin = stream_.end;
    return {};
  }
  if (bundle_.block && bundle_.block->bytes().size() - bundle_.end < expected_size + 1)
    TRY(dispatch_bundle());
  if (!bundle_.block) TRY(open_bundle_block());
  mode_ = Mode::bundled;
  bundled_start_ = bundle_.end;
  return {};
}

base::Result<void> SnapshotWriter::begin_pages(std::uint64_t expected_size) {
  if (expected_size <= repository_.config().bundle_file_max) return begin_content(expected_size);
  CHECK(mode_ == Mode::none, "one content at a time");
  TRY(session_->renew_if_due());
  TRY(dispatch_pages());
  content_size_ = 0;
  mode_ = Mode::paged;
  return {};
}

base::Result<void> SnapshotWriter::begin_overlay() {
  CHECK(mode_ == Mode::none, "one content at a time");
  TRY(session_->renew_if_due());
  content_size_ = 0;
  mode_ = Mode::overlaid;
  return {};
}

base::Result<EntrySink::Reuse> SnapshotWriter::reuse_extent(const Extent& extent) {
  CHECK(mode_ == Mode::overlaid, "pieces belong to an overlay");
  TRY(session_->renew_if_due());
  const auto known = is_known(extent);
  if (!known.ok() && known.error().code() == base::ErrorCode::cancelled) {
    return base::Error(known.error());
  }
  if (!known.ok() || !known.value()) return Reuse::read_again;
  auto job = extent.kind == Extent::Kind::data ? done_job(extent.chunk) : nullptr;
  parts_.push_back({std::move(job), extent.offset, extent.length});
  content_size_ += extent.length;
  if (parts_.size() >= parts_in_a_step) TRY(send_parts());
  return Reuse::taken;
}

base::Result<void> SnapshotWriter::open_bundle_block() {
  bundle_ = {.block = bundle_blocks_.take(), .begin = 0, .end = 0};
  return {};
}

base::Result<base::MutableByteView> SnapshotWriter::buffer() {
  CHECK(mode_ != Mode::none, "a buffer belongs to a content");
  if (mode_ == Mode::paged || mode_ == Mode::overlaid) return page_buffer();
  if (mode_ == Mode::bundled && bundle_.end == bundle_.block->bytes().size()) TRY(leave_bundle());
  if (mode_ == Mode::bundled) return bundle_.block->bytes().subspan(bundle_.end);
  if (!stream_.block || stream_.end == stream_.block->bytes().size()) TRY(next_stream_block());
  return stream_.block->bytes().subspan(stream_.end);
}

base::Result<void> SnapshotWriter::filled(std::size_t size) {
  content_size_ += size;
  if (mode_ == Mode::paged || mode_ == Mode::overlaid) return pages_filled(size);
  if (mode_ == Mode::bundled) {
    bundle_.end += size;
    return content_size_ > repository_.config().bundle_file_max ? leave_bundle()
                                                                : base::Result<void>();
  }
  stream_.end += size;
  TRY(session_->renew_if_due());
  return cut_stream(false);
}

// The rest of the chunk that is being filled; a fresh one always has room in its block.
base::Result<base::MutableByteView> SnapshotWriter::page_buffer() {
  const bool is_fresh = pages_.begin == pages_.end;
  if (!pages_.block || (is_fresh && pages_.block->bytes().size() - pages_.end < page_chunk_size_)) {
    pages_ = {.block = page_blocks_.take(), .begin = 0, .end = 0};
  }
  return pages_.block->bytes().subspan(pages_.end, page_chunk_size_ - (pages_.end - pages_.begin));
}

base::Result<void> SnapshotWriter::pages_filled(std::size_t size) {
  if (size == 0) return {};
  TRY(session_->renew_if_due());
  if (!page_job_) page_job_ = std::make_shared<ChunkJob>();
  const auto offset = pages_.end - pages_.begin;
  pages_.end += size;
  if (!parts_.empty() && parts_.back().job == page_job_ &&
      parts_.back().offset + parts_.back().length == offset) {
    parts_.back().length += size;
  } else {
    parts_.push_back({page_job_, offset, size});
  }
  if (offset + size < page_chunk_size_) return {};
  TRY(dispatch_pages());
  return parts_.size() < parts_in_a_step ? base::Result<void>() : send_parts();
}

base::Result<void> SnapshotWriter::dispatch_pages() {
  steps_since_pages_ = 0;
  if (!page_job_) return {};
  const base::ByteView plaintext =
      pages_.block->bytes().subspan(pages_.begin, pages_.end - pages_.begin);
  pages_.begin = pages_.end;
  return pipeline_->submit(
      {.job = std::exchange(page_job_, nullptr), .block = pages_.block, .plaintext = plaintext});
}

// The file is no small one after all: what was read of it moves to the stream.
base::Result<void> SnapshotWriter::leave_bundle() {
  const auto content = bundle_.block->bytes().subspan(bundled_start_, bundle_.end - bundled_start_);
  bundle_.end = bundled_start_;
  mode_ = Mode::streamed;
  stream_.begin = stream_.end;
  auto rest = base::ByteView(content);
  while (!rest.empty()) {
    const auto room = TRY(buffer());
    const auto size = std::min(room.size(), rest.size());
    std::memcpy(room.data(), rest.data(), size);
    stream_.end += size;
    rest = rest.subspan(size);
    TRY(cut_stream(false));
  }
  return {};
}

// A full block: the tail that no chunk has taken yet moves to a fresh one. It is shorter than the
// largest chunk, half a block.
base::Result<void> SnapshotWriter::next_stream_block() {
  Filling next{.block = stream_blocks_.take(), .begin = 0, .end = 0};
  const auto tail = stream_.end - stream_.begin;
  if (tail > 0)
    std::memcpy(next.block->bytes().data(), stream_.block->bytes().data() + stream_.begin, tail);
  next.end = tail;
  stream_ = std::move(next);
  return {};
}

base::Result<void> SnapshotWriter::cut_stream(bool at_end) {
  const std::size_t needed = at_end ? 1 : chunker_.parameters().size_max;
  while (stream_.end - stream_.begin >= needed) {
    const base::ByteView waiting =
        stream_.block->bytes().subspan(stream_.begin, stream_.end - stream_.begin);
    const auto length = chunker_.cut(waiting);
    auto job = std::make_shared<ChunkJob>();
    stream_.begin += length;
    parts_.push_back({job, 0, length});
    TRY(pipeline_->submit(
        {.job = std::move(job), .block = stream_.block, .plaintext = waiting.first(length)}));
    if (parts_.size() >= parts_in_a_step) TRY(send_parts());
  }
  return {};
}

base::Result<void> SnapshotWriter::send_parts() {
  if (parts_.empty()) return {};
  return push(ContentPart{std::exchange(parts_, {})});
}

base::Result<void> SnapshotWriter::hole(std::uint64_t size) {
  if (mode_ == Mode::bundled) TRY(leave_bundle());
  if (mode_ == Mode::streamed) TRY(cut_stream(true));
  if (mode_ == Mode::paged) TRY(dispatch_pages());
  content_size_ += size;
  if (size > 0) parts_.push_back({nullptr, 0, size});
  return {};
}

base::Result<void> SnapshotWriter::end_content(Entry entry) {
  CHECK(mode_ != Mode::none, "an end has a begin");
  entry.size = content_size_;
  const auto mode = std::exchange(mode_, Mode::none);
  if (mode != Mode::bundled) {
    if (mode == Mode::streamed) TRY(cut_stream(true));
    if (mode == Mode::paged) TRY(dispatch_pages());
    TRY(send_parts());
    return push(StreamedEntry{std::move(entry)});
  }
  if (content_size_ == 0) return push(CompleteEntry{std::move(entry)});

  const base::ByteView content = bundle_.block->bytes().subspan(bundled_start_, content_size_);
  Fingerprint fingerprint{};
  if (small_files_) {
    fingerprint = small_files_->fingerprint(content);
    if (const auto place = small_files_->find(fingerprint);
        place && place->length == content_size_ && TRY(store_->is_known(place->chunk))) {
      bundle_.end = bundled_start_;
      entry.content = std::vector<Extent>{{.kind = Extent::Kind::data,
                                           .length = content_size_,
                                           .chunk = place->chunk,
                                           .offset = place->offset}};
      return push(CompleteEntry{std::move(entry)});
    }
    if (const auto recent = recent_small_files_.find(fingerprint);
        recent != recent_small_files_.end() && recent->second.length == content_size_) {
      bundle_.end = bundled_start_;
      return push(BundledEntry{std::move(entry), recent->second, fingerprint});
    }
  }
  if (!bundle_job_) bundle_job_ = std::make_shared<ChunkJob>();
  const PendingExtent extent{.job = bundle_job_, .offset = bundled_start_, .length = content_size_};
  if (small_files_) {
    if (recent_small_files_.size() >= recent_small_files_max) recent_small_files_.clear();
    recent_small_files_.emplace(fingerprint, extent);
  }
  TRY(push(BundledEntry{std::move(entry), extent, fingerprint}));
  return bundle_.block && bundle_.end >= repository_.config().bundle_target ? dispatch_bundle()
                                                                            : base::Result<void>();
}

base::Result<void> SnapshotWriter::dispatch_bundle() {
  steps_since_bundle_ = 0;
  if (!bundle_job_) return {};
  const auto bundle = std::exchange(bundle_, {});
  return pipeline_->submit({.job = std::exchange(bundle_job_, nullptr),
                            .block = bundle.block,
                            .plaintext = bundle.block->bytes().first(bundle.end)});
}

void SnapshotWriter::abandon_content() {
  const auto mode = std::exchange(mode_, Mode::none);
  if (mode == Mode::bundled) bundle_.end = bundled_start_;
  if (mode == Mode::none || mode == Mode::bundled) return;
  if (mode == Mode::streamed) stream_.begin = stream_.end;
  parts_.clear();
  // A failure shows at the next step: this one can't report it.
  (void)push(AbandonedContent{});
}

}  // namespace holdfast::repository
