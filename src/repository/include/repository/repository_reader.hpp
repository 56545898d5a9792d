// RepositoryReader: the ContentReader and NodeSource of an opened repository.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "repository/content_reader.hpp"
#include "repository/pack_reader.hpp"

namespace holdfast::repository {

// Whether a reader follows a prune that moves chunks while it reads.
enum class Following {
  // What is absent where the index says is looked for once more, with a fresh index. The index's
  // numbers (LiveSet) change with that.
  prunes,
  nothing,  // the index stays as it is
};

// get() and fetch() may be called by several tasks at once.
class RepositoryReader final : public ContentReader {
 public:
  // Brings the index up to date. Needs the reading key.
  static base::Result<std::unique_ptr<RepositoryReader>> open(Repository& repository,
                                                              Following following);

  base::Result<base::Bytes> get(const ChunkId& id) override;
  base::Result<void> fetch(std::span<const ChunkId> ids, const Receive& receive,
                           std::stop_token stop) override;
  [[nodiscard]] PackReader& packs() noexcept { return packs_; }

  // For those who read by the index and packs() themselves.
  [[nodiscard]] std::uint64_t looks() const;
  // Brings index and list of packs up to date, unless another task has done so since there were
  // `looks`, or a look of the last seconds brought nothing. Whether it may have brought something;
  // never for one that follows nothing.
  base::Result<bool> look_again(std::uint64_t looks);
  // Changes with every look, with which the index's numbers may change.
  [[nodiscard]] std::uint64_t index_updates() const noexcept { return index_updates_; }

 private:
  RepositoryReader(Repository& repository, Following following);
  struct Group;  // chunks that one read brings
  class FetchRun;
  base::Result<std::vector<Group>> group(std::span<const ChunkId> ids,
                                         std::vector<ChunkId>& absent) const;
  base::Result<base::Bytes> get_once(const ChunkId& id);
  base::Result<base::Bytes> get_at(const FoundChunk& found);
  // From another place than the one that gave `error`, which is the answer if there is none: a
  // writer's segment may say anything.
  base::Result<base::Bytes> get_elsewhere(const FoundChunk& tried, base::Error error);
  // One pass of fetch(). What is absent goes to `again` if there is one, else to `receive`.
  base::Result<void> fetch_once(std::span<const ChunkId> ids, const Receive& receive,
                                const std::stop_token& stop, std::vector<ChunkId>* again);
  // Whether index or packs differ from those of the last look.
  base::Result<bool> look();
  // Nodes are written in the order in which they are read: one read brings those that follow.
  struct Window {
    ObjectHash pack{};
    std::uint64_t offset = 0;
    std::shared_ptr<const base::Bytes>
        bytes;  // shared with a reader that decodes from it while it is dropped
  };
  base::Result<base::Bytes> stored_node(const FoundChunk& found);

  Repository& repository_;
  const Following following_;
  PackReader packs_;
  const std::unique_ptr<io::Signal> looked_;
  mutable std::mutex mutex_;
  std::atomic<std::uint64_t> index_updates_ = 0;
  std::uint64_t looks_ = 0;
  bool is_looking_ = false;
  std::optional<base::Duration> vain_look_;  // when the last look brought nothing new
  // The looking task's own.
  std::vector<ObjectHash> segments_;
  std::vector<ObjectHash> absent_packs_;
  std::list<Window> windows_;  // newest first
};

}  // namespace holdfast::repository
