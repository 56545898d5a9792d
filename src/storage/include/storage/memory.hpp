// MemoryStorage: objects in the heap, for tests and the simulation. It can behave like a plain disk
// or like a bucket with versions and compliance lock: then a remove only adds a delete marker, and
// nothing that was stored goes away.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/storage.hpp"

namespace holdfast::storage {

struct MemoryOptions {
  // Retention needs versions.
  Capabilities capabilities;
  // Bytes of all versions together; a commit past it is no_space.
  std::optional<std::uint64_t> capacity;
};

// Borrows the clock, which is the storage's own: stored_at comes from it. Uploads must not outlive
// the storage.
class MemoryStorage final : public Storage {
 public:
  explicit MemoryStorage(const base::Clock& clock, MemoryOptions options = {});

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

  // For tests and the simulation: lets `change` alter the bytes of the current version in place, as
  // a failing disk would; version, time and lock stay. not_found if there is none.
  base::Result<void> damage(std::string_view name, const std::function<void(base::Bytes&)>& change);
  // What a bucket allows to everybody who may put: another version over the current one, with the
  // lock of the place. Needs versions.
  void overwrite(std::string_view name, base::ByteView content);
  // The same world's end of retention: drops versions that are not current and no longer locked, as
  // a bucket's lifecycle rule does. Returns how many.
  std::size_t expire_versions();

 private:
  class MemoryUpload;
  struct Version {
    std::uint64_t number = 0;
    std::shared_ptr<const base::Bytes>
        content;  // shared with readers that are under way; none: a delete marker
    base::Time stored_at;
    std::optional<base::Time> retained_until;
  };
  using Versions = std::vector<Version>;  // oldest first, never empty

  // Takes the content if it succeeds, and leaves it if not.
  base::Result<ObjectInfo> commit(std::string_view name, base::Bytes& content,
                                  const PutOptions& options);
  base::Result<std::shared_ptr<const base::Bytes>> find(std::string_view name,
                                                        std::string_view version);
  [[nodiscard]] std::optional<base::Time> lock_of(const PutOptions& options) const;
  base::Result<void> remove_version(const ObjectVersion& object,
                                    std::optional<base::Time>& locked_until);
  [[nodiscard]] ObjectInfo info_of(const std::string& name, const Version& version) const;
  // The version with this name, a delete marker too; none if there is none. With the mutex held.
  Version* find_version(const ObjectVersion& object);
  // The current object; none if absent or deleted. Call with the mutex held.
  Version* current(std::string_view name);

  const base::Clock& clock_;
  const MemoryOptions options_;
  std::mutex mutex_;
  std::map<std::string, Versions, std::less<>> objects_;
  std::uint64_t last_number_ = 0;
  std::uint64_t used_ = 0;
};

}  // namespace holdfast::storage
