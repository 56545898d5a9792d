// Address: the facts that an URL states, so that none is stated twice.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::strategy {

// What is missing is empty. Passwords aren't taken out.
struct Address {
  std::string scheme;
  std::string user;
  std::string host;
  std::string port;
  std::string path;   // without its leading slash
  std::string query;  // after ?
  bool has_password = false;

  // The value of a parameter of the query; empty if there is none.
  [[nodiscard]] std::string parameter(std::string_view name) const;
};

// Never fails: what it doesn't understand is empty.
[[nodiscard]] Address parse_address(std::string_view url);

// Whether an address leads to this machine only: a socket, loopback, a path.
[[nodiscard]] bool is_local(const Address& address);

}  // namespace holdfast::strategy
