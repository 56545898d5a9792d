// Taking an URL apart.
#include "address.hpp"

#include "values.hpp"

namespace holdfast::strategy {

std::string Address::parameter(std::string_view name) const {
  for (const auto part : split(query, '&')) {
    const auto equals = part.find('=');
    if (equals != std::string_view::npos && part.substr(0, equals) == name) {
      return std::string(part.substr(equals + 1));
    }
  }
  return {};
}

Address parse_address(std::string_view url) {
  Address address;
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) {
    address.path = std::string(url);
    return address;
  }
  address.scheme = lower(url.substr(0, scheme));
  auto rest = url.substr(scheme + 3);
  if (const auto question = rest.find('?'); question != std::string_view::npos) {
    address.query = std::string(rest.substr(question + 1));
    rest = rest.substr(0, question);
  }
  auto authority = rest;
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    authority = rest.substr(0, slash);
    address.path = std::string(rest.substr(slash + 1));
  }
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    const auto user = authority.substr(0, at);
    const auto colon = user.find(':');
    address.user = std::string(user.substr(0, colon));
    address.has_password = colon != std::string_view::npos;
    authority.remove_prefix(at + 1);
  }
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  address.host = std::string(authority.substr(0, has_port ? colon : authority.size()));
  if (has_port) address.port = std::string(authority.substr(colon + 1));
  return address;
}

bool is_local(const Address& address) {
  const auto& host = address.host;
  return host.empty() || host == "localhost" || host.starts_with("127.") || host == "[::1]";
}

}  // namespace holdfast::strategy
