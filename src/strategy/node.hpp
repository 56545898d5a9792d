// Node: YAML as it was written, with the place of every key and value. Unlike a YAML library's own
// tree it knows keys that stand twice and whether a scalar was quoted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "strategy/diagnostic.hpp"

namespace holdfast::strategy {

struct Member;

struct Node {
  enum class Kind { null, scalar, list, map };
  enum class Quoting { plain, quoted };

  Kind kind = Kind::null;
  Quoting quoting = Quoting::plain;
  Position position;
  std::string text;                 // of a scalar
  std::vector<Node> items;          // of a list
  std::vector<Member> members;      // of a map, in the order of the file, each key once
  std::vector<std::string> faulty;  // keys whose values were wrong and have been taken out

  [[nodiscard]] bool is_null() const noexcept { return kind == Kind::null; }
  [[nodiscard]] bool is_scalar() const noexcept { return kind == Kind::scalar; }
  [[nodiscard]] bool is_list() const noexcept { return kind == Kind::list; }
  [[nodiscard]] bool is_map() const noexcept { return kind == Kind::map; }

  // Nothing if this is no map or has no such key. Borrowed.
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Node* find(std::string_view key);
  void erase(std::string_view key);
  [[nodiscard]] bool is_faulty(std::string_view key) const;
};

struct Member {
  std::string key;
  Position position;
  Node value;
};

// Parses one YAML document. Faults of syntax, keys that stand twice and limits (size, depth) go to
// `diagnostics`; the tree holds what could be understood. Never throws.
[[nodiscard]] Node parse_yaml(std::string_view text, std::uint32_t file, Diagnostics& diagnostics);

}  // namespace holdfast::strategy
