// Mending damaged objects from their parity (docs/internals/repository_format.md section 7). No key
// is needed: what comes out must hash to the object's name.
#pragma once

#include "repository/parity.hpp"

namespace holdfast::repository {

// The right bytes of the object `name`, from what can be read of it and of `sidecars`; nothing is
// changed. not_found: the object isn't there. damaged: they aren't enough. Other errors: outage.
base::Result<base::Bytes> recover_stored(storage::Storage& storage, const std::string& name,
                                         const std::vector<StoredSidecar>& sidecars);

struct MendReport {
  std::uint64_t checked = 0;              // objects that have parity
  std::vector<std::string> mended;        // objects that are right again
  std::vector<IgnoredObject> unmendable;  // objects that are damaged beyond their parity
  std::vector<std::string> renewed;       // sidecars that were damaged or forged: made anew
  std::vector<IgnoredObject> ignored;     // foreign names below parity/ and mended/
};
// Checks every object that has parity, puts right what is damaged and renews damaged sidecars.
// Goes on with what an interrupted call left. Holds at most four objects in memory. An error:
// outage, or the storage refused a change; what was mended so far stays so.
base::Result<MendReport> mend(storage::Storage& storage, io::Executor& executor,
                              const ParityProgress& progress, const std::stop_token& stop);

}  // namespace holdfast::repository
