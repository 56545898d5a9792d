// Service: what a daemon answers, over HTTP and over its Unix socket: how it stands, what it did,
// what to do next (docs/api.md), and its metrics (docs/metrics.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "daemon/daemon.hpp"

namespace holdfast::daemon {

struct ServiceOptions {
  std::string socket;  // path of the Unix socket
  // As server::ServerOptions has them; an empty `listen`: the socket only.
  std::string listen;
  base::SecretBytes token = {};
  std::string certificate_file = {};
  std::string key_file = {};
  std::vector<std::string> host_names = {};
  std::string version;
};

class Service {
 public:
  // Answers when it returns. Borrows both.
  static base::Result<std::unique_ptr<Service>> start(Daemon& daemon, ServiceOptions options,
                                                      io::Executor& executor);
  ~Service();
  // Of HTTP, with the port that it got; empty if it doesn't listen there.
  [[nodiscard]] std::string address() const;

 private:
  struct Parts;
  explicit Service(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast::daemon
