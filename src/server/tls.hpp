// Tls: a server's certificate and key, and connections under them: TLS 1.2 and newer. OpenSSL stays
// behind tls.cpp.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "transport.hpp"

namespace holdfast::server {

class TlsContext {
 public:
  // PEM files. invalid_argument: no certificate, no key, or they don't belong together; also a key
  // with a passphrase. permission_denied: anybody can read the key.
  static base::Result<std::unique_ptr<TlsContext>> open(const std::string& certificate_file,
                                                        const std::string& key_file);
  ~TlsContext();

  // Borrows the descriptor. Nothing if OpenSSL is out of memory. Its calls may raise SIGPIPE: the
  // task that makes them blocks it.
  [[nodiscard]] std::unique_ptr<Transport> accept(int fd);

 private:
  struct State;
  explicit TlsContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::server
