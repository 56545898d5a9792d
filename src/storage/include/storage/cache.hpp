// CacheStorage: keeps small answers of a slow storage in a local directory. Only objects that never
// change are kept: by default those whose name ends in a SHA-256, and a whole object of such a name
// is checked against it.
//
// Cached content outlives the object: a read may succeed after another process removed it. Whoever
// wants to know whether objects exist, or are intact where they lie, asks the storage below (stat
// and list are never cached). The cache is an optimisation: whatever goes wrong with its files only
// costs another fetch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/units.hpp"
#include "io/file_system.hpp"
#include "storage/storage.hpp"

namespace holdfast::storage {

// Whether a name ends in 64 lower-case hexadecimal digits that follow its start, '/', '.', '-' or
// '_'.
[[nodiscard]] bool ends_in_hash(std::string_view name);

struct CacheOptions {
  std::string directory;                     // absolute; the cache's alone
  std::uint64_t size_max = 256 * base::MiB;  // of all files; those unused for longest go
  std::uint64_t item_size_max = base::MiB;   // larger answers are not kept
  std::function<bool(std::string_view)> keeps = ends_in_hash;  // which names never change
};

// Thread-safe. Borrows the file system. Processes may share the directory; each counts what it
// knows of.
class CacheStorage final : public Storage {
 public:
  // Fails if the directory cannot be listed; one that does not exist is made when needed.
  static base::Result<std::unique_ptr<CacheStorage>> open(std::unique_ptr<Storage> inner,
                                                          io::FileSystem& file_system,
                                                          CacheOptions options);
  ~CacheStorage() override;

  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] Capabilities capabilities() const override;
  base::Result<std::unique_ptr<Upload>> begin_put() override;
  // Served from the same range, or from the whole object, if one of them was kept.
  base::Result<void> read(std::string_view name, Range range, base::MutableByteView out) override;
  // A whole object that does not match the hash in its name is damaged. Versions are not cached.
  base::Result<base::Bytes> get(std::string_view name, std::uint64_t size_max,
                                std::string_view version = {}) override;
  base::Result<ObjectInfo> stat(std::string_view name) override;
  base::Result<ListPage> list(const ListOptions& options) override;
  base::Result<ListPage> list_versions(const ListOptions& options) override;
  // Forgets the names, too.
  base::Result<std::vector<RemoveOutcome>> remove(std::span<const std::string> names) override;
  base::Result<void> retain(std::string_view name, base::Time until) override;
  base::Result<std::optional<std::uint64_t>> free_bytes() override;

 private:
  class Shelf;
  CacheStorage(std::unique_ptr<Storage> inner, std::unique_ptr<Shelf> shelf, CacheOptions options);

  const std::unique_ptr<Storage> inner_;
  const std::unique_ptr<Shelf> shelf_;
  const CacheOptions options_;
};

}  // namespace holdfast::storage
