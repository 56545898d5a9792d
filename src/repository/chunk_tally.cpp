// A set of marks by linear probing, at most three quarters full.
#include "repository/chunk_tally.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::repository {

namespace {

constexpr std::size_t first_size = 1024;  // a power of two, as all that follow

}  // namespace

ChunkTally::ChunkTally(std::size_t ids_max) : ids_max_(ids_max), marks_(first_size) {}

std::size_t ChunkTally::slot_of(std::uint64_t mark) const noexcept {
  auto at = static_cast<std::size_t>(mark) & (marks_.size() - 1);
  while (marks_[at] != 0 && marks_[at] != mark) at = (at + 1) & (marks_.size() - 1);
  return at;
}

bool ChunkTally::add(const ChunkId& id) {
  std::uint64_t mark = 0;
  std::memcpy(&mark, id.data(), sizeof mark);
  mark = std::max<std::uint64_t>(mark, 1);
  auto at = slot_of(mark);
  if (marks_[at] == mark) return false;
  if (count_ == ids_max_) return true;
  if ((count_ + 1) * 4 > marks_.size() * 3) {
    grow();
    at = slot_of(mark);
  }
  marks_[at] = mark;
  ++count_;
  return true;
}

void ChunkTally::grow() {
  const auto before = std::exchange(marks_, std::vector<std::uint64_t>(marks_.size() * 2));
  for (const auto mark : before) {
    if (mark != 0) marks_[slot_of(mark)] = mark;
  }
}

}  // namespace holdfast::repository
