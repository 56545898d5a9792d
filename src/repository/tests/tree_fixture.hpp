// Nodes in memory that count what is read, and made-up entries: what tests of trees share.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/random.hpp"
#include "repository/node_store.hpp"
#include "repository/tree_builder.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::repository {

// A node's id is the SHA-256 of its bytes here.
class MemoryNodes final : public NodeSink, public NodeSource {
 public:
  base::Result<ChunkId> put(base::Bytes node) override;
  base::Result<base::Bytes> get(const ChunkId& id) override;

  std::map<ChunkId, base::Bytes> nodes;
  std::map<ChunkId, base::Error> failures;  // given instead
  std::vector<ChunkId> reads;
};

[[nodiscard]] ChunkId id_of(base::ByteView bytes);
[[nodiscard]] ChunkId random_id(base::Random& random);
[[nodiscard]] base::Bytes bytes_of(std::string_view text);

// A key like a file's: "d000012\0f000345".
[[nodiscard]] base::Bytes numbered_key(std::uint64_t number);
// An entry of about 120 encoded bytes, a function of its arguments.
[[nodiscard]] Entry numbered_entry(std::uint64_t number, std::uint64_t salt = 0);
// Anything that may be in a tree, but for its key.
[[nodiscard]] Entry any_entry(base::Random& random, base::Bytes key);
[[nodiscard]] Extent any_extent(base::Random& random);
// Random entries in order, of all kinds.
[[nodiscard]] std::vector<Entry> any_entries(base::Random& random, std::size_t count);

[[nodiscard]] TreeRoot build(NodeSink& sink, const std::vector<Entry>& entries);
[[nodiscard]] std::vector<Entry> read_all(NodeSource& source, const TreeRoot& root);
// What a cursor gives until it ends or fails.
[[nodiscard]] base::Result<std::vector<Entry>> try_read_all(NodeSource& source,
                                                            const TreeRoot& root);

}  // namespace holdfast::repository
