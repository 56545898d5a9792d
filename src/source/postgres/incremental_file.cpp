// Header: magic, count, truncation length, numbers of blocks, all u32; with any blocks padded to a
// whole page. Then the blocks.
#include "incremental_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "relation_path.hpp"

namespace holdfast::source {

using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::uint32_t incremental_magic = 0xd3ae1f0d;
constexpr std::size_t number_size = sizeof(std::uint32_t);
constexpr std::size_t fixed_numbers = 3;

Error damaged(const char* what) {
  return {ErrorCode::damaged, fmt::format("a file of changed blocks {}", what)};
}

}  // namespace

Result<void> IncrementalFile::feed(ByteView bytes) {
  if (bytes.size() > left_) return damaged("is longer than its header says");
  while (!bytes.empty()) {
    const auto used = TRY(take(bytes));
    bytes = bytes.subspan(used);
  }
  return {};
}

// How many of them were taken.
Result<std::size_t> IncrementalFile::take(ByteView bytes) {
  const auto counted = [this](std::size_t used) {
    left_ -= used;
    return used;
  };
  if (part_ == Part::blocks) {
    if (block_left_ == 0) {
      if (block_ == blocks_.size()) return damaged("is longer than its header says");
      TRY(receiver_.begin_block(blocks_[block_++]));
      block_left_ = postgres_page_size;
    }
    const auto used = counted(std::min(block_left_, bytes.size()));
    block_left_ -= used;
    TRY(receiver_.block_content(bytes.first(used)));
    return used;
  }
  if (part_ == Part::padding) {
    const auto used = counted(std::min(padding_left_, bytes.size()));
    padding_left_ -= used;
    if (padding_left_ == 0) part_ = Part::blocks;
    return used;
  }
  const auto used = counted(std::min(number_size - number_.size(), bytes.size()));
  number_.insert(number_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(used));
  if (number_.size() == number_size) {
    const auto number = TRY(base::ByteReader(number_).u32());
    number_.clear();
    TRY(take_number(number));
  }
  return used;
}

Result<void> IncrementalFile::take_number(std::uint32_t number) {
  switch (part_) {
    case Part::magic:
      if (number != incremental_magic) return damaged("does not begin as it should");
      part_ = Part::count;
      return {};
    case Part::count:
      if (std::uint64_t{number} * (postgres_page_size + number_size) > left_) {
        return damaged("is shorter than its header says");
      }
      count_ = number;
      part_ = Part::truncation;
      return {};
    case Part::truncation:
      TRY(receiver_.begin_blocks(number));
      part_ = Part::numbers;
      break;
    default:
      if (!blocks_.empty() && number <= blocks_.back()) return damaged("has blocks out of order");
      blocks_.push_back(number);
  }
  return blocks_.size() == count_ ? end_header() : Result<void>();
}

Result<void> IncrementalFile::end_header() {
  const auto size = (fixed_numbers + count_) * number_size;
  padding_left_ =
      count_ == 0 ? 0 : (postgres_page_size - size % postgres_page_size) % postgres_page_size;
  part_ = padding_left_ == 0 ? Part::blocks : Part::padding;
  return {};
}

Result<void> IncrementalFile::finish() const {
  const bool is_whole = part_ == Part::blocks && block_ == blocks_.size() && block_left_ == 0;
  return is_whole && left_ == 0 ? Result<void>() : damaged("is cut short");
}

}  // namespace holdfast::source
