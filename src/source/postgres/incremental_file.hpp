// IncrementalFile: reads a file "INCREMENTAL.NAME" of a base backup (PostgreSQL 17 and newer,
// src/backend/backup/basebackup_incremental.c): which blocks of a relation's file changed, and what
// they hold now. It comes in pieces of any length. Bytes from outside: everything is checked.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace holdfast::source {

class ChangedBlocks {
 public:
  virtual ~ChangedBlocks() = default;
  // Of the earlier file only blocks below `truncation_blocks` may be used, and the new one has at
  // least so many.
  virtual base::Result<void> begin_blocks(std::uint32_t truncation_blocks) = 0;
  // What follows is the content of this block; in ascending order, each once.
  virtual base::Result<void> begin_block(std::uint32_t block) = 0;
  virtual base::Result<void> block_content(base::ByteView bytes) = 0;
};

// Used by one task. The receiver is borrowed. damaged: it is no such file, or of another size than
// its header says.
class IncrementalFile {
 public:
  // `size`: of the whole file.
  IncrementalFile(ChangedBlocks& receiver, std::uint64_t size) : receiver_(receiver), left_(size) {}
  base::Result<void> feed(base::ByteView bytes);
  base::Result<void> finish() const;

 private:
  base::Result<std::size_t> take(base::ByteView bytes);
  base::Result<void> take_number(std::uint32_t number);
  base::Result<void> end_header();

  enum class Part { magic, count, truncation, numbers, padding, blocks };
  ChangedBlocks& receiver_;
  std::uint64_t left_;  // of the file, that hasn't come
  Part part_ = Part::magic;
  base::Bytes number_;  // the bytes of it that have come
  std::uint32_t count_ = 0;
  std::vector<std::uint32_t> blocks_;
  std::size_t padding_left_ = 0;
  std::size_t block_ = 0;  // whose content comes
  std::size_t block_left_ = 0;
};

}  // namespace holdfast::source
