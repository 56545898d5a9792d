// Planted mistakes: a storage decorator that makes the program above it behave as if one of its
// actions were left out or done wrong, so that the production code needs no switches. Each must be
// caught by the simulation.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/storage.hpp"

namespace holdfast::simulation {

enum class Mutant {
  none,
  first_page_only,        // a listing of many snapshots ends after its first page
  snapshot_before_index,  // segments are stored after the snapshot that needs them
  skipped_sync,           // packs are acknowledged before they are durable
  client_clock,           // the storage's clock is the client's
  torn_object,            // an upload that was cut short is acknowledged
  lost_successor,         // superseded segments go, their successor never came
  removes_a_neighbour,    // a batch delete takes one object too many
  swallowed_error,        // a driver reports success although a put failed
  early_acknowledgement,  // a snapshot is reported before it is durable
  yesterdays_list         // listings of snapshots are a day old
};
[[nodiscard]] std::string_view mutant_name(Mutant mutant);

enum class Role { backup, maintenance, reading };

// One process's view of a storage that it borrows. What it holds back is stored late, or lost when
// it is destroyed. Used as the simulation's executor allows: one task at a time.
class MutantStorage final : public storage::Storage {
 public:
  MutantStorage(storage::Storage& inner, const base::Clock& client_clock, Mutant mutant, Role role);
  ~MutantStorage() override;

  // The process ends in good order: what was held back is stored now. Without it, it is lost.
  void flush();

  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] storage::Capabilities capabilities() const override;
  base::Result<std::unique_ptr<storage::Upload>> begin_put() override;
  base::Result<void> read(std::string_view name, storage::Range range,
                          base::MutableByteView out) override;
  base::Result<base::Bytes> get(std::string_view name, std::uint64_t size_max,
                                std::string_view version = {}) override;
  base::Result<storage::ObjectInfo> stat(std::string_view name) override;
  base::Result<storage::ListPage> list(const storage::ListOptions& options) override;
  base::Result<storage::ListPage> list_versions(const storage::ListOptions& options) override;
  base::Result<std::vector<storage::RemoveOutcome>> remove(
      std::span<const std::string> names) override;
  base::Result<void> retain(std::string_view name, base::Time until) override;
  base::Result<std::optional<std::uint64_t>> free_bytes() override;

 private:
  class MutantUpload;
  struct Held {
    std::string name;
    base::Bytes content;
  };
  base::Result<storage::ObjectInfo> commit(std::string_view name, base::Bytes content,
                                           const storage::PutOptions& options);
  base::Result<storage::ObjectInfo> hold(std::string_view name, base::Bytes content);

  storage::Storage& inner_;
  const base::Clock& client_clock_;
  const Mutant mutant_;
  const Role role_;
  std::vector<Held> held_;
  std::uint64_t commits_ = 0;
};

}  // namespace holdfast::simulation
