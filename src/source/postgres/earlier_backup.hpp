// EarlierBackup: the base backup that an incremental one is laid over, as a snapshot's tree.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "codec/hash.hpp"
#include "parent_token.hpp"
#include "repository/tree_cursor.hpp"

namespace holdfast::source {

// The key of a file in a snapshot, by its path in the data directory ("base/5/1259",
// "pg_tblspc/16400/PG_17_202406281/5/16384").
base::Result<base::Bytes> key_in_snapshot(std::string_view local_path);
// The reverse; empty for what lies neither in the data directory nor in a tablespace.
[[nodiscard]] std::string local_path_of(base::ByteView key);

// Used by one task. Borrows the nodes.
class EarlierBackup {
 public:
  // unsupported: it doesn't say of which cluster it is, as those of earlier versions of this
  // program.
  static base::Result<EarlierBackup> open(repository::NodeSource& nodes,
                                          const repository::TreeRoot& root);

  [[nodiscard]] std::uint64_t cluster() const { return token_.system; }
  [[nodiscard]] const std::vector<WalRange>& wal_ranges() const { return token_.ranges; }

  struct File {
    repository::Entry entry;
    RelationToken token;
  };
  // A relation's file that changed blocks can be laid over; nothing if there is none.
  base::Result<std::optional<File>> relation(std::string_view local_path) const;
  [[nodiscard]] repository::NodeSource& nodes() const { return *nodes_; }

  // Its manifest, as far as a server that is to send changed blocks needs it: the relations' files.
  // Piece by piece, each valid until the next call; an empty one at the end.
  [[nodiscard]] std::function<base::Result<base::ByteView>()> manifest() const;

 private:
  EarlierBackup(repository::NodeSource& nodes, const repository::TreeRoot& root,
                ManifestToken token)
      : nodes_(&nodes), root_(root), token_(std::move(token)) {}

  repository::NodeSource* nodes_;
  repository::TreeRoot root_;
  ManifestToken token_;
};

}  // namespace holdfast::source
