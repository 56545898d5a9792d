// RelationOverlay: a relation's file put together from an earlier snapshot's and the blocks that
// changed since then. Nothing of the earlier content is read: its extents are taken over.
#pragma once

#include <optional>

#include "incremental_file.hpp"
#include "repository/entry_sink.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::source {

// Between begin_overlay() and end_content() of the sink, which are the caller's. Used by one task;
// borrows the sink and the nodes. conflict: the earlier content can't be relied on any more.
class RelationOverlay final : public ChangedBlocks {
 public:
  // `earlier`: the file's entry in the earlier snapshot, a whole number of blocks.
  RelationOverlay(repository::EntrySink& sink, repository::NodeSource& nodes,
                  const repository::Entry& earlier);

  base::Result<void> begin_blocks(std::uint32_t truncation_blocks) override;
  base::Result<void> begin_block(std::uint32_t block) override;
  base::Result<void> block_content(base::ByteView bytes) override;
  // No more blocks come: what is left of the earlier file.
  base::Result<void> finish();

  [[nodiscard]] std::uint64_t size() const { return position_; }
  // Whether it is the earlier file as it was.
  [[nodiscard]] bool is_unchanged() const { return !is_changed_ && position_ == earlier_size_; }

 private:
  base::Result<void> take_over_until(std::uint64_t end);
  base::Result<void> take_extent(std::uint64_t end);

  repository::EntrySink& sink_;
  repository::ExtentCursor cursor_;
  const std::uint64_t earlier_size_;
  std::uint64_t usable_ = 0;  // bytes of the earlier file
  std::uint64_t length_ = 0;  // of the new one, at least
  std::uint64_t position_ = 0;
  bool is_changed_ = false;
  // Of the earlier file, where position_ lies in or before.
  std::optional<repository::Extent> extent_;
  std::uint64_t extent_start_ = 0;
};

}  // namespace holdfast::source
