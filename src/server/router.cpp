// Segment by segment; there are few routes.
#include "router.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace holdfast::server {

namespace {

bool is_parameter(const std::string& segment) { return segment.starts_with(':'); }

std::vector<std::string> split(std::string_view path) {
  CHECK(path.starts_with('/'), "a route begins with a slash");
  std::vector<std::string> segments;
  for (path.remove_prefix(1); !path.empty();) {
    const auto end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

bool leads_to(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  return std::equal(pattern.begin(), pattern.end(), segments.begin(), segments.end(),
                    [](const auto& wanted, const auto& given) {
                      return is_parameter(wanted) ? !given.empty() : wanted == given;
                    });
}

std::size_t exact_segments(const std::vector<std::string>& pattern) {
  return static_cast<std::size_t>(std::count_if(pattern.begin(), pattern.end(),
                                                [](const auto& s) { return !is_parameter(s); }));
}

bool takes(const Route& route, std::string_view method) {
  return route.method == method || (method == "HEAD" && route.method == "GET");
}

void add_method(std::string& allowed, const std::string& method) {
  if (!allowed.empty()) allowed += ", ";
  allowed += method == "GET" ? "GET, HEAD" : method;
}

}  // namespace

Router::Router(std::vector<Route> routes) {
  for (auto& route : routes) {
    auto segments = split(route.path);
    for (const auto& entry : entries_) {
      CHECK(entry.route.method != route.method || entry.segments != segments, route.path);
    }
    entries_.push_back({std::move(route), std::move(segments)});
  }
}

Router::Found Router::find(std::string_view method,
                           const std::vector<std::string>& segments) const {
  Found found;
  const Entry* best = nullptr;
  for (const auto& entry : entries_) {
    if (!leads_to(entry.segments, segments)) continue;
    add_method(found.allowed, entry.route.method);
    if (!takes(entry.route, method)) continue;
    if (best == nullptr || exact_segments(entry.segments) > exact_segments(best->segments)) {
      best = &entry;
    }
  }
  if (best == nullptr) return found;
  found.route = &best->route;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& name = best->segments[i];
    if (is_parameter(name)) found.parameters.emplace(name.substr(1), segments[i]);
  }
  return found;
}

}  // namespace holdfast::server
