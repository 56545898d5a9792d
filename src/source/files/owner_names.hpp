// Names of users and groups for numbers, and numbers for names, as the machine's databases have
// them; remembered, since a tree has few owners and many files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace holdfast::source {

// Used by one task.
class OwnerNames {
 public:
  // Empty if the number has no name. The reference is valid until the next call.
  const std::string& user_name(std::uint32_t uid);
  const std::string& group_name(std::uint32_t gid);
  // Nothing if the name has no number here.
  std::optional<std::uint32_t> user_number(const std::string& name);
  std::optional<std::uint32_t> group_number(const std::string& name);

 private:
  std::unordered_map<std::uint32_t, std::string> users_;
  std::unordered_map<std::uint32_t, std::string> groups_;
  std::unordered_map<std::string, std::optional<std::uint32_t>> user_numbers_;
  std::unordered_map<std::string, std::optional<std::uint32_t>> group_numbers_;
};

}  // namespace holdfast::source
