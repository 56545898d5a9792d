// The rules are those of pg_combinebackup (reconstruct.c): the new file has as many blocks as the
// truncation length says, or more if a block beyond it was sent; earlier blocks count below the
// truncation length only; what is in neither is zeros.
#include "relation_overlay.hpp"

#include <algorithm>
#include <cstring>

#include "relation_path.hpp"

namespace holdfast::source {

using base::Error;
using base::ErrorCode;
using base::Result;
using repository::EntrySink;
using repository::Extent;

RelationOverlay::RelationOverlay(EntrySink& sink, repository::NodeSource& nodes,
                                 const repository::Entry& earlier)
    : sink_(sink), cursor_(nodes, earlier.content, earlier.size), earlier_size_(earlier.size) {}

Result<void> RelationOverlay::begin_blocks(std::uint32_t truncation_blocks) {
  length_ = std::uint64_t{truncation_blocks} * postgres_page_size;
  usable_ = std::min(length_, earlier_size_);
  return {};
}

// A piece of the extent that holds position_.
Result<void> RelationOverlay::take_extent(std::uint64_t end) {
  if (!extent_ || position_ >= extent_start_ + extent_->length) {
    extent_start_ = TRY(cursor_.seek(position_));
    extent_ = TRY(cursor_.next());
    if (!extent_) return Error(ErrorCode::damaged, "the earlier file is shorter than it says");
  }
  const auto skipped = position_ - extent_start_;
  auto piece = *extent_;
  piece.length = std::min(extent_->length - skipped, end - position_);
  position_ += piece.length;
  if (piece.kind == Extent::Kind::data) piece.offset += skipped;
  if (TRY(sink_.reuse_extent(piece)) == EntrySink::Reuse::taken) return {};
  return Error(ErrorCode::conflict, "a part of the previous snapshot is about to be deleted");
}

Result<void> RelationOverlay::take_over_until(std::uint64_t end) {
  while (position_ < std::min(end, usable_)) TRY(take_extent(std::min(end, usable_)));
  if (position_ >= end) return {};
  is_changed_ = true;
  TRY(sink_.hole(end - position_));
  position_ = end;
  return {};
}

Result<void> RelationOverlay::begin_block(std::uint32_t block) {
  is_changed_ = true;
  return take_over_until(std::uint64_t{block} * postgres_page_size);
}

Result<void> RelationOverlay::block_content(base::ByteView bytes) {
  position_ += bytes.size();
  while (!bytes.empty()) {
    const auto room = TRY(sink_.buffer());
    const auto size = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), size);
    TRY(sink_.filled(size));
    bytes = bytes.subspan(size);
  }
  return {};
}

Result<void> RelationOverlay::finish() { return take_over_until(length_); }

}  // namespace holdfast::source
