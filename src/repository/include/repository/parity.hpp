// Protecting a repository by parity: which objects have sidecars, making those that lack, dropping
// those of objects that are gone (docs/internals/repository_format.md section 7). No key is needed.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/executor.hpp"
#include "repository/parity_sidecar.hpp"
#include "repository/repository.hpp"

namespace holdfast::repository {

struct StoredSidecar {
  std::string name;
  unsigned percent = 0;
  std::uint64_t size = 0;
};
// By the hash of the object that they are of; of each object the strongest comes first. About 250
// bytes of memory an object.
using SidecarListing = std::unordered_map<ObjectHash, std::vector<StoredSidecar>, IdHash>;
// Foreign names below parity/ are appended to `ignored`.
base::Result<SidecarListing> list_sidecars(storage::Storage& storage,
                                           std::vector<IgnoredObject>* ignored = nullptr);

// Whether `name` is that of an object, of a kind that gets parity.
[[nodiscard]] bool gets_parity(std::string_view name);
// Calls `receive` for every object of these kinds.
base::Result<void> each_parity_object(
    storage::Storage& storage,
    const std::function<base::Result<void>(const storage::ObjectInfo&)>& receive);

// Makes and stores the sidecar of `object`, whose bytes are those that its name states. The bytes
// that it takes.
base::Result<std::uint64_t> store_sidecar(storage::Storage& storage, const std::string& name,
                                          base::ByteView object, unsigned percent);

using ParityProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct ProtectReport {
  std::uint64_t objects = 0;  // of kinds that get parity
  std::uint64_t had = 0;      // of these, had what was asked for already
  std::uint64_t added = 0;    // got it now
  std::uint64_t bytes_added = 0;
  std::uint64_t dropped = 0;           // sidecars of objects that are gone, or weaker than another
  std::vector<IgnoredObject> skipped;  // objects that are damaged, unreadable or too large
};
// Gives every object a sidecar of `percent` (1 to parity_percent_max) or more. Running it again
// goes on where it was interrupted. Holds at most four objects in memory.
base::Result<ProtectReport> protect(storage::Storage& storage, io::Executor& executor,
                                    unsigned percent, const ParityProgress& progress,
                                    const std::stop_token& stop);

struct SidecarCheck {
  std::uint64_t bytes_read = 0;
  std::vector<IgnoredObject> damaged;  // their bytes are not those of their names, or can't be read
  std::vector<IgnoredObject> forged;  // they are, and yet it is not a sidecar of that name's object
};
// Reads every sidecar of `listing`, not the objects. Holds at most four in memory.
base::Result<SidecarCheck> check_sidecars(storage::Storage& storage, io::Executor& executor,
                                          const SidecarListing& listing,
                                          const std::stop_token& stop);

// Removes the sidecars of objects that are gone. How many.
base::Result<std::uint64_t> drop_sidecars_of_gone(storage::Storage& storage);

}  // namespace holdfast::repository
