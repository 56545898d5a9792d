// Merging of trees.
#include "overlay.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::strategy {

namespace {

// `encryption: warn` stands for `encryption: { demand: warn }`.
Node as_demand(const Node& word) {
  Node node;
  node.kind = Node::Kind::map;
  node.position = word.position;
  node.members.push_back({"demand", word.position, word});
  return node;
}

const Shape* mapping_of(const Shape& shape) {
  if (shape.form == Form::map || shape.form == Form::record) return &shape;
  for (const auto& part : shape.parts) {
    if (shape.form == Form::any_of && (part.form == Form::map || part.form == Form::record)) {
      return &part;
    }
  }
  return nullptr;
}

void set(Node& base, const Member& member) {
  if (auto* found = base.find(member.key)) {
    *found = member.value;
  } else {
    base.members.push_back(member);
  }
}

void lay_record(Node& base, const Node& over, const Record& record) {
  for (const auto& member : over.members) {
    const auto* key = record.find(member.key);
    if (key == nullptr) continue;
    for (const auto& group : record.groups) {
      if (std::find(group.keys.begin(), group.keys.end(), member.key) == group.keys.end()) continue;
      for (const auto& other : group.keys) {
        if (other != member.key && over.find(other) == nullptr) base.erase(other);
      }
    }
    auto* below = base.find(member.key);
    if (below != nullptr && key->overlay == Overlay::merge) {
      lay_over(*below, member.value, key->shape);
    } else {
      set(base, member);
    }
  }
}

}  // namespace

void lay_over(Node& base, const Node& over, const Shape& shape) {
  const auto* mapping = mapping_of(shape);
  const bool demands = mapping != nullptr && mapping->form == Form::record &&
                       mapping->record().find("demand") != nullptr && shape.form == Form::any_of;
  if (demands && base.is_map() && over.is_scalar()) {
    return lay_over(base, as_demand(over), shape);
  }
  if (demands && base.is_scalar() && over.is_map()) base = as_demand(base);
  if (mapping == nullptr || !base.is_map() || !over.is_map()) {
    base = over;
    return;
  }
  if (mapping->form == Form::record) return lay_record(base, over, mapping->record());
  for (const auto& member : over.members) {
    if (auto* below = base.find(member.key)) {
      lay_over(*below, member.value, mapping->parts.front());
    } else {
      base.members.push_back(member);
    }
  }
}

void unite(Node& base, Node other, const std::vector<std::string>& files,
           Diagnostics& diagnostics) {
  if (base.is_null()) {
    base = std::move(other);
    return;
  }
  if (other.is_null()) return;
  for (auto& member : other.members) {
    auto* found = base.find(member.key);
    if (found == nullptr) {
      base.members.push_back(std::move(member));
    } else if (found->is_map() && member.value.is_map()) {
      unite(*found, std::move(member.value), files, diagnostics);
    } else {
      const auto& at = found->position;
      diagnostics.error(
          member.position,
          fmt::format("'{}' stands in {} too, line {}", member.key,
                      at.file < files.size() ? files[at.file] : "another file", at.line),
          "a fact is written once; remove one of the two", member.key);
    }
  }
}

}  // namespace holdfast::strategy
