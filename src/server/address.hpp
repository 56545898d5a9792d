// Address: where a server listens, as text and as the system takes it.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace holdfast::server {

struct Address {
  enum class Kind { tcp, unix_socket } kind = Kind::tcp;
  std::string host;  // an IP address in its usual form, without brackets
  std::uint16_t port = 0;
  std::string path;  // of a Unix socket; absolute

  [[nodiscard]] bool is_loopback() const;
  // As it is written: "127.0.0.1:80", "[::1]:80", "unix:/path".
  [[nodiscard]] std::string text() const;
};

// invalid_argument, with what would be right.
base::Result<Address> parse_address(std::string_view text);

// For bind and connect.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  [[nodiscard]] int family() const noexcept { return storage.ss_family; }
};
[[nodiscard]] SocketAddress socket_address(const Address& address);

}  // namespace holdfast::server
