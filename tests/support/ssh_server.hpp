// OpenSSH's server for tests: a process of its own on the loopback, with its own port, host key,
// user key and known hosts, ended with the test together with the sessions it serves.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "io/executor.hpp"
#include "storage/url.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::storage {

class SshServer {
 public:
  // `settings` are further lines of its sshd_config.
  explicit SshServer(std::string settings = {});
  ~SshServer();

  // Ends the listener and all sessions; start() brings it back at the same port.
  void stop();
  void start();
  // Ends the sessions only, as a reboot of a router does.
  void drop_sessions();

  // A directory of the server that nobody used yet (it does not exist), and its URL.
  [[nodiscard]] std::string fresh_directory();
  [[nodiscard]] SftpUrl url(const std::string& directory) const;
  // Makes a key of this type ("ed25519", "rsa") that the server accepts; the private key's file.
  std::string make_user_key(const std::string& type, const std::string& passphrase = {});
  // From the next start on the server has another host key.
  void change_host_key();
  [[nodiscard]] const std::string& directory() const { return directory_.path(); }
  [[nodiscard]] int port() const { return port_; }

 private:
  void make_host_key();
  [[nodiscard]] std::string path(const std::string& name) const;

  TemporaryDirectory directory_;
  io::ThreadExecutor executor_;
  const std::string settings_;
  int port_ = 0;
  pid_t pid_ = -1;
  int directories_ = 0;
  int keys_ = 0;
};

// Settings of a server that answers some requests of SFTP with faults, as `rules` say, and writes
// all requests to `log`: tests/support/sftp_filter.py.
std::string faulty_sftp(const std::string& log, const std::vector<std::string>& rules);
// The setting that puts plain_sftp_server.py in the place of OpenSSH's: no extensions.
std::string plain_sftp_setting();

// One for the whole test binary.
SshServer& shared_ssh_server();

// Runs a program of the tests' own and waits for it; its exit status.
int run_program(const std::vector<std::string>& words);

}  // namespace holdfast::storage
