// Reading addresses. Names are not looked up: where a server listens must not depend on somebody
// else's answer.
#include "address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>

#include "base/bytes.hpp"

namespace holdfast::server {

using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::string_view unix_prefix = "unix:";

Error no_address(std::string_view text, std::string_view why) {
  return Error(ErrorCode::invalid_argument,
               fmt::format("'{}' is no address: {}", base::printable(text), why))
      .with_hint("write 127.0.0.1:9840, [::1]:9840 or unix:/run/holdfast/socket");
}

// The address in its usual form; empty if it is none.
std::string canonical(int family, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_pton(family, host.c_str(), bytes.data()) != 1) return {};
  if (::inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) return {};
  return text.data();
}

Result<Address> parse_unix(std::string_view text, std::string_view path) {
  if (!path.starts_with('/')) return no_address(text, "a socket's path begins with /");
  if (path.ends_with('/')) return no_address(text, "a socket is no folder");
  if (path.size() >= sizeof(sockaddr_un{}.sun_path) || path.find('\0') != std::string_view::npos) {
    return no_address(text, fmt::format("a socket's path has at most {} bytes",
                                        sizeof(sockaddr_un{}.sun_path) - 1));
  }
  Address made;
  made.kind = Address::Kind::unix_socket;
  made.path = path;
  return made;
}

}  // namespace

bool Address::is_loopback() const {
  if (kind == Kind::unix_socket) return true;
  return host == "::1" || host.starts_with("127.") || host.starts_with("::ffff:127.");
}

std::string Address::text() const {
  if (kind == Kind::unix_socket) return std::string(unix_prefix) + path;
  const bool is_four = host.find(':') == std::string::npos;
  return is_four ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

Result<Address> parse_address(std::string_view text) {
  if (text.starts_with(unix_prefix)) return parse_unix(text, text.substr(unix_prefix.size()));
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return no_address(text, "a port is missing");
  std::string host(text.substr(0, colon));
  const auto port = text.substr(colon + 1);
  Address made;
  const auto read = std::from_chars(port.data(), port.data() + port.size(), made.port);
  if (port.empty() || read.ec != std::errc() || read.ptr != port.data() + port.size()) {
    return no_address(text, "a port is a number up to 65535");
  }
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    made.host = canonical(AF_INET6, host.substr(1, host.size() - 2));
  } else {
    made.host = canonical(AF_INET, host);
  }
  if (made.host.empty()) {
    return no_address(text, "the host is no IP address (IPv6 stands in brackets)");
  }
  return made;
}

SocketAddress socket_address(const Address& address) {
  SocketAddress made;
  if (address.kind == Address::Kind::unix_socket) {
    sockaddr_un named{};
    named.sun_family = AF_UNIX;
    std::memcpy(named.sun_path, address.path.data(), address.path.size());
    std::memcpy(&made.storage, &named, sizeof named);
    made.size = sizeof named;
  } else if (address.host.find(':') != std::string::npos) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(address.port);
    ::inet_pton(AF_INET6, address.host.c_str(), &six.sin6_addr);
    std::memcpy(&made.storage, &six, sizeof six);
    made.size = sizeof six;
  } else {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(address.port);
    ::inet_pton(AF_INET, address.host.c_str(), &four.sin_addr);
    std::memcpy(&made.storage, &four, sizeof four);
    made.size = sizeof four;
  }
  return made;
}

}  // namespace holdfast::server
