// LimitStorage: keeps uploads and downloads below given rates, so that a backup leaves room on the
// line. It passes an append on in pieces, so it belongs outside a RetryStorage, not inside: a
// repeated append must be whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "io/executor.hpp"
#include "storage/storage.hpp"

namespace holdfast::storage {

struct LimitOptions {
  std::optional<std::uint64_t> upload_bytes_per_second;    // above 0; nothing: unlimited
  std::optional<std::uint64_t> download_bytes_per_second;  // above 0; nothing: unlimited
  std::stop_token stop;  // ends a pause; the call then fails with `cancelled`
};

// One pair of rates for all tasks together; over any two seconds they hold within a tenth, as far
// as the inner storage sends what it gets at once. Listings and answers without content are not
// counted. Thread-safe. Borrows executor and clock. Uploads must not outlive it.
class LimitStorage final : public Storage {
 public:
  LimitStorage(std::unique_ptr<Storage> inner, io::Executor& executor, const base::Clock& clock,
               LimitOptions options);
  ~LimitStorage() override;

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
  class Bucket;
  class LimitUpload;

  const std::unique_ptr<Storage> inner_;
  const std::unique_ptr<Bucket> upload_;
  const std::unique_ptr<Bucket> download_;
};

}  // namespace holdfast::storage
