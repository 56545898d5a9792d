// SnapshotTree: looks into one snapshot by path, as often as one likes and in any order.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "repository/entry.hpp"
#include "repository/node_store.hpp"
#include "repository/snapshot.hpp"
#include "source/files/posix_attributes.hpp"

namespace holdfast::engine {

// What lies at a path. A directory that the snapshot has no entry of its own for, since it lies
// above what was backed up, has mode 0555 and no time.
struct PlacedEntry {
  base::Bytes key;
  repository::EntryKind kind = repository::EntryKind::directory;
  std::uint64_t size = 0;
  repository::Content content;  // of a hard link: that of the file it is a link to
  source::PosixAttributes attributes;
};

// Thread-safe. Borrows the nodes.
class SnapshotTree {
 public:
  SnapshotTree(repository::NodeSource& nodes, repository::TreeRoot root);
  ~SnapshotTree();

  // `path`: absolute. not_found if the snapshot has nothing there.
  base::Result<PlacedEntry> find(const std::string& path) const;
  // What lies directly in a directory, in order, by name.
  using Visit = std::function<base::Result<void>(const std::string& name, const PlacedEntry&)>;
  base::Result<void> list(const std::string& path, const Visit& visit) const;

 private:
  // What was listed last is what is asked for next.
  struct Listed;
  base::Result<PlacedEntry> placed(const repository::Entry& entry) const;
  repository::NodeSource& nodes_;
  const repository::TreeRoot root_;
  const std::unique_ptr<Listed> listed_;
};

}  // namespace holdfast::engine
