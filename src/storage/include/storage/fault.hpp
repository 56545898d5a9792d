// FaultStorage: a storage that goes wrong on purpose, from a seed: outages before and after the
// effect, full disks, torn objects, flipped bits, stale listings, the crash of its client. For the
// simulation and for tests of everything above. With the same seed and the same calls in the same
// order, the same faults come.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/random.hpp"
#include "storage/storage.hpp"

namespace holdfast::storage {

enum class FaultOperation {
  begin_put,
  append,
  commit,
  read,
  get,
  stat,
  list,
  list_versions,
  remove,
  retain,
  free_bytes
};
[[nodiscard]] std::string_view fault_operation_name(FaultOperation operation) noexcept;

struct FaultCall {
  std::uint64_t number = 0;  // of this storage, from 1
  FaultOperation operation = FaultOperation::stat;
  std::string name;  // the object, the prefix of a listing, the first of a batch
  std::optional<base::ErrorCode> error;  // how it ended; only in after_call
};

// Probabilities are per call (stale_list, remove_partial: per object), 0 to 1.
struct FaultOptions {
  double unavailable_before = 0;  // fails, nothing happened
  double unavailable_after =
      0;  // fails, and it happened; an append keeps the promise of having taken nothing
  double no_space = 0;  // of begin_put, append, commit
  double torn_commit =
      0;  // of an upload: only its beginning appears under its name, and the client crashes
  double bit_flip = 0;        // of a read or get that succeeds: one bit is wrong
  double remove_partial = 0;  // a name of a batch is left, with an error of its own
  double stale_list = 0;  // an object stored or removed within `staleness` isn't shown, or still is
  base::Duration staleness;
  // This call crashes the client, before or after its effect; every later call fails. Counted
  // from 1.
  std::optional<std::uint64_t> crash_at_call;
  // Called around every call, without locks held: where a simulation schedules and traces.
  std::function<void(const FaultCall&)> before_call;
  std::function<void(const FaultCall&)> after_call;
};

// What was removed lately, so that stale listings can show it. Shared by the FaultStorages of all
// clients of one storage. Thread-safe.
class RecentlyRemoved {
 public:
  // Forgets what was removed longer than `staleness` ago.
  void record(ObjectInfo info, base::Time removed_at, base::Duration staleness);
  // Removed after `since`; names with the prefix, greater than `after`.
  [[nodiscard]] std::vector<ObjectInfo> find(const std::string& prefix, const std::string& after,
                                             base::Time since) const;

 private:
  struct Removed {
    ObjectInfo info;
    base::Time at;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Removed> removed_;
};

// One client's view of a storage that it borrows: what is stored outlives the client that crashes.
// `clock` is the storage's. Thread-safe. Uploads must not outlive it.
class FaultStorage final : public Storage {
 public:
  FaultStorage(Storage& inner, const base::Clock& clock, std::uint64_t seed, FaultOptions options,
               std::shared_ptr<RecentlyRemoved> removed = std::make_shared<RecentlyRemoved>());
  ~FaultStorage() override;

  // From the next call on.
  void set_options(FaultOptions options);
  // As crash_at_call does, now.
  void crash();
  [[nodiscard]] bool crashed() const;
  [[nodiscard]] std::uint64_t calls() const;
  // How many faults were injected so far.
  [[nodiscard]] std::uint64_t faults() const;

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
  base::Result<std::optional<std::uint64_t>> free_bytes() override;

 private:
  class FaultUpload;
  enum class Fault { none, fail_before, fail_after, no_space, crash_before, crash_after, dead };
  struct Decision {
    Fault fault = Fault::none;
    FaultCall call;
    std::shared_ptr<const FaultOptions>
        options;  // those of this call, whatever set_options does meanwhile
  };

  Decision decide(FaultOperation operation, std::string_view name);
  void finish(Decision& decision, std::optional<base::ErrorCode> error);
  [[nodiscard]] base::Error error_of(const Decision& decision) const;
  template <typename Call>
  auto inject(FaultOperation operation, std::string_view name, Call call);

  // Draws from the seed.
  bool chance(double probability);
  std::uint64_t below(std::uint64_t bound);
  void flip_a_bit(base::MutableByteView bytes, const FaultOptions& options);
  base::Result<ListPage> stale_page(const ListOptions& options, const FaultOptions& faults);
  void hide_recent(std::vector<ObjectInfo>& objects, const FaultOptions& faults);
  base::Result<std::vector<RemoveOutcome>> remove_some(std::span<const std::string> names,
                                                       const FaultOptions& faults);

  Storage& inner_;
  const base::Clock& clock_;
  const std::shared_ptr<RecentlyRemoved> removed_;  // shared with the storage's other clients
  mutable std::mutex mutex_;
  base::SeededRandom random_;
  std::shared_ptr<const FaultOptions> options_;  // shared with the calls under way
  std::uint64_t calls_ = 0;
  std::uint64_t faults_ = 0;
  bool crashed_ = false;
};

}  // namespace holdfast::storage
