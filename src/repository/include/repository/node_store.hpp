// Where tree nodes go and come from: seams between the trees and the rest of the repository, so
// that trees can be built and read over packs, over the local node cache, and over memory in tests.
#pragma once

#include "base/result.hpp"
#include "repository/ids.hpp"

namespace holdfast::repository {

class NodeSink {
 public:
  virtual ~NodeSink() = default;
  // The id of the node's plaintext. The node may still be on its way to the storage; a later
  // failure of that shows before the snapshot commits. Nodes that are known are not stored again.
  virtual base::Result<ChunkId> put(base::Bytes node) = 0;
};

class NodeSource {
 public:
  virtual ~NodeSource() = default;
  // The node's plaintext, authenticated by its id. not_found, damaged and unavailable are distinct.
  virtual base::Result<base::Bytes> get(const ChunkId& id) = 0;
};

}  // namespace holdfast::repository
