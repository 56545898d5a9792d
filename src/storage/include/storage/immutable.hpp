// ImmutableStorage: a place that keeps versions, seen as what was stored in it and never deleted.
// Object lock forbids the deletion of a version, but lets everybody who may write lay a newer
// version or a delete marker over it. Names end in the hash of their bytes, so what belongs under a
// name is known: whatever lies over it is looked through, in reads and in listings alike.
// docs/internals/immutability.md says what this protects from.
//
// Hence a removal takes away all versions of a name, for good, and never just puts a delete marker
// over them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/storage.hpp"

namespace holdfast::storage {

// Thread-safe.
//
// A name with one version means that one. With several: the oldest whose bytes hash to the name,
// else the oldest; a listing, which can't read them all, tells size and time of the oldest. Names
// that end in no hash are those of foreign objects.
class ImmutableStorage final : public Storage {
 public:
  // `inner` has Capabilities::versions.
  explicit ImmutableStorage(std::unique_ptr<Storage> inner);
  ~ImmutableStorage() override;

  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] Capabilities capabilities() const override;
  base::Result<std::unique_ptr<Upload>> begin_put() override;
  base::Result<void> read(std::string_view name, Range range, base::MutableByteView out) override;
  base::Result<base::Bytes> get(std::string_view name, std::uint64_t size_max,
                                std::string_view version = {}) override;
  base::Result<ObjectInfo> stat(std::string_view name) override;
  base::Result<ListPage> list(const ListOptions& options) override;
  base::Result<ListPage> list_versions(const ListOptions& options) override;
  base::Result<std::vector<RemoveOutcome>> remove(std::span<const std::string> names) override;
  base::Result<void> retain(std::string_view name, base::Time until) override;
  base::Result<void> read_version(const ObjectVersion& object, Range range,
                                  base::MutableByteView out) override;
  base::Result<ObjectInfo> stat_version(const ObjectVersion& object) override;
  base::Result<void> retain_version(const ObjectVersion& object, base::Time until) override;
  base::Result<std::vector<RemoveOutcome>> remove_versions(
      std::span<const ObjectVersion> objects) override;
  base::Result<std::optional<std::uint64_t>> free_bytes() override;

 private:
  // The versions of a name that hold something, oldest first; at most the 1,000 oldest.
  base::Result<std::vector<ObjectInfo>> versions_of(std::string_view name);
  // The one that the name means; not_found if there is none.
  base::Result<ObjectInfo> meant(std::string_view name);
  base::Result<std::string> version_to_read(std::string_view name);
  void remember_folder(std::string_view name);
  base::Result<void> remove_all(const std::string& name, RemoveOutcome& outcome);

  const std::unique_ptr<Storage> inner_;
  std::mutex mutex_;  // guards all below, a cache of what listings told; bounded
  std::map<std::string, std::string, std::less<>> versions_;  // by name: the version to read
  std::set<std::string, std::less<>> folders_;                // of which the beginning was listed
};

}  // namespace holdfast::storage
