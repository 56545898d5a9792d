// LocalStorage: objects as files below one directory of a file system: a disk, a USB stick, NFS. An
// object's name is its path below that root. Directories are made on demand with mode 0700, files
// with 0600.
//
// Put-if-absent: bytes go to tmp/<random>, are synced, and are renamed into place without replacing
// anything; the directory is synced before commit returns. Storage time is the file's mtime,
// stamped by the file system at commit. The root is held open from open() on: when another file
// system appears at its path, or it goes away, answers become `unavailable`, never `not_found`.
// Names below tmp/ are the storage's own and never shown.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "storage/storage.hpp"

namespace holdfast::storage {

// Thread-safe; any number of processes may use one directory. Uploads must not outlive the storage.
class LocalStorage final : public Storage {
 public:
  // Makes `path` with its parents and prepares it. already_exists if there is anything in it (a new
  // disk's lost+found, and what an interrupted create left, do not count).
  static base::Result<std::unique_ptr<LocalStorage>> create(const std::string& path);
  // not_found if `path` is missing or empty: an unmounted disk must not look like an empty
  // repository.
  static base::Result<std::unique_ptr<LocalStorage>> open(const std::string& path);
  ~LocalStorage() override;

  [[nodiscard]] std::string describe() const override;
  [[nodiscard]] Capabilities capabilities() const override;
  base::Result<std::unique_ptr<Upload>> begin_put() override;
  base::Result<void> read(std::string_view name, Range range, base::MutableByteView out) override;
  base::Result<base::Bytes> get(std::string_view name, std::uint64_t size_max,
                                std::string_view version = {}) override;
  base::Result<ObjectInfo> stat(std::string_view name) override;
  base::Result<ListPage> list(const ListOptions& options) override;
  base::Result<ListPage> list_versions(const ListOptions& options) override;
  // Durable when it returns, so that a later removal cannot survive a power cut that undoes an
  // earlier one.
  base::Result<std::vector<RemoveOutcome>> remove(std::span<const std::string> names) override;
  base::Result<void> retain(std::string_view name, base::Time until) override;
  base::Result<std::optional<std::uint64_t>> free_bytes() override;

  // Removes what killed processes left in tmp/, if it was not written to for `older_than` and
  // nobody holds it open for upload. begin_put does this now and then with one day. Returns how
  // many files went.
  base::Result<std::size_t> remove_stale_uploads(base::Duration older_than = base::days(1));

 private:
  struct State;
  explicit LocalStorage(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace holdfast::storage
