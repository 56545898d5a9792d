// Copies the chunks of one snapshot between repositories of one domain, as ciphertext.
#pragma once

#include <vector>

#include "repository/copy.hpp"
#include "repository/session.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::repository {

// Used by one task. Borrows everything.
class CiphertextCopy final : public TreeVisitor {
 public:
  // `session`: of the target.
  CiphertextCopy(Repository& from, RepositoryReader& reader, Repository& to, Session& session,
                 const CopyOptions& options);

  // Stores what the target lacks of a tree and of all that it refers to, with its index.
  base::Result<CopyTotals> run(const TreeRoot& root);

  [[nodiscard]] bool enter_node(const ChunkId& id) override;
  base::Result<void> data_chunk(const ChunkId& id, std::uint64_t needed_size) override;
  base::Result<void> unreadable_node(const TreeGap& gap, const ChunkId& id) override;

 private:
  // Chunks of one type that wait to be copied.
  struct Waiting {
    std::vector<FoundChunk> chunks;
    std::uint64_t bytes = 0;
  };

  base::Result<void> consider(ChunkType type, const ChunkId& id);
  base::Result<void> copy_waiting(ChunkType type);
  // Stores a pack of as many of `chunks` as it takes; how many that were.
  base::Result<std::size_t> store_pack(ChunkType type, std::span<const FoundChunk> chunks);
  base::Result<PackBox> resealed(const OpenPack& pack, std::uint16_t key) const;
  base::Result<void> authenticate(const OpenPack& pack, const FoundChunk& chunk,
                                  base::ByteView ciphertext);
  base::Result<void> write_segment();

  Repository& from_;
  RepositoryReader& reader_;
  Repository& to_;
  Session& session_;
  const CopyOptions& options_;
  const LocalIndex& source_;
  LocalIndex& target_;
  std::vector<bool> seen_;  // by LocalIndex::number_of in the source
  Waiting data_;
  Waiting tree_;
  IndexSegment pending_;
  base::Duration pending_since_;
  base::Bytes scratch_;
  std::optional<base::Error> failure_;  // of enter_node, which can't return it
  CopyTotals totals_;
};

}  // namespace holdfast::repository
