// SftpStorage: objects as files below one directory of a server that runs OpenSSH's SFTP server.
// The layout is LocalStorage's: what is written here can be opened there as a directory, and the
// other way round, at the same time.
//
// Put-if-absent: bytes go to tmp/<random>, are synced (fsync@openssh.com), and get their name by a
// hard link (hardlink@openssh.com), which fails if the name is taken; the temporary name is
// removed. Servers that lack the extension get SSH_FXP_RENAME, which OpenSSH itself does by link
// and unlink.
//
// Durability: a file is on the server's disk before it gets its name. The name is made durable by
// fsync@openssh.com of the directory, opened as if it were a file: Linux and the BSDs allow that,
// and where a server refuses to open it, or has no fsync@openssh.com, it is as durable as the
// server's file system makes it by itself.
//
// Storage time is the file's mtime by the server's clock, in whole seconds (the protocol has no
// more), stamped after the sync and before the link. It is one clock, and listings show what the
// server's file system shows: so the storage calls itself consistent.
//
// Absence is answered only after a look that the directory is still there; a lost connection is
// `unavailable`, and the next call makes a new one. An upload goes on over a new connection.
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>

#include "io/executor.hpp"
#include "storage/storage.hpp"
#include "storage/url.hpp"

namespace holdfast::storage {

struct SftpOptions {
  std::size_t connections_max = 4;
  base::Duration open_timeout = base::seconds(20);    // of each step of connecting
  base::Duration answer_timeout = base::seconds(60);  // silence while answers are due
  std::stop_token stop;  // then a silence of a second ends a call, with `cancelled`
};

// Thread-safe; any number of processes may use one directory. Uploads must not outlive the storage.
// Borrows the executor.
class SftpStorage final : public Storage {
 public:
  // Makes the directory with its parents and prepares it. already_exists if there is anything in it
  // (a new disk's lost+found, and what an interrupted create left, do not count).
  // permission_denied: the server's key isn't known or has changed, or the login failed.
  static base::Result<std::unique_ptr<SftpStorage>> create(const SftpUrl& url,
                                                           io::Executor& executor,
                                                           SftpOptions options = {});
  // not_found if the directory is missing or has no directories in it: an unmounted disk, whatever
  // note lies at its mount point, must not look like an empty repository. Opening writes nothing.
  static base::Result<std::unique_ptr<SftpStorage>> open(const SftpUrl& url, io::Executor& executor,
                                                         SftpOptions options = {});
  ~SftpStorage() override;

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
  // Nothing if the server lacks statvfs@openssh.com.
  base::Result<std::optional<std::uint64_t>> free_bytes() override;

  // Removes what killed processes left in tmp/, if it was not written to for `older_than`.
  // begin_put does this now and then with one day. Returns how many files went.
  base::Result<std::size_t> remove_stale_uploads(base::Duration older_than = base::days(1));
  // Cuts all connections, as a network may at any moment. For tests.
  void break_off();

 private:
  struct State;
  explicit SftpStorage(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace holdfast::storage
