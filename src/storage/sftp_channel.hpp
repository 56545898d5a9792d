// SftpChannel: one ssh connection with the server's sftp subsystem at its other end, as a stream of
// bytes that is read and written without blocking. On libssh, which does the key exchange, the keys
// and the agent.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "storage/url.hpp"

namespace holdfast::storage {

// Used by one task at a time.
class SftpChannel {
 public:
  // Connects, checks the server's key against the known hosts, logs in and starts the subsystem,
  // all within about `timeout` each. unavailable: nobody answers. permission_denied: the server's
  // key is unknown or has changed (the message holds its fingerprint, the hint the command that
  // trusts it), or none of the user's keys is accepted. unsupported: no sftp subsystem.
  static base::Result<std::unique_ptr<SftpChannel>> open(const SftpUrl& url,
                                                         base::Duration timeout);
  ~SftpChannel();

  // How many bytes went; 0: none can at the moment. unavailable when the connection is gone.
  base::Result<std::size_t> write_some(base::ByteView data);
  // How many bytes came; 0: none are there at the moment. unavailable when the connection is gone.
  base::Result<std::size_t> read_some(base::MutableByteView out);

  // For poll(2): the socket, and whether bytes wait to leave for it.
  [[nodiscard]] int descriptor() const;
  [[nodiscard]] bool wants_to_write() const;

 private:
  struct State;
  explicit SftpChannel(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// "sftp://user@host:2222/srv/backup": the place, for messages.
[[nodiscard]] std::string describe_sftp_place(const SftpUrl& url);

}  // namespace holdfast::storage
