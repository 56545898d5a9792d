// NodeCache: the tree nodes of the last snapshot of a series (same host, source, label, paths) in
// one local file, so that the next run recognises what is unchanged without the private key and
// without asking the storage.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file_system.hpp"
#include "repository/domain.hpp"
#include "repository/node_store.hpp"

namespace holdfast::repository {

// Reads one. What it gives is authenticated by the nodes' ids.
class NodeCache final : public NodeSource {
 public:
  // not_found: no cache for `snapshot` at `path` (another snapshot's counts as none).
  static base::Result<std::unique_ptr<NodeCache>> open(io::FileSystem& files,
                                                       const std::string& path,
                                                       const ObjectHash& snapshot,
                                                       const Domain& domain);
  base::Result<base::Bytes> get(const ChunkId& id) override;

 private:
  NodeCache(std::unique_ptr<io::MappedFile> file, const Domain& domain)
      : file_(std::move(file)), domain_(domain) {}
  std::unique_ptr<io::MappedFile> file_;
  const Domain& domain_;
  std::size_t index_offset_ = 0;
  std::size_t count_ = 0;
};

// Writes one while a snapshot is made. A failure to write only loses the cache.
class NodeCacheWriter {
 public:
  NodeCacheWriter(io::FileSystem& files, const std::string& path);
  void add(const ChunkId& id, base::ByteView node);
  void commit(const ObjectHash& snapshot);

 private:
  struct Located {
    ChunkId id{};
    std::uint64_t offset = 0;
  };
  void append(base::ByteView bytes);
  std::unique_ptr<io::FileWriter> file_;  // null once writing failed
  std::uint64_t size_ = 0;
  std::vector<Located> index_;
};

}  // namespace holdfast::repository
