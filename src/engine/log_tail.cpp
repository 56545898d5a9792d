// Blocks in a queue.
#include "log_tail.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace holdfast::engine {

namespace {

// Of a block: enough to tell the time of its bytes to about a hundredth of their span.
constexpr std::size_t marks_max = 128;
constexpr base::Duration mark_pause = base::milliseconds(200);

}  // namespace

LogTail::LogTail(std::uint64_t block_size, std::size_t blocks_max, io::Executor& executor)
    : block_size_(block_size), blocks_max_(blocks_max), changed_(executor.make_signal()) {}

void LogTail::begin(std::uint32_t lineage, std::uint64_t start, std::optional<LogOrigin> origin) {
  CHECK(start % block_size_ == 0, "a log that begins within a block");
  const std::lock_guard lock(mutex_);
  lineage_ = lineage;
  origin_ = std::move(origin);
  blocks_.clear();
  blocks_.push_back({.start = start, .bytes = {}, .marks = {}});
  marked_ = {};
  changed_->notify_all();
}

std::uint64_t LogTail::end() const {
  return blocks_.empty() ? 0 : blocks_.back().start + blocks_.back().bytes.size();
}

void LogTail::add_mark(base::Time at) {
  auto& block = blocks_.back();
  const repository::LogMark mark{.position = end(), .at = at};
  auto& marks = block.marks;
  const bool is_close = !marks.empty() && at - marks.back().at < mark_pause;
  if (!marks.empty() && (is_close || marks.size() >= marks_max) && marks.size() > 1) {
    marks.back() = mark;
  } else {
    marks.push_back(mark);
  }
  marked_ = at;
}

void LogTail::append(base::ByteView bytes, std::optional<base::Time> complete_at) {
  const std::lock_guard lock(mutex_);
  CHECK(!blocks_.empty(), "a log that has not begun");
  while (!bytes.empty()) {
    auto& block = blocks_.back();
    const auto count = std::min<std::uint64_t>(block_size_ - block.bytes.size(), bytes.size());
    block.bytes.insert(block.bytes.end(), bytes.begin(),
                       bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (complete_at && bytes.empty()) add_mark(*complete_at);
    if (block.bytes.size() < block_size_) return;
    blocks_.push_back({.start = block.start + block_size_, .bytes = {}, .marks = {}});
    changed_->notify_all();
  }
}

void LogTail::mark(base::Time at) {
  const std::lock_guard lock(mutex_);
  if (!blocks_.empty()) add_mark(at);
}

std::uint64_t LogTail::room() const {
  const std::lock_guard lock(mutex_);
  if (blocks_.empty() || blocks_.size() > blocks_max_) return 0;
  return (blocks_max_ - blocks_.size() + 1) * block_size_ - blocks_.back().bytes.size();
}

void LogTail::release(std::uint64_t position) {
  const std::lock_guard lock(mutex_);
  while (blocks_.size() > 1 && blocks_.front().start + block_size_ <= position) {
    blocks_.pop_front();
  }
}

LogTail::State LogTail::state() const {
  const std::lock_guard lock(mutex_);
  return {.lineage = lineage_,
          .start = blocks_.empty() ? 0 : blocks_.front().start,
          .end = end(),
          .marked = marked_,
          .origin = origin_};
}

LogTail::Part LogTail::part_after(std::uint64_t position) const {
  const std::lock_guard lock(mutex_);
  for (const auto& block : blocks_) {
    const auto block_end = block.start + block.bytes.size();
    if (position < block.start || position >= block.start + block_size_) continue;
    const bool is_whole = block.bytes.size() == block_size_;
    Part part;
    part.lineage = lineage_;
    part.start = is_whole ? block.start : position;
    part.end = std::max(block_end, part.start);
    if (position >= block_end) {
      part.start = part.end = position;
    } else {
      part.bytes.assign(block.bytes.begin() + static_cast<std::ptrdiff_t>(part.start - block.start),
                        block.bytes.end());
    }
    for (const auto& mark : block.marks) {
      if (mark.position >= part.start && mark.position <= part.end) part.marks.push_back(mark);
    }
    return part;
  }
  return {.lineage = lineage_, .start = position, .end = position, .bytes = {}, .marks = {}};
}

void LogTail::wait_for_block(std::uint64_t position, base::Duration timeout) {
  std::unique_lock lock(mutex_);
  const auto block_end = (position / block_size_ + 1) * block_size_;
  if (end() >= block_end) return;
  changed_->wait_for(lock, timeout);
}

void LogTail::wake() {
  const std::lock_guard lock(mutex_);
  changed_->notify_all();
}

}  // namespace holdfast::engine
