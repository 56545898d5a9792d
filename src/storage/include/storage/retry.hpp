// RetryStorage: tries again what an outage interrupted, with growing, jittered pauses, until
// attempts or time run out. Only errors that say so (Retry::may_help) are tried again; the last one
// is handed on with the number of attempts.
//
// A commit whose outcome is unknown (the answer got lost) is tried again as well. If it then meets
// the name taken, the object there is compared with what was sent: by content up to
// content_kept_max, by size beyond, where names carry the hash. The same means that the first
// attempt had worked.
//
// What a driver must promise: an append that fails with may_help took nothing, and a commit that
// fails with may_help may be called again on the same upload.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/random.hpp"
#include "io/executor.hpp"
#include "storage/storage.hpp"

namespace holdfast::storage {

struct RetryOptions {
  unsigned attempts_max = 12;  // the first one included
  base::Duration delay_first = base::milliseconds(200);
  base::Duration delay_max = base::seconds(20);
  // Of one call; no attempt starts later. An attempt counts for delay_max at most: how long it was
  // under way tells of the line (a large upload over a slow one), not of the outage.
  base::Duration total_max = base::minutes(2);
  std::stop_token stop;  // ends a pause; the call then fails with `cancelled`
};

// Thread-safe. Borrows all but the inner storage. Uploads must not outlive it.
class RetryStorage final : public Storage {
 public:
  RetryStorage(std::unique_ptr<Storage> inner, io::Executor& executor, const base::Clock& clock,
               base::Random& random, RetryOptions options = {});
  ~RetryStorage() override;

  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] Capabilities capabilities() const override;
  base::Result<std::unique_ptr<Upload>> begin_put() override;
  base::Result<void> read(std::string_view name, Range range, base::MutableByteView out) override;
  base::Result<base::Bytes> get(std::string_view name, std::uint64_t size_max,
                                std::string_view version = {}) override;
  base::Result<ObjectInfo> stat(std::string_view name) override;
  base::Result<ListPage> list(const ListOptions& options) override;
  base::Result<ListPage> list_versions(const ListOptions& options) override;
  // Names whose own outcome may change are tried again, too.
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
  template <typename Item, typename Call>
  base::Result<std::vector<RemoveOutcome>> remove_all(std::span<const Item> items,
                                                      const Call& call);
  class Attempts;
  class RetryUpload;

  const std::unique_ptr<Storage> inner_;
  const std::unique_ptr<Attempts> attempts_;
};

}  // namespace holdfast::storage
