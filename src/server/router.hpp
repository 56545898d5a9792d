// Router: which route a path leads to.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/http_server.hpp"

namespace holdfast::server {

class Router {
 public:
  // Two routes that one request could mean are a programmer's mistake.
  explicit Router(std::vector<Route> routes);

  struct Found {
    const Route* route = nullptr;  // nothing: see allowed
    std::map<std::string, std::string> parameters;
    std::string allowed;  // methods that the path has, "GET, HEAD"; empty: there is no such path
  };
  // An exact segment goes before a parameter. Borrows from this.
  [[nodiscard]] Found find(std::string_view method, const std::vector<std::string>& segments) const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
  };
  std::vector<Entry> entries_;
};

}  // namespace holdfast::server
