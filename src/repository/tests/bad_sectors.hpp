// A storage on a disk with bad sectors: reads that touch them fail, as a disk's do.
#pragma once

#include <map>
#include <string>

#include "storage/memory.hpp"

namespace holdfast::repository {

class BadSectors final : public storage::Storage {
 public:
  static constexpr std::uint64_t sector_size = 4096;

  explicit BadSectors(storage::Storage& inner) : inner_(inner) {}
  // From the object's byte `offset` on, as many as hold `size` bytes; until it is removed.
  void add(const std::string& name, std::uint64_t offset, std::uint64_t size) {
    bad_[name] = {.offset = offset / sector_size * sector_size,
                  .size = size + offset % sector_size};
  }

  [[nodiscard]] std::string describe() const override { return inner_.describe(); }
  [[nodiscard]] storage::Capabilities capabilities() const override {
    return inner_.capabilities();
  }
  base::Result<std::unique_ptr<storage::Upload>> begin_put() override { return inner_.begin_put(); }
  base::Result<void> read(std::string_view name, storage::Range range,
                          base::MutableByteView out) override {
    const auto found = bad_.find(std::string(name));
    if (found != bad_.end() && range.offset < found->second.offset + found->second.size &&
        found->second.offset < range.offset + range.size)
      return base::Error::from_errno(EIO, "cannot read " + std::string(name));
    return inner_.read(name, range, out);
  }
  base::Result<base::Bytes> get(std::string_view name, std::uint64_t size_max,
                                std::string_view version) override {
    if (bad_.contains(std::string(name)))
      return base::Error::from_errno(EIO, "cannot read " + std::string(name));
    return inner_.get(name, size_max, version);
  }
  base::Result<storage::ObjectInfo> stat(std::string_view name) override {
    return inner_.stat(name);
  }
  base::Result<storage::ListPage> list(const storage::ListOptions& options) override {
    return inner_.list(options);
  }
  base::Result<storage::ListPage> list_versions(const storage::ListOptions& options) override {
    return inner_.list_versions(options);
  }
  base::Result<std::vector<storage::RemoveOutcome>> remove(
      std::span<const std::string> names) override {
    for (const auto& name : names) bad_.erase(name);
    return inner_.remove(names);
  }
  base::Result<void> retain(std::string_view name, base::Time until) override {
    return inner_.retain(name, until);
  }
  base::Result<std::optional<std::uint64_t>> free_bytes() override { return inner_.free_bytes(); }

 private:
  storage::Storage& inner_;
  std::map<std::string, storage::Range> bad_;
};

}  // namespace holdfast::repository
