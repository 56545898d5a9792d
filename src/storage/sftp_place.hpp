// SftpPlace: the directory on the server that an SftpStorage lives in, requests on it as plain
// calls, and what the server's answers mean for a repository.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "sftp_pool.hpp"
#include "storage/storage.hpp"

namespace holdfast::storage {

// Thread-safe.
class SftpPlace {
 public:
  SftpPlace(SftpUrl url, io::Executor& executor, SftpConnectionOptions options,
            std::size_t connections_max);

  [[nodiscard]] base::Result<SftpPool::Lease> lease() { return pool_.lease(); }
  [[nodiscard]] SftpPool& pool() { return pool_; }
  [[nodiscard]] const std::string& description() const { return description_; }
  // The server's path of an object or directory; of the root itself for "" and ".".
  [[nodiscard]] std::string path_of(std::string_view name) const;

  // What an answer other than the wished one means: not_found only after a look that the place is
  // still there, unavailable if it isn't.
  [[nodiscard]] base::Error failure(SftpConnection& connection, const SftpReply& reply,
                                    std::string_view doing, std::string_view name);
  // Absence is told from an outage by this directory below the root: tmp/, unless said otherwise.
  // To be called before others use the place.
  void recognize_by(std::string directory) { sign_ = std::move(directory); }
  // unavailable unless the root is there, by that sign.
  base::Result<void> verify(SftpConnection& connection);

  // Requests that wait for their answer. `name` is below the root.
  base::Result<std::string> open(SftpConnection& connection, std::string_view name, SftpOpen how);
  base::Result<SftpAttributes> stat(SftpConnection& connection, std::string_view name);
  void close(SftpConnection& connection, std::string_view handle);  // waits for nothing
  // Makes the directories above `name` and lets them survive a power cut.
  base::Result<void> make_parents(SftpConnection& connection, std::string_view name);
  base::Result<void> make_directory(SftpConnection& connection, std::string_view name);
  void forget_directories();
  // Lets additions to and removals from directories below the root survive a power cut, where the
  // server can (see sftp.hpp). A directory that isn't there is skipped.
  base::Result<void> sync_directories(SftpConnection& connection,
                                      const std::vector<std::string>& directories);
  // The same of the server's paths, which may lie outside of the root.
  base::Result<void> sync_paths(SftpConnection& connection, const std::vector<std::string>& paths);
  // Bytes free, or nothing if the server can't tell.
  base::Result<std::optional<std::uint64_t>> free_bytes(SftpConnection& connection);

 private:
  // The name below the root that path_of() makes this of; else empty.
  [[nodiscard]] std::string name_of(const std::string& path) const;
  base::Result<bool> has_no_sync(SftpConnection& connection, const SftpReply& reply,
                                 const std::string& path);

  SftpPool pool_;
  const std::string description_;
  std::string sign_;
  std::mutex mutex_;
  std::unordered_set<std::string> durable_;  // directories whose entry is known to be on disk
};

// Ok, or what else the answer was: for requests that are answered by a status.
[[nodiscard]] inline bool is_ok(const SftpReply& reply) {
  return reply.kind == SftpReply::Kind::status && reply.status == SftpStatus::ok;
}
[[nodiscard]] inline bool is_status(const SftpReply& reply, SftpStatus status) {
  return reply.kind == SftpReply::Kind::status && reply.status == status;
}

}  // namespace holdfast::storage
