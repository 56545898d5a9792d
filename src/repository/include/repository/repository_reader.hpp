// RepositoryReader: the ContentReader and NodeSource of an opened repository.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "repository/content_reader.hpp"
#include "repository/pack_reader.hpp"

namespace holdfast::repository {

// get() may be called by several tasks; fetch() by one at a time.
class RepositoryReader final : public ContentReader {
 public:
  // Brings the index up to date. Needs the reading key.
  static base::Result<std::unique_ptr<RepositoryReader>> open(Repository& repository);

  base::Result<base::Bytes> get(const ChunkId& id) override;
  base::Result<void> fetch(std::span<const ChunkId> ids, const Receive& receive,
                           std::stop_token stop) override;
  [[nodiscard]] PackReader& packs() noexcept { return packs_; }

 private:
  explicit RepositoryReader(Repository& repository);
  struct Group;  // chunks that one read brings
  class FetchRun;
  base::Result<std::vector<Group>> group(std::span<const ChunkId> ids,
                                         std::vector<ChunkId>& absent) const;
  // Nodes are written in the order in which they are read: one read brings those that follow.
  struct Window {
    ObjectHash pack{};
    std::uint64_t offset = 0;
    std::shared_ptr<const base::Bytes>
        bytes;  // shared with a reader that decodes from it while it is dropped
  };
  base::Result<base::Bytes> stored_node(const FoundChunk& found);

  Repository& repository_;
  PackReader packs_;
  std::mutex mutex_;
  std::list<Window> windows_;  // newest first
};

}  // namespace holdfast::repository
