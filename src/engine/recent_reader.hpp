// RecentReader: a ContentReader that keeps nodes, and chunks that were asked for alone: small files
// that are read one after the other lie together in one chunk.
#pragma once

#include "recent.hpp"
#include "repository/content_reader.hpp"

namespace holdfast::engine {

// Thread-safe if `source` is; borrows it.
class RecentReader final : public repository::ContentReader {
 public:
  explicit RecentReader(repository::ContentReader& source);
  base::Result<base::Bytes> get(const repository::ChunkId& id) override;
  base::Result<void> fetch(std::span<const repository::ChunkId> ids, const Receive& receive,
                           std::stop_token stop) override;

 private:
  repository::ContentReader& source_;
  Recent<repository::ChunkId, base::Bytes, repository::IdHash> nodes_;
  Recent<repository::ChunkId, base::Bytes, repository::IdHash> chunks_;
};

}  // namespace holdfast::engine
