// BlockPool: the buffers that contents are read into. A fixed number of them bounds the memory in
// flight; they are used again, because fresh pages cost more than what is done with them.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/bytes.hpp"
#include "io/executor.hpp"

namespace holdfast::repository {

// Thread-safe. Outlives its blocks.
class BlockPool {
 public:
  BlockPool(io::Executor& executor, std::size_t block_size, std::size_t blocks_max);

  // A block in use; given back when the last owner lets go of it (chunks that lie in it share it).
  class Block {
   public:
    [[nodiscard]] base::MutableByteView bytes() const { return {bytes_.get(), size_}; }

   private:
    friend class BlockPool;
    std::unique_ptr<base::Byte[]> bytes_;
    std::size_t size_ = 0;
  };
  using Lease = std::shared_ptr<Block>;

  // Waits for a free block; null once the pool is closed.
  [[nodiscard]] Lease take();
  void close();
  [[nodiscard]] std::size_t block_size() const noexcept { return block_size_; }

 private:
  void give_back(Block* block);
  const std::size_t block_size_;
  const std::size_t blocks_max_;
  std::mutex mutex_;
  std::unique_ptr<io::Signal> changed_;
  std::vector<std::unique_ptr<Block>> free_;
  std::size_t made_ = 0;
  bool closed_ = false;
};

}  // namespace holdfast::repository
