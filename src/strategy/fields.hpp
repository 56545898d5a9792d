// Fields: reads the values of a checked map by their keys. Asking for a key that the table doesn't
// have ends the program: table and builder can't drift apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "node.hpp"
#include "shape.hpp"
#include "strategy/drill.hpp"
#include "strategy/location.hpp"
#include "strategy/plan.hpp"
#include "strategy/when.hpp"
#include "values.hpp"

namespace holdfast::strategy {

// Borrows both. Values that are missing (or were wrong and taken out) read as empty.
class Fields {
 public:
  Fields(const Node& node, const Record& record) : node_(node), record_(record) {}

  [[nodiscard]] const Node& node() const noexcept { return node_; }
  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  // Of the value, or of the map if there is none.
  [[nodiscard]] Position position(std::string_view key) const;

  [[nodiscard]] std::string text(std::string_view key) const;
  // The items of a list, or the one value that stands in its place.
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  [[nodiscard]] std::optional<bool> flag(std::string_view key) const;
  [[nodiscard]] std::optional<std::uint64_t> integer(std::string_view key) const;
  [[nodiscard]] std::optional<base::Duration> duration(std::string_view key) const;
  [[nodiscard]] std::optional<std::uint64_t> size(std::string_view key) const;
  [[nodiscard]] std::optional<double> percentage(std::string_view key) const;
  [[nodiscard]] std::optional<Percentage> rate(std::string_view key) const;
  [[nodiscard]] SecretReference secret(std::string_view key) const;
  [[nodiscard]] std::vector<Window> windows(std::string_view key) const;
  // The members of a map of names; none if it is missing.
  [[nodiscard]] const std::vector<Member>& named(std::string_view key) const;

 private:
  [[nodiscard]] const Node* scalar_at(std::string_view key) const;
  const Node& node_;
  const Record& record_;
};

}  // namespace holdfast::strategy
