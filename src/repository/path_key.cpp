// Keys of files: components joined by zero bytes. What comes out of a repository is never trusted
// to be a harmless name.
#include "repository/path_key.hpp"

#include <algorithm>

namespace holdfast::repository {

using base::Byte;
using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorCode;
using base::Result;

namespace {

Error refused(std::string_view path, const char* why) {
  return Error(ErrorCode::invalid_argument, "'" + base::printable(path) + "' " + why)
      .with_hint("give an absolute path without '..'");
}

}  // namespace

Result<Bytes> key_of_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return refused(path, "is not an absolute path");
  if (path.find('\0') != std::string_view::npos) return refused(path, "holds a zero byte");
  Bytes key;
  key.reserve(path.size());
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto component = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (component.empty() || component == ".") continue;
    if (component == "..") return refused(component, "in a path would leave the tree");
    if (!key.empty()) key.push_back(0);
    const auto bytes = base::as_bytes(component);
    key.insert(key.end(), bytes.begin(), bytes.end());
  }
  return key;
}

Result<std::string> path_of_key(ByteView key) {
  if (key.empty()) return std::string("/");
  std::string path;
  path.reserve(key.size() + 1);
  auto rest = base::as_text(key);
  while (true) {
    const auto end = std::min(rest.find('\0'), rest.size());
    const auto component = rest.substr(0, end);
    if (component.empty() || component == "." || component == ".." ||
        component.find('/') != std::string_view::npos) {
      return Error(ErrorCode::damaged, "'" + base::printable(component) +
                                           "' in a snapshot's tree is no name of a file");
    }
    path += '/';
    path += component;
    if (end == rest.size()) return path;
    rest.remove_prefix(end + 1);
  }
}

bool is_within(ByteView key, ByteView ancestor) {
  if (ancestor.empty()) return true;
  if (key.size() < ancestor.size()) return false;
  if (!std::equal(ancestor.begin(), ancestor.end(), key.begin())) return false;
  return key.size() == ancestor.size() || key[ancestor.size()] == 0;
}

Bytes end_of_subtree(ByteView key) {
  Bytes end(key.begin(), key.end());
  if (!end.empty()) end.push_back(1);
  return end;
}

}  // namespace holdfast::repository
