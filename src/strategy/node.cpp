// Finding and removing members of a map.
#include "node.hpp"

#include <algorithm>

namespace holdfast::strategy {

const Node* Node::find(std::string_view key) const {
  for (const auto& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Node* Node::find(std::string_view key) {
  for (auto& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

void Node::erase(std::string_view key) {
  std::erase_if(members, [&](const Member& member) { return member.key == key; });
}

bool Node::is_faulty(std::string_view key) const {
  return std::find(faulty.begin(), faulty.end(), key) != faulty.end();
}

}  // namespace holdfast::strategy
