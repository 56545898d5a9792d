// ContentReader: gives back the plaintext of chunks, many at a time, in the order in which they lie
// in packs. It is what restores and verification are made of.
#pragma once

#include <functional>
#include <span>
#include <stop_token>

#include "base/result.hpp"
#include "repository/node_store.hpp"

namespace holdfast::repository {

class ContentReader : public NodeSource {
 public:
  // Fetches each chunk once (`ids` without repetitions), on several tasks at once, sorted by pack
  // and offset, and calls `receive` for every id from any of these tasks, concurrently; the view is
  // valid during the call. A chunk that can't be had is reported to `receive` and the others go on.
  // Returns when all calls are done; its own error means that `receive` failed or `stop` was
  // requested. Bounded memory whatever the number of ids.
  using Receive =
      std::function<base::Result<void>(const ChunkId& id, base::Result<base::ByteView> plaintext)>;
  virtual base::Result<void> fetch(std::span<const ChunkId> ids, const Receive& receive,
                                   std::stop_token stop) = 0;
};

}  // namespace holdfast::repository
