// LogTail: the newest part of a log, in memory, from whoever receives it to those who store it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "io/executor.hpp"
#include "repository/log_piece.hpp"

namespace holdfast::engine {

// How a lineage began, for those that lack it.
struct LogOrigin {
  std::uint32_t lineage = 0;
  std::uint32_t parent = 0;
  std::uint64_t fork = 0;
  std::string account;  // the source's own
};

// Cut into blocks of one length, at multiples of it. Thread-safe.
class LogTail {
 public:
  // At most `blocks_max` blocks of `block_size` bytes are kept.
  LogTail(std::uint64_t block_size, std::size_t blocks_max, io::Executor& executor);

  // From now on the log is this lineage from `start` on, a multiple of the block's length. What was
  // there is gone. `origin`: nothing for the first lineage.
  void begin(std::uint32_t lineage, std::uint64_t start,
             std::optional<LogOrigin> origin = std::nullopt);
  // What follows. There must be room. `complete_at`: when, by the source's clock, it had nothing
  // beyond these bytes; nothing if it had, or that isn't known.
  void append(base::ByteView bytes, std::optional<base::Time> complete_at);
  // At `at` there is nothing but what has come.
  void mark(base::Time at);
  [[nodiscard]] std::uint64_t block_size() const noexcept { return block_size_; }
  // How many bytes append() may still take.
  [[nodiscard]] std::uint64_t room() const;
  // Forgets whole blocks that end at or before `position`.
  void release(std::uint64_t position);

  struct State {
    std::uint32_t lineage = 0;
    std::uint64_t start = 0;  // of what is kept
    std::uint64_t end = 0;
    base::Time marked;  // when it was known last that nothing else is there
    std::optional<LogOrigin> origin;
  };
  [[nodiscard]] State state() const;

  // What follows `position` in its block.
  struct Part {
    std::uint32_t lineage = 0;
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    base::Bytes bytes;
    std::vector<repository::LogMark> marks;
  };
  // The whole block in which `position` lies if it has all come, else what of it follows; empty if
  // nothing does. `position` must be kept.
  [[nodiscard]] Part part_after(std::uint64_t position) const;

  // Waits until the block of `position` has all come, or wake() is called, for `timeout` at most.
  void wait_for_block(std::uint64_t position, base::Duration timeout);
  // Ends the waits of this moment.
  void wake();

 private:
  struct Block {
    std::uint64_t start = 0;
    base::Bytes bytes;
    std::vector<repository::LogMark> marks;  // at most marks_max
  };
  [[nodiscard]] std::uint64_t end() const;
  void add_mark(base::Time at);

  const std::uint64_t block_size_;
  const std::size_t blocks_max_;
  mutable std::mutex mutex_;
  std::unique_ptr<io::Signal> changed_;
  std::uint32_t lineage_ = 0;
  std::optional<LogOrigin> origin_;
  std::deque<Block> blocks_;  // the last one is where bytes go
  base::Time marked_;
};

}  // namespace holdfast::engine
